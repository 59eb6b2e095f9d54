"""What leads read. Drafts are their applicants' own: nothing here shows one, not even one taken back."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from access.models import Application, ApplicationReading, ApplicationTag
from accounts.paging import Page, newest_first
from audit.actors import Actor

State = Application.State
SHOWN = (State.SENT, State.WAITING, State.ACCEPTED, State.DECLINED, State.WITHDRAWN)
TO_DECIDE = (State.SENT, State.WAITING)
AT_ONCE = 50  # applications on a page, and decided at once
TAGS_OFFERED = 40
_CHOICE = re.compile(r"([0-9]{1,18}):(sent|waiting)")


def received() -> QuerySet[Application]:
    return Application.objects.exclude(confirmed_at=None)


def matching(*, tag: str = "", words: str = "") -> QuerySet[Application]:
    """Applications with this tag, and with these words in name, e-mail or studio; empty leaves all in."""
    found = received()
    if tag:
        found = found.filter(Exists(ApplicationTag.objects.filter(application=OuterRef("pk"), word=tag)))
    for word in words.split():
        found = found.filter(Q(name__icontains=word) | Q(email__icontains=word) | Q(studio_name__icontains=word))
    return found


def inbox(found: QuerySet[Application], *, state: str, after: str | None) -> Page[Application]:
    """One page of them, each with its tags and `read`, the number of its readings. Any other state means all."""
    if state in SHOWN:
        found = found.filter(state=state)
    found = found.annotate(read=Count("readings")).prefetch_related("tags")
    return newest_first(found, after, AT_ONCE)


def counts(found: QuerySet[Application]) -> dict[str, int]:
    """How many there are in each state."""
    there = dict(found.order_by().values_list("state").annotate(Count("pk")))
    return {state: there.get(state, 0) for state in SHOWN}


def tags_in_use() -> list[str]:
    """The tags there are, the commonest first."""
    common = ApplicationTag.objects.values("word").annotate(times=Count("pk")).order_by("-times", "word")
    return [one["word"] for one in common[:TAGS_OFFERED]]


@dataclass(frozen=True)
class Readings:
    """What one lead may see of an application's readings: before their own is written, only who has read it."""

    own: ApplicationReading | None
    shown: list[ApplicationReading]
    readers: list[str]
    still_needed: int


def readings_for(application: Application, lead: Actor) -> Readings:
    given = list(application.readings.select_related("reader"))
    own = next((one for one in given if one.reader_id == lead.person_id), None)
    may_see = own is not None or application.state not in TO_DECIDE
    return Readings(
        own=own,
        shown=given if may_see else [],
        readers=[one.reader.name for one in given],
        still_needed=max(0, application.readings_needed - len(given)),
    )


@dataclass(frozen=True)
class Chosen:
    """An application to be decided, and the state in which the lead saw it."""

    application: Application
    seen: str

    @property
    def as_text(self) -> str:
        return f"{self.application.pk}:{self.seen}"


def chosen(texts: Iterable[str]) -> list[Chosen]:
    """What a lead ticked, as “12:sent”; at most AT_ONCE, each once, newest first. Anything else is left out."""
    seen = {int(match[1]): match[2] for text in texts if (match := _CHOICE.fullmatch(text))}
    found = received().filter(pk__in=list(seen)[:AT_ONCE]).select_related("decided_by").order_by("-pk")
    return [Chosen(one, seen[one.pk]) for one in found]
