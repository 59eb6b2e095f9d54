"""Celery's entry points for what must happen now and then. Without a broker, `manage.py clock` runs them itself."""

from datetime import timedelta

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from generation import queue, store
from generation.models import Event, Worker

# How long what is over is kept: handled events, and workers that no attempt names any more.
KEPT = timedelta(days=30)


@shared_task(name="generation.sweep")
def sweep() -> int:
    """Take jobs from workers that fell silent. Idle workers do this too; this is for when all of them are gone."""
    return queue.sweep()


@shared_task(name="generation.clear_orphans")
def clear_orphans() -> int:
    """Delete files of attempts that ended without a clip."""
    return store.clear_orphans()


@shared_task(name="generation.tidy")
def tidy() -> int:
    """Forget handled events and stopped workers after a while."""
    before = timezone.now() - KEPT
    events, _ = Event.objects.filter(handled_at__lt=before).delete()
    workers, _ = Worker.objects.filter(stopped_at__lt=before, attempt__isnull=True).delete()
    return events + workers


# name → task and seconds between runs; config/settings.py gathers these from every app.
SCHEDULE = {
    "generation.sweep": {"task": "generation.sweep", "schedule": settings.RENDER_LEASE / 2},
    "generation.clear_orphans": {"task": "generation.clear_orphans", "schedule": 900.0},
    "generation.tidy": {"task": "generation.tidy", "schedule": 86_400.0},
}
