"""Who invited whom. A seat came by an invitation, which came from another seat or from the lab: so every seat has one
chain up to the lab, and every inviter a branch below. Nobody can stand in a circle, for a seat is there before whom it
invites."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from access.models import Invitation, InvitationUse
from accounts.models import Seat

DEEPEST = 1000  # no chain is followed further

_UP = """
WITH RECURSIVE up (origin, seat, height) AS (
    SELECT id, id, 0 FROM accounts_seat WHERE id IN ({places})
    UNION ALL
    SELECT up.origin, invitation.invited_by_seat_id, up.height + 1
    FROM up
    JOIN access_invitationuse came ON came.seat_id = up.seat
    JOIN access_invitation invitation ON invitation.id = came.invitation_id
    WHERE invitation.invited_by_seat_id IS NOT NULL AND up.height < {deepest}
)
SELECT origin, seat, height FROM up ORDER BY origin, height
"""

_BELOW = """
WITH RECURSIVE below (origin, seat, height) AS (
    SELECT id, id, 0 FROM accounts_seat WHERE id IN ({places})
    UNION ALL
    SELECT below.origin, came.seat_id, below.height + 1
    FROM below
    JOIN access_invitation invitation ON invitation.invited_by_seat_id = below.seat
    JOIN access_invitationuse came ON came.invitation_id = invitation.id
    WHERE below.height < {deepest}
)
SELECT origin, COUNT(*) - 1 FROM below GROUP BY origin
"""


@dataclass(frozen=True)
class Inviter:
    """A seat that invited somebody. `depth` is its distance from the lab: 1 for whom the lab invited."""

    seat: Seat
    made: int
    came: int
    below: int
    depth: int


def inviting_seats() -> QuerySet[Seat]:
    """The seats that ever invited anybody; `made` and `came` count what they sent, and who came by it."""
    of_seat = Invitation.objects.filter(invited_by_seat=OuterRef("pk"), link=None)
    made = of_seat.order_by().values("invited_by_seat").annotate(count=Count("pk")).values("count")
    came = of_seat.order_by().values("invited_by_seat").annotate(count=Count("acceptances")).values("count")
    counted = Seat.objects.annotate(
        made=Coalesce(Subquery(made, output_field=IntegerField()), 0),
        came=Coalesce(Subquery(came, output_field=IntegerField()), 0),
    )
    return counted.filter(made__gt=0).select_related("person", "studio")


def inviters(seats: Iterable[Seat]) -> list[Inviter]:
    """`inviting_seats` with what stands above and below each. Two queries, however many they are."""
    seats = list(seats)
    chains, below = _chains([seat.pk for seat in seats]), _below([seat.pk for seat in seats])
    return [
        Inviter(
            seat=seat,
            made=getattr(seat, "made", 0),
            came=getattr(seat, "came", 0),
            below=below.get(seat.pk, 0),
            depth=len(chains[seat.pk]),
        )
        for seat in seats
    ]


def chain_of(seat: Seat) -> list[Seat]:
    """The seat, who invited it, who invited that one, and so on; the last was invited by the lab."""
    numbers = _chains([seat.pk])[seat.pk]
    seats = Seat.objects.select_related("person", "studio").in_bulk(numbers)
    return [seats[number] for number in numbers]


def brought_by(seat: Seat | None) -> QuerySet[InvitationUse]:
    """Whom a seat brought in; None: the lab."""
    came = InvitationUse.objects.filter(invitation__invited_by_seat=seat)
    return came.select_related("person", "seat__studio", "seat__person")


def made_by_the_lab() -> int:
    return Invitation.objects.filter(invited_by_seat=None, link=None).count()


def _chains(seats: list[int]) -> dict[int, list[int]]:
    chains: dict[int, list[int]] = defaultdict(list)
    for origin, seat, _ in _ask(_UP, seats):
        chains[origin].append(seat)
    return chains


def _below(seats: list[int]) -> dict[int, int]:
    return dict(_ask(_BELOW, seats))


def _ask(sql: str, seats: list[int]) -> list[Any]:
    if not seats:
        return []
    places = ", ".join(["%s"] * len(seats))
    with connection.cursor() as cursor:
        cursor.execute(sql.format(places=places, deepest=DEEPEST), seats)
        return cursor.fetchall()
