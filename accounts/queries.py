"""Reads on people, studios, seats and keys. Everything is asked for within a studio or for one person."""

import uuid
from datetime import timedelta

from django.contrib.auth.models import AnonymousUser
from django.db.models import Case, IntegerField, Q, QuerySet, Value, When
from django.utils import timezone

from accounts.models import ApiKey, Duty, Person, Seat, Studio

ENDED_SHOWN_FOR = timedelta(days=30)
_BY_ROLE = Case(
    *(When(role=role, then=Value(rank)) for rank, role in enumerate(Seat.Role.values)), output_field=IntegerField()
)


def seats_of(person: Person) -> list[Seat]:
    """The person's memberships that have not ended, suspended ones included, oldest first; studio and person joined."""
    return list(
        Seat.objects.filter(person=person, ended_at=None)
        .select_related("studio", "person")
        .order_by("created_at", "pk")
    )


def duties_of(person: Person | AnonymousUser) -> frozenset[str]:
    """What the person does for the lab, as Duty.Kind values."""
    if not isinstance(person, Person):
        return frozenset()
    return frozenset(Duty.objects.filter(person=person).values_list("kind", flat=True))


def seats_in(studio: Studio) -> QuerySet[Seat]:
    """The studio's seats that have not ended, owners first."""
    return (
        Seat.objects.filter(studio=studio, ended_at=None)
        .select_related("person", "studio")
        .order_by(_BY_ROLE, "person__name", "pk")
    )


def ended_seats_in(studio: Studio) -> QuerySet[Seat]:
    """Seats that ended lately and can still be brought back, newest first."""
    since = timezone.now() - ENDED_SHOWN_FOR
    return (
        Seat.objects.filter(studio=studio, ended_at__gte=since).select_related("person", "studio").order_by("-ended_at")
    )


def keys_of(seat: Seat) -> QuerySet[ApiKey]:
    return ApiKey.objects.filter(seat=seat).order_by("revoked_at", "-created_at")


def live_key(pk: uuid.UUID) -> ApiKey | None:
    """The key, if it still lets a program in; its seat, studio and person joined. For who proved to have it before."""
    key = ApiKey.objects.select_related("seat__studio", "seat__person").filter(pk=pk).first()
    return key if key is not None and key.opens else None


def owners_of(studio: Studio) -> QuerySet[Person]:
    return Person.objects.filter(
        seats__studio=studio, seats__role=Seat.Role.OWNER, seats__ended_at=None, seats__suspended_at=None
    ).order_by("name")


def keys_in(studio: Studio) -> QuerySet[ApiKey]:
    """Every live key of the studio's seats, for those who may shut one that leaked."""
    live = Q(expires_at=None) | Q(expires_at__gt=timezone.now())
    return (
        ApiKey.objects.filter(live, seat__studio=studio, revoked_at=None)
        .select_related("seat__person", "seat__studio")
        .order_by("seat__person__name", "-created_at")
    )
