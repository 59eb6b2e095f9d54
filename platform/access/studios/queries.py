"""What the lab reads of studios."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from access.models import Override, Standing
from accounts.models import ApiKey, Person, Seat, Studio
from audit.models import Record

NOWHERE = "none"
SOON = timedelta(days=7)


def ending_soon() -> QuerySet[Override]:
    """Exceptions of studios and seats that are in force and end within a week."""
    now = timezone.now()
    return Override.objects.filter(ends_at__gt=now, ends_at__lte=now + SOON)


def studios(*, search: str = "", tier: str = "", suspended: bool = False, ending: bool = False) -> QuerySet[Studio]:
    """Studios with `tier_name` (None: in no tier) and `seat_count`; `tier` is a slug, or NOWHERE for those in none.

    `suspended` and `ending` leave only those that are suspended, or have an exception that ends soon.
    """
    now = Standing.objects.filter(studio=OuterRef("pk"), until=None)
    seats = Seat.objects.filter(studio=OuterRef("pk"), ended_at=None).order_by().values("studio")
    found = Studio.objects.annotate(
        tier_name=Subquery(now.values("tier__name")[:1]),
        seat_count=Coalesce(Subquery(seats.annotate(n=Count("pk")).values("n")), 0),
    )
    if search:
        found = found.filter(Q(name__icontains=search) | Q(slug__icontains=search))
    if tier == NOWHERE:
        found = found.filter(~Exists(now))
    elif tier:
        found = found.filter(pk__in=Standing.objects.filter(until=None, tier__slug=tier).values("studio"))
    if ending:
        theirs = ending_soon().filter(Q(studio=OuterRef("pk")) | Q(seat__studio=OuterRef("pk")))
        found = found.filter(Exists(theirs))
    return found.filter(suspended_at__isnull=False) if suspended else found


def seats_of_studio(studio: Studio) -> QuerySet[Seat]:
    """Those that have not ended, with their people."""
    return Seat.objects.filter(studio=studio, ended_at=None).select_related("person", "studio")


@dataclass(frozen=True)
class Line:
    """One record as the lab reads it: who did what, and its facts as (name, value) pairs of text."""

    record: Record
    who: str
    facts: list[tuple[str, str]]


def lines(records: Iterable[Record]) -> list[Line]:
    """Records with the names of who acted, in three queries at most. Personal values stay where they are."""
    records = list(records)
    ids: dict[str, set[Any]] = {kind: set() for kind in Record.ActorKind.values}
    for one in records:
        ids[one.actor_kind].add(one.actor_id)
    people = dict(Person.objects.filter(pk__in=ids["person"]).values_list("pk", "name")) if ids["person"] else {}
    seats = dict(Seat.objects.filter(pk__in=ids["seat"]).values_list("pk", "person__name")) if ids["seat"] else {}
    keys = dict(ApiKey.objects.filter(pk__in=ids["key"]).values_list("pk", "seat__person__name")) if ids["key"] else {}
    names: dict[tuple[str, str], str] = {
        **{("person", str(pk)): name for pk, name in people.items()},
        **{("seat", str(pk)): name for pk, name in seats.items()},
        **{("key", str(pk)): f"A key of {name}" for pk, name in keys.items()},
    }
    return [
        Line(one, names.get((one.actor_kind, one.actor_id), f"The house ({one.actor_id})"), _facts(one))
        for one in records
    ]


def _facts(one: Record) -> list[tuple[str, str]]:
    facts = json.loads(one.canonical).get("facts", {})
    return [(name.replace("_", " "), _text(value)) for name, value in sorted(facts.items()) if value not in (None, "")]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
