"""Guardrails, as the clock looks at them."""

from celery import shared_task
from celery.schedules import crontab
from django.conf import settings

from access.guardrails import actions


@shared_task
def watch_rollouts() -> None:
    actions.watch()


@shared_task
def thin_out_readings() -> None:
    actions.prune()


SCHEDULE = {
    "watch the rollouts": {"task": "access.guardrails.tasks.watch_rollouts", "schedule": settings.ROLLOUT_WATCH},
    "thin out readings": {"task": "access.guardrails.tasks.thin_out_readings", "schedule": crontab(minute=17, hour=4)},
}
