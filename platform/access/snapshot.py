"""Tiers and rollouts as one compiled value that each process keeps, so that resolving a seat's rights costs one query
for what is the seat's own and none for what is everybody's.

A change puts a new mark on the edition in its own transaction. A process looks at the mark at most once a second, so a
change is seen everywhere within about a second of its commit; what was changed by hand, without a mark, within thirty.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from django.db import transaction

from access.models import Edition, Rollout, Tier
from access.models.rollouts import new_salt
from access.rollouts.rules import RolloutValue, StageValue
from access.rules import TierLimits
from access.tiers.queries import limits

LOOK_EVERY = 1.0  # seconds between looks at the mark
LONGEST_LIFE = 30.0  # seconds after which everything is read again, whatever the mark


@dataclass(frozen=True)
class Snapshot:
    """`rollouts` are in the order they were made: of several for one target, the last one counts."""

    mark: str
    tiers: dict[int, TierLimits] = field(default_factory=dict)
    rollouts: tuple[RolloutValue, ...] = ()
    read_at: float = 0.0  # on time.monotonic

    @cached_property
    def by_slug(self) -> Mapping[str, RolloutValue]:
        return {rollout.slug: rollout for rollout in self.rollouts}


_kept: Snapshot | None = None
_looked_at = 0.0


def current() -> Snapshot:
    """The newest snapshot this process has. No query when it was looked at within the last second, else one."""
    global _kept, _looked_at
    kept, now = _kept, time.monotonic()
    if kept is not None and now - _looked_at < LOOK_EVERY:
        return kept
    if kept is None or now - kept.read_at > LONGEST_LIFE or _mark() != kept.mark:
        kept = _read()
    _kept, _looked_at = kept, now
    return kept


def tier(pk: int) -> TierLimits:
    """What a tier says. One that was made within the last second may be news to this process."""
    kept = current()
    if pk not in kept.tiers:
        forget()
        kept = current()
    return kept.tiers[pk]


def look_again() -> None:
    """Have the next `current()` look at the mark, however lately it was looked at."""
    global _looked_at
    _looked_at = 0.0


def forget() -> None:
    """Have the next `current()` read everything again."""
    global _kept
    _kept = None


def changed() -> None:
    """Say, in the transaction that changes tiers or rollouts, that every process's snapshot is old."""
    Edition.objects.update_or_create(pk=1, defaults={"mark": new_salt()})
    forget()
    transaction.on_commit(forget)


def _mark() -> str:
    return Edition.objects.filter(pk=1).values_list("mark", flat=True).first() or ""


def _read() -> Snapshot:
    # The mark first: what changes between the two reads then has another mark, and is read again.
    mark = _mark()
    tiers = {tier.pk: limits(tier) for tier in Tier.objects.all()}
    rollouts = Rollout.objects.prefetch_related("stages__tiers").order_by("pk")
    return Snapshot(mark, tiers, tuple(value_of(rollout) for rollout in rollouts), time.monotonic())


def value_of(rollout: Rollout) -> RolloutValue:
    """A rollout as the rules see it; `stages__tiers` prefetched."""
    stages = tuple(
        StageValue(
            id=stage.pk,
            position=stage.position,
            name=stage.name,
            tiers=frozenset(tier.pk for tier in stage.tiers.all()),
            ppm=stage.reached_ppm,
            limits=dict(stage.limits),
        )
        for stage in rollout.stages.all()
    )
    return RolloutValue(
        id=rollout.pk,
        slug=rollout.slug,
        name=rollout.name,
        kind=rollout.kind,
        target=rollout.target,
        subject=rollout.subject,
        salt=rollout.salt,
        state=rollout.state,
        position=rollout.position,
        shut=rollout.is_shut,
        stages=stages,
    )
