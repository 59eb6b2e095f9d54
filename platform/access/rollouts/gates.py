"""What stands between a rollout and its next step. Pure: facts in, reasons out; no reasons, and the gate is open."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True)
class Gate:
    """What must be so before a stage opens. Hours are of the day in UTC; `wait` is since the stage before last grew."""

    wait: timedelta
    hour_from: int
    hour_until: int
    minimum_sample: int
    approvals_needed: int


@dataclass(frozen=True)
class Facts:
    """`since` is when the stage before last grew, None in front of the first stage. `unfinished` is what is left of
    that stage's own ramp, in words. `guards` are (title, verdict, why) of every guardrail of the rollout."""

    now: datetime
    since: datetime | None
    unfinished: str
    sample: int
    approvals: int
    halted: bool
    shut: bool
    guards: tuple[tuple[str, str, str], ...] = ()


def holds(gate: Gate, facts: Facts) -> list[str]:
    """Why the next stage may not open now; empty where it may."""
    reasons = list(_always(facts))
    if facts.unfinished:
        reasons.append(facts.unfinished)
    if facts.since is not None:
        if (opens := facts.since + gate.wait) > facts.now:
            reasons.append(f"It waits until {opens:%-d %b %H:%M} UTC.")
        if facts.sample < gate.minimum_sample:
            reasons.append(f"The stage before has seen {facts.sample:,} of the {gate.minimum_sample:,} takes it needs.")
    reasons += _hours(gate.hour_from, gate.hour_until, facts.now)
    if (missing := gate.approvals_needed - facts.approvals) > 0:
        reasons.append(f"{missing} more sign-off{'s' if missing > 1 else ''} by different people needed.")
    return reasons


def holds_ramp(*, wait: timedelta, hour_from: int, hour_until: int, facts: Facts) -> list[str]:
    """Why the open stage may not take its next step now."""
    reasons = list(_always(facts))
    if facts.since is not None and (opens := facts.since + wait) > facts.now:
        reasons.append(f"The next step waits until {opens:%-d %b %H:%M} UTC.")
    return [*reasons, *_hours(hour_from, hour_until, facts.now)]


def _always(facts: Facts) -> Iterable[str]:
    if facts.shut:
        yield "The rollout is shut for everybody. Open it again first."
    if facts.halted:
        yield "It is halted. Resume or roll back first."
    for title, verdict, why in facts.guards:
        if verdict != "pass":
            word = "fails" if verdict == "fail" else "cannot be told yet"
            yield f"{title} {word}{f': {why}' if why else ''}."


def _hours(hour_from: int, hour_until: int, now: datetime) -> list[str]:
    if hour_from <= now.hour < hour_until:
        return []
    return [
        f"It opens between {hour_from:02d}:00 and {hour_until % 24:02d}:00 UTC, so that somebody is there to watch."
    ]
