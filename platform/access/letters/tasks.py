"""Letters, as the clock sends them."""

from celery import shared_task

from access.letters import actions


@shared_task
def send_letters() -> None:
    actions.send_due()


SCHEDULE = {"send letters": {"task": "access.letters.tasks.send_letters", "schedule": 2.0}}
