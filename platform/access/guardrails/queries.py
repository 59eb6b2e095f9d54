"""Reads on guardrails: how each stands, and what it saw."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from access.guardrails import metrics
from access.models import Guardrail, Reading, Rollout, Stage

CHART_POINTS = 60


@dataclass(frozen=True)
class Standing:
    """How a guardrail stands at the open stage: pass, fail or inconclusive, and the `reading` that says so."""

    guardrail: Guardrail
    title: str
    verdict: str
    why: str
    reading: Reading | None

    @property
    def rate(self) -> float | None:
        """Percent, since the stage is measured."""
        return 100 * self.reading.bad / self.reading.total if self.reading and self.reading.total else None

    @property
    def base_rate(self) -> float | None:
        found = self.reading
        return 100 * found.base_bad / found.base_total if found and found.base_total else None


def stale_after() -> timedelta:
    """A look older than this says nothing about now."""
    return timedelta(seconds=max(3 * settings.ROLLOUT_WATCH, 15))


def latest(guardrail: Guardrail, stage: Stage) -> Reading | None:
    """The newest look at this stage since it is measured."""
    return _of(guardrail, stage).order_by("-at", "-pk").first()


def _of(guardrail: Guardrail, stage: Stage) -> QuerySet[Reading]:
    if stage.measured_since is None:
        return Reading.objects.none()
    return Reading.objects.filter(guardrail=guardrail, stage=stage, since=stage.measured_since)


def standings(rollout: Rollout, stage: Stage | None, now: datetime | None = None) -> list[Standing]:
    """How every guardrail of the rollout stands at `stage`, the open one; two queries, whatever their number.

    No stage open: nothing is watched, and nothing stands in the way.
    """
    if stage is None:
        return []
    now = now or timezone.now()
    guardrails = list(rollout.guardrails.all())
    newest = _newest(guardrails, stage)
    return [_standing(one, newest.get(one.pk), now) for one in guardrails]


def _newest(guardrails: Iterable[Guardrail], stage: Stage) -> dict[int, Reading]:
    """The newest reading of each guardrail, from the short range of the index that can hold it."""
    out: dict[int, Reading] = {}
    for one in guardrails:
        if reading := latest(one, stage):
            out[one.pk] = reading
    return out


def _standing(guardrail: Guardrail, reading: Reading | None, now: datetime) -> Standing:
    metric = metrics.get(guardrail.metric)
    title = metric.title if metric else guardrail.metric
    if metric is None:
        return Standing(guardrail, title, Reading.Verdict.INCONCLUSIVE, "nothing measures it any more", reading)
    if reading is None:
        return Standing(guardrail, title, Reading.Verdict.INCONCLUSIVE, "not looked at yet", None)
    if now - reading.at > stale_after() and reading.verdict != Reading.Verdict.FAIL:
        minutes = int((now - reading.at).total_seconds() // 60)
        why = f"last looked at {minutes} min ago; is the clock running?"
        return Standing(guardrail, title, Reading.Verdict.INCONCLUSIVE, why, reading)
    return Standing(guardrail, title, reading.verdict, reading.why, reading)


def series(guardrail: Guardrail, stage: Stage) -> list[Reading]:
    """Readings for a small chart, oldest first: at most CHART_POINTS, evenly picked from the stage's last two days."""
    since = timezone.now() - timedelta(days=2)
    found = _of(guardrail, stage).filter(at__gte=since)
    pks = list(found.order_by("at").values_list("pk", flat=True))
    step = max(1, -(-len(pks) // CHART_POINTS))
    picked = {*pks[::-1][::step]}
    return list(Reading.objects.filter(pk__in=picked).order_by("at"))
