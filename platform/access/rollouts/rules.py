"""Whether a rollout is open to somebody. Pure: plain values in, one answer out.

Precedence, the first that applies decides: the rollout is finished (it says nothing any more) → shut for everybody →
the subject is suspended → kept out by name → let in by name → the stages: the audience, then the bucket. A halted
rollout's open stage admits nobody; the stages before it still do.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise
from typing import Any

import mmh3

WHOLE = 1_000_000

# What a stage may narrow; a limit beyond the tier's stays the tier's.
NARROWABLE = ("max_pixels", "max_seconds", "references", "concurrency", "daily_takes")


class Reason(StrEnum):
    FINISHED = "finished"
    SHUT = "shut"
    SUSPENDED = "suspended"
    DENIED = "denied"
    ALLOWED = "allowed"
    NO_TIER = "no_tier"
    ADMITTED = "admitted"
    NOT_YET = "not_yet"
    HALTED = "halted"
    NOT_INVITED = "not_invited"


@dataclass(frozen=True)
class StageValue:
    """`ppm` is how far it is open, in parts per million of the subjects in `tiers` (ids); 0 where it is not."""

    id: int
    position: int
    name: str
    tiers: frozenset[int]
    ppm: int
    limits: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class RolloutValue:
    id: int
    slug: str
    name: str
    kind: str
    target: str
    subject: str
    salt: str
    state: str
    position: int
    shut: bool
    stages: tuple[StageValue, ...] = ()


@dataclass(frozen=True)
class Answer:
    """`stage` is the one that admits, None for those let in by name; `bucket` is where the subject falls, if asked."""

    admitted: bool
    reason: Reason
    stage: StageValue | None = None
    bucket: int | None = None


def bucket_of(salt: str, subject: str) -> int:
    """Where a subject falls, 0 up to 999 999: MurmurHash3 (x86, 32 bits, seed 0) of "salt:subject", scaled.

    One salt for each rollout, so that being early in one says nothing about another.
    """
    return (mmh3.hash(f"{salt}:{subject}", signed=False) * WHOLE) >> 32


def subject_of(rollout: RolloutValue, *, studio_id: int, person_id: int) -> str:
    return f"studio:{studio_id}" if rollout.subject == "studio" else f"person:{person_id}"


def admits(rollout: RolloutValue, *, subject: str, tier_id: int | None, suspended: bool, listed: str | None) -> Answer:
    """Whether the rollout is open to `subject`; `listed` is "allow", "deny" or None."""
    if rollout.state == "finished":
        return Answer(True, Reason.FINISHED)
    if rollout.shut:
        return Answer(False, Reason.SHUT)
    if suspended:
        return Answer(False, Reason.SUSPENDED)
    if listed == "deny":
        return Answer(False, Reason.DENIED)
    if listed == "allow":
        return Answer(True, Reason.ALLOWED)
    if tier_id is None:
        return Answer(False, Reason.NO_TIER)
    halted = rollout.state == "halted"
    mine = [stage for stage in rollout.stages if tier_id in stage.tiers]
    if not mine:
        return Answer(False, Reason.NOT_INVITED)
    bucket = bucket_of(rollout.salt, subject)
    admitting = [stage for stage in mine if 0 < stage.position <= rollout.position and bucket < stage.ppm]
    in_force = [stage for stage in admitting if not (halted and stage.position == rollout.position)]
    if in_force:
        # The newest stage that admits: its limits are those the lab has come to.
        return Answer(True, Reason.ADMITTED, max(in_force, key=lambda stage: stage.position), bucket)
    return Answer(False, Reason.HALTED if admitting else Reason.NOT_YET, None, bucket)


def problems_of_stages(ramps: Iterable[tuple[str, Iterable[int], Iterable[int]]]) -> list[str]:
    """What cannot be in a plan: [(name, tier ids, ramp in ppm)], in order. Every ramp rises; no stage takes back from a
    tier what one before gave it."""
    problems: list[str] = []
    given: dict[int, int] = {}
    for name, tiers, ramp in ramps:
        steps, audience = list(ramp), list(tiers)
        if not audience:
            problems.append(f"“{name}” opens to no tier. Choose at least one.")
        if not steps or not all(0 < step <= WHOLE for step in steps):
            problems.append(f"“{name}” needs percentages above 0 and up to 100.")
        elif any(later <= earlier for earlier, later in pairwise(steps)):
            problems.append(f"The percentages of “{name}” must rise from step to step.")
        else:
            if any(given.get(tier, 0) > steps[-1] for tier in audience):
                problems.append(
                    f"“{name}” ends at {steps[-1] / 10_000:g} % for a tier that an earlier stage opens further. A "
                    "percentage never shrinks; roll back instead."
                )
            for tier in audience:
                given[tier] = max(given.get(tier, 0), steps[-1])
    return problems


def narrowed(limits: Mapping[str, Any], by: Mapping[str, Any]) -> dict[str, Any]:
    """`limits` of a tier, narrowed by a stage's; a stage never widens."""
    out = dict(limits)
    for name, value in by.items():
        if name not in NARROWABLE or value is None:
            continue
        mine = out[name]
        if isinstance(value, bool):
            out[name] = mine and value
        else:
            out[name] = value if mine is None else min(mine, value)
    return out
