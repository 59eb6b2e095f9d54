"""What the clock does with applications."""

from celery import shared_task

from access.applications import actions
from audit.actions import Actor


@shared_task
def forget_old() -> None:
    actions.forget_old(actor=Actor.house("clock"))


SCHEDULE = {"forget old applications": {"task": "access.applications.tasks.forget_old", "schedule": 3600.0}}
