"""Invitations, as the clock tends them."""

from celery import shared_task

from access.invitations import actions, lists


@shared_task
def remind() -> None:
    actions.remind()


@shared_task
def send_lists() -> None:
    lists.send_due()


@shared_task
def forget_lists() -> None:
    lists.forget()


SCHEDULE = {
    "remind of invitations": {"task": "access.invitations.tasks.remind", "schedule": 600.0},
    "send lists of invitations": {"task": "access.invitations.tasks.send_lists", "schedule": 3.0},
    "forget lists of invitations": {"task": "access.invitations.tasks.forget_lists", "schedule": 3600.0},
}
