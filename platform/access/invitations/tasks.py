"""Invitations, as the clock tends them."""

from celery import shared_task

from access.invitations import actions


@shared_task
def remind() -> None:
    actions.remind()


SCHEDULE = {"remind of invitations": {"task": "access.invitations.tasks.remind", "schedule": 600.0}}
