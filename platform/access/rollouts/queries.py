"""Reads on rollouts: what a gate needs to know, and what the pages show."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q
from django.utils import timezone

from access.guardrails.queries import standings
from access.models import Listing, Rollout, Stage, Standing
from access.rollouts import targets
from access.rollouts.gates import Facts, Gate, holds, holds_ramp
from access.rollouts.rules import WHOLE, bucket_of
from accounts.models import Person
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
    """How many subjects something is for, and how many of them are admitted, `about` where that is an estimate; and
    about how many people that means."""

    whole: int
    admitted: int
    about: bool
    people: int


class Audiences:
    """The studios and people of a rollout's tiers, read once. Two queries; the counts grow with the studios there are.

    Up to COUNTED_ONE_BY_ONE subjects each is looked up in its bucket; beyond, a percentage is taken at its word.
    """

    def __init__(self, rollout: Rollout) -> None:
        self.rollout = rollout
        self.by_person = rollout.subject == Rollout.Subject.PERSON
        standing = Standing.objects.filter(
            tier__in={tier.pk for stage in rollout.stages.all() for tier in stage.tiers.all()},
            until=None,
            studio__suspended_at=None,
        )
        open_seats = Q(studio__seats__ended_at=None, studio__seats__suspended_at=None)
        rows = standing.values_list("tier_id").annotate(
            studios=Count("studio", distinct=True), people=Count("studio__seats", filter=open_seats, distinct=True)
        )
        self.studios, self.people = {}, {}
        for tier, studios, people in rows:
            self.studios[tier], self.people[tier] = studios, people
        whole = sum((self.people if self.by_person else self.studios).values())
        self.subjects: list[tuple[int, int]] | None = None
        if whole <= COUNTED_ONE_BY_ONE:
            seats = standing.filter(open_seats).values_list("tier_id", "studio__seats__person_id").distinct()
            self.subjects = list(seats if self.by_person else standing.values_list("tier_id", "studio_id"))

    def at(self, ppm_by_tier: Mapping[int, int]) -> Audience:
        """What these percentages of these tiers come to."""
        counts = self.people if self.by_person else self.studios
        whole = sum(counts.get(tier, 0) for tier in ppm_by_tier)
        people = sum(self.people.get(tier, 0) * ppm // WHOLE for tier, ppm in ppm_by_tier.items())
        if self.subjects is None:
            admitted = sum(counts.get(tier, 0) * ppm // WHOLE for tier, ppm in ppm_by_tier.items())
            return Audience(whole, admitted, True, people)
        kind, salt = ("person" if self.by_person else "studio"), self.rollout.salt
        inside = sum(bucket_of(salt, f"{kind}:{pk}") < ppm_by_tier.get(tier, 0) for tier, pk in self.subjects)
        return Audience(whole, inside, False, people)

    def of(self, stage: Stage, ppm: int | None = None) -> Audience:
        """One stage, as far as it is open or at `ppm`."""
        ppm = stage.reached_ppm if ppm is None else ppm
        return self.at({tier.pk: ppm for tier in stage.tiers.all()})

    def after(self, step: NextStep) -> Audience:
        """Everybody who is in once this step is taken."""
        reach: dict[int, int] = {}
        for stage in self.rollout.stages.all():
            ppm = step.ppm if stage.pk == step.stage.pk else stage.reached_ppm
            for tier in stage.tiers.all() if ppm else ():
                reach[tier.pk] = max(reach.get(tier.pk, 0), ppm)
        return self.at(reach)
