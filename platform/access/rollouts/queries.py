"""Reads on rollouts: what a gate needs to know, and what the pages show."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from access.guardrails.queries import standings
from access.models import Listing, Rollout, Stage, Standing
from access.rollouts import targets
from access.rollouts.gates import Facts, Gate, holds, holds_ramp
from access.rollouts.rules import bucket_of
from accounts.models import Person, Seat
from accounts.paging import Page, newest_first
from audit.models import Record
from audit.queries import records_for

PAGE = 30
COUNTED_ONE_BY_ONE = 5000  # subjects; beyond, how many a percentage admits is said as "about"


# --- Gates -----------------------------------------------------------------------------------------------------------


def gate_of(stage: Stage) -> Gate:
    return Gate(
        wait=timedelta(hours=stage.wait_hours),
        hour_from=stage.hour_from,
        hour_until=stage.hour_until,
        minimum_sample=stage.minimum_sample,
        approvals_needed=stage.approvals_needed,
    )


def facts(rollout: Rollout, now: datetime) -> Facts:
    """What the gate in front of the rollout's next step looks at, from the newest looks of its guardrails."""
    stages = {stage.position: stage for stage in rollout.stages.all()}
    current, following = stages.get(rollout.position), stages.get(rollout.position + 1)
    unfinished = ""
    if current is not None and (step := current.next_ppm) is not None:
        unfinished = (
            f"“{current.name}” is at {current.percent:g} % of its ramp; its next step is {step / 10_000:g} %. Take it "
            "to its end first."
        )
    needed = following.minimum_sample if following else 0
    guards = standings(rollout, current, now) if rollout.state == Rollout.State.OPEN else []
    return Facts(
        now=now,
        since=current.widened_at if current else None,
        unfinished=unfinished,
        sample=targets.sample(current.pk, needed) if current and needed else 0,
        approvals=following.approvals.count() if following and following.approvals_needed else 0,
        halted=rollout.state == Rollout.State.HALTED,
        shut=rollout.is_shut,
        guards=tuple((one.title, one.verdict, one.why) for one in guards),
    )


@dataclass(frozen=True)
class NextStep:
    """What would come next: the open stage's next percentage, or the stage after it; and why it is held."""

    stage: Stage
    ppm: int
    opens: bool  # a new stage, rather than a step of the open one
    held: list[str]

    @property
    def percent(self) -> float:
        return self.ppm / 10_000


def next_step(rollout: Rollout, now: datetime | None = None) -> NextStep | None:
    """None where the plan has nothing further."""
    now = now or timezone.now()
    if rollout.state == Rollout.State.FINISHED:
        return None
    stages = {stage.position: stage for stage in rollout.stages.all()}
    current, following = stages.get(rollout.position), stages.get(rollout.position + 1)
    if current is not None and current.next_ppm is not None:
        wait = timedelta(hours=current.ramp_wait_hours)
        held = holds_ramp(
            wait=wait, hour_from=current.hour_from, hour_until=current.hour_until, facts=facts(rollout, now)
        )
        return NextStep(current, current.next_ppm, False, held)
    if following is not None:
        return NextStep(following, following.ramp[0], True, holds(gate_of(following), facts(rollout, now)))
    return None


# --- Lists -----------------------------------------------------------------------------------------------------------


def rollouts_page(*, state: str = "", after: str | None = None, limit: int = PAGE) -> Page[Rollout]:
    rows = Rollout.objects.prefetch_related("stages")
    if state in Rollout.State.values:
        rows = rows.filter(state=state)
    return newest_first(rows, after, limit)


def rollout_with_plan(slug: str) -> Rollout:
    """Raises Rollout.DoesNotExist."""
    return Rollout.objects.prefetch_related("stages__tiers", "stages__approvals__person", "guardrails").get(slug=slug)


def listings_page(rollout: Rollout, *, after: str | None = None, limit: int = PAGE) -> Page[Listing]:
    rows = rollout.listings.filter(ended_at=None).select_related("studio", "person", "by")
    return newest_first(rows, after, limit)


@dataclass(frozen=True)
class Happening:
    """One line of the history: the record, who did it, its action and its facts."""

    record: Record
    who: str
    action: str
    facts: dict[str, Any]


def history(rollout: Rollout, *, after: str | None = None, limit: int = 20) -> Page[Happening]:
    """What happened to a rollout, newest first, from the audit record."""
    page = newest_first(records_for(rollout), after, limit)
    return Page(list(_told(page.rows)), page.next)


def _told(records: Iterable[Record]) -> Iterable[Happening]:
    records = list(records)
    names = {str(person.pk): person.name for person in Person.objects.filter(pk__in=_people(records))}
    for one in records:
        content = json.loads(one.canonical)
        who = names.get(one.actor_id, "") if one.actor_kind == Record.ActorKind.PERSON else ""
        if one.actor_kind == Record.ActorKind.HOUSE:
            who = {"guardrails": "Guardrail", "ramp": "The ramp"}.get(one.actor_id, "The house")
        yield Happening(one, who or "Somebody", one.action.partition(".")[2], content["facts"])


def _people(records: Iterable[Record]) -> list[int]:
    return [int(one.actor_id) for one in records if one.actor_kind == Record.ActorKind.PERSON]


# --- Audiences -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Audience:
    """How many subjects a stage is for, and how many of them its percentage admits; `about` where estimated."""

    whole: int
    admitted: int
    about: bool


def audience(rollout: Rollout, stage: Stage, ppm: int | None = None) -> Audience:
    """Counted one by one up to COUNTED_ONE_BY_ONE subjects. The count grows with the number of studios in its tiers."""
    ppm = stage.reached_ppm if ppm is None else ppm
    tiers = [tier.pk for tier in stage.tiers.all()]
    subjects = _subjects(rollout, tiers)
    whole = subjects.count()
    if whole > COUNTED_ONE_BY_ONE:
        return Audience(whole, whole * ppm // 1_000_000, True)
    kind = "studio" if rollout.subject == Rollout.Subject.STUDIO else "person"
    inside = sum(bucket_of(rollout.salt, f"{kind}:{pk}") < ppm for pk in subjects)
    return Audience(whole, inside, False)


def _subjects(rollout: Rollout, tiers: list[int]) -> QuerySet[Any, int]:
    standing = Standing.objects.filter(tier__in=tiers, until=None, studio__suspended_at=None)
    if rollout.subject == Rollout.Subject.STUDIO:
        return standing.values_list("studio_id", flat=True)
    in_tiers = Q(studio__standings__tier__in=tiers, studio__standings__until=None, studio__suspended_at=None)
    seats = Seat.objects.filter(in_tiers, ended_at=None, suspended_at=None)
    return seats.values_list("person_id", flat=True).distinct()


def people_in(stage: Stage) -> int:
    """Open seats in the studios of the stage's tiers."""
    tiers = [tier.pk for tier in stage.tiers.all()]
    return Standing.objects.filter(tier__in=tiers, until=None, studio__suspended_at=None).aggregate(
        people=Count("studio__seats", filter=Q(studio__seats__ended_at=None))
    )["people"]
