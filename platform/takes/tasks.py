"""What the clock has takes do."""

import logging

from celery import shared_task

from generation import queries as generation
from takes import actions

OUTBOX_BATCH = 100
log = logging.getLogger(__name__)


@shared_task
def read_outbox() -> int:
    """Take over what became of jobs, oldest first; returns how many events there were.

    An event that cannot be taken over stays in the outbox and is tried again; it does not hold up the others.
    """
    events = list(generation.unhandled_events(OUTBOX_BATCH))
    for event in events:
        try:
            actions.finish(event)
        except Exception:
            log.exception("Event %s of job %s could not be taken over.", event.pk, event.job_id)
    return len(events)


SCHEDULE = {"read generation's outbox": {"task": "takes.tasks.read_outbox", "schedule": 0.25}}
