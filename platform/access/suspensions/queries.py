"""Reads on suspensions."""

from django.db.models import QuerySet

from access.models import Suspension
from accounts.models import Seat, Studio


def open_suspension(*, studio: Studio | None = None, seat: Seat | None = None) -> Suspension | None:
    """The lab's suspension of this studio, or of this seat, that has not ended; None where there is none."""
    whose = {"studio": studio} if seat is None else {"seat": seat}
    return Suspension.objects.filter(ended_at=None, **whose).select_related("by").first()


def shut_by_the_lab(studio: Studio) -> frozenset[int]:
    """The ids of those seats of a studio that only the lab opens."""
    shut = Suspension.objects.filter(ended_at=None, seat__studio=studio)
    return frozenset(seat for seat in shut.values_list("seat_id", flat=True) if seat is not None)


def suspensions_of(*, studio: Studio | None = None, seat: Seat | None = None) -> QuerySet[Suspension]:
    """All of them, ended ones included."""
    whose = {"studio": studio} if seat is None else {"seat": seat}
    return Suspension.objects.filter(**whose).select_related("by", "ended_by")


def studio_of(suspension: Suspension) -> Studio:
    """The studio it falls upon, wholly or in one seat."""
    studio = suspension.studio or (suspension.seat.studio if suspension.seat else None)
    assert studio is not None, "a constraint: a suspension is of a studio or of a seat"
    return studio
