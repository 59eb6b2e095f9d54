"""What guardrails can measure. Access stands below takes and knows none of them: whoever owns the facts registers.

    register(Metric("failed_renders", "Failed renders", "takes that failed, of those that were rendered", counts))

`counts(stage_id, since, until)` answers how many things happened through that stage after `since` and up to `until`,
and how many of them went wrong; each moment is counted once, so it must be quick for a minute and right for a month. It
may raise MetricMissing with the reason. `complete_until(now)` is the moment up to which everything is written down.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Counts:
    bad: int
    total: int


@dataclass(frozen=True)
class Metric:
    """`sentence` completes "the share of …"."""

    key: str
    title: str
    sentence: str
    counts: Callable[[int, datetime, datetime], Counts]
    complete_until: Callable[[datetime], datetime]


class MetricMissing(Exception):
    """The numbers cannot be had now. The message says why; the guardrail is inconclusive meanwhile."""


_registered: dict[str, Metric] = {}


def register(metric: Metric) -> None:
    """Have guardrails measure this. A second metric under the same key is a programmer's mistake: ValueError."""
    if _registered.get(metric.key, metric) != metric:
        raise ValueError(f"Two metrics are registered under the key {metric.key!r}. Rename one of them.")
    _registered[metric.key] = metric


def get(key: str) -> Metric | None:
    return _registered.get(key)


def choices() -> list[tuple[str, str]]:
    return [(metric.key, metric.title) for metric in sorted(_registered.values(), key=lambda metric: metric.title)]
