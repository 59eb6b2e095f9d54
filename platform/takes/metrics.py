"""What guardrails can measure of takes, and how much a stage has seen. Registered when the app starts."""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Count, F, Q, QuerySet

from access.guardrails.metrics import Counts, Metric, register
from access.rollouts import targets
from generation import catalogue
from generation import queries as generation
from takes.forecast import load
from takes.models import Take

LONGEST_LAG = timedelta(seconds=30)  # a change that began before may still be on its way to its commit


def complete_until(now: datetime) -> datetime:
    """Everything that ended up to here is written: what was reported after it may still wait in generation's outbox."""
    lag = min(LONGEST_LAG, timedelta(seconds=settings.ROLLOUT_WATCH / 2))
    waiting = generation.oldest_unhandled_event()
    return min(now - lag, waiting) if waiting else now - lag


def _ended(stage_id: int, since: datetime, until: datetime) -> QuerySet[Take]:
    rendered = (Take.State.READY, Take.State.FAILED)
    return Take.objects.filter(stage_id=stage_id, finished_at__gt=since, finished_at__lte=until, state__in=rendered)


def _sent(stage_id: int, since: datetime, until: datetime) -> QuerySet[Take]:
    return Take.objects.filter(stage_id=stage_id, created_at__gt=since, created_at__lte=until)


Asked = Callable[[int, datetime, datetime], QuerySet[Take]]


def _counting(takes: Asked, bad: Callable[[], Q]) -> Callable[[int, datetime, datetime], Counts]:
    def counts(stage_id: int, since: datetime, until: datetime) -> Counts:
        found = takes(stage_id, since, until).aggregate(bad=Count("pk", filter=bad()), total=Count("pk"))
        return Counts(found["bad"], found["total"])

    return counts


def _waited_too_long() -> Q:
    return Q(started_at__gt=F("created_at") + timedelta(seconds=settings.QUEUE_WAIT_LIMIT))


METRICS = (
    Metric(
        "failed_renders",
        "Failed renders",
        "takes that failed, of those that were rendered",
        _counting(_ended, lambda: Q(state=Take.State.FAILED)),
        complete_until,
    ),
    Metric(
        "refusals",
        "Refusals",
        "takes that a rule refused, of those that were sent",
        _counting(_sent, lambda: Q(state=Take.State.REFUSED)),
        complete_until,
    ),
    Metric(
        "queue_wait",
        "Long queue waits",
        "takes that waited too long for a worker, of those that were rendered",
        _counting(_ended, _waited_too_long),
        complete_until,
    ),
)


def sample(stage_id: int, most: int) -> int:
    """How many takes of a stage have ended, counted up to `most`."""
    return Take.objects.filter(stage_id=stage_id, finished_at__isnull=False)[:most].count()


def models() -> dict[str, str]:
    return {entry.id: entry.title for entry in catalogue.entries().values()}


def register_all() -> None:
    for metric in METRICS:
        register(metric)
    targets.register_sample(sample)
    targets.register_models(models)
    targets.register_load(load)
