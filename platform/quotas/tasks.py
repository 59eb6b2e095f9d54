"""What the clock has the ledger do. Both may run at any time, twice, or late: the verbs see to it."""

from celery import shared_task

from quotas import actions


@shared_task
def expire() -> None:
    actions.expire()


@shared_task
def grant_recurring() -> None:
    actions.grant_recurring()


SCHEDULE = {
    "let credits lapse": {"task": "quotas.tasks.expire", "schedule": 60.0},
    "give monthly credits": {"task": "quotas.tasks.grant_recurring", "schedule": 900.0},
}
