"""What the lab reads of people."""

from allauth.usersessions.models import UserSession
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from access.models import InvitationUse
from accounts.models import Duty, Person, Seat
from audit.models import Record
from audit.queries import records_for

RECORDS = 10


def people(*, search: str = "", duty: str = "", shut: bool = False) -> QuerySet[Person]:
    """People with `seat_count`, their duties prefetched; `duty` is a Duty.Kind value, `shut` only those shut out."""
    seats = Seat.objects.filter(person=OuterRef("pk"), ended_at=None).order_by().values("person")
    found = Person.objects.annotate(seat_count=Coalesce(Subquery(seats.annotate(n=Count("pk")).values("n")), 0))
    if search:
        found = found.filter(Q(name__icontains=search) | Q(email__icontains=search))
    if duty:
        found = found.filter(Exists(Duty.objects.filter(person=OuterRef("pk"), kind=duty)))
    return (found.filter(is_active=False) if shut else found).prefetch_related("duties")


def seats_of_person(person: Person) -> QuerySet[Seat]:
    """All of them, ended ones included."""
    return Seat.objects.filter(person=person).select_related("studio", "person")


def invitations_used(person: Person) -> QuerySet[InvitationUse]:
    """How they came in, each with its invitation and the seat it gave."""
    return InvitationUse.objects.filter(person=person).select_related("invitation__created_by", "seat__studio")


def session_count(person: Person) -> int:
    """How many browsers they are signed in with, as far as we know."""
    return UserSession.objects.filter(user=person).count()


def last_records(person: Person) -> list[Record]:
    """What was done to them, the newest first."""
    return list(records_for(person).order_by("-id")[:RECORDS])
