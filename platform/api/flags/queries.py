"""Whoever a key may ask about, and what decides for them. Two queries at most for whoever is asked about; none of them
grows with the number of rollouts."""

from typing import Any

from rest_framework.exceptions import PermissionDenied

from access import queries as access
from access import snapshot
from accounts.models import ApiKey, Seat, Studio
from accounts.queries import duties_of
from api.base import EVERY_SEAT
from api.flags.errors import Unanswerable
from api.flags.rules import Subject, Target, digest, flag


def subject_for(key: ApiKey, target: Target) -> Subject:
    """A key asks about its own studio and the seats in it; that of an operator or an access lead about anybody.

    Raises PermissionDenied for another studio, and Unanswerable for whom the lab does not find.
    """
    seat = _seat_of(key, target)
    is_its_own = seat is not None and seat.studio_id == key.seat.studio_id
    # The same words and the same work, whether there is such a studio or not.
    if not is_its_own and not duties_of(key.seat.person) & EVERY_SEAT:
        raise PermissionDenied("This key asks about its own studio and the seats in it. Send one of those.")
    if seat is None:
        raise Unanswerable(f"There is nobody under {target}. Send a studio or a seat that is there.")
    mine = access.own(seat)
    as_a_whole = target.seat is None
    return Subject(
        target=target,
        studio_id=seat.studio_id,
        person_id=None if as_a_whole else seat.person_id,
        suspended=seat.studio.suspended_at is not None
        or not (as_a_whole or (seat.ended_at is None and seat.suspended_at is None and seat.person.is_active)),
        tier_id=mine.tier_id,
        tier="" if mine.tier_id is None else snapshot.tier(mine.tier_id).name,
        listed=mine.listed,
        rights=access.resolved(seat, mine),
    )


def bulk_for(subject: Subject) -> tuple[dict[str, Any], str]:
    """Every flag for them as {flags, metadata}, oldest first, and the digest of that."""
    told = {
        "flags": [flag(rollout, subject) for rollout in snapshot.current().rollouts],
        "metadata": {"subject": str(subject.target)} | ({"tier": subject.tier} if subject.tier else {}),
    }
    return told, digest(told)


def _seat_of(key: ApiKey, target: Target) -> Seat | None:
    """The seat, or nobody's in the studio; no query for the key's own."""
    mine = key.seat
    if target.seat is not None:
        everybodys = Seat.objects.select_related("studio", "person")
        return mine if target.seat == mine.pk else everybodys.filter(pk=target.seat).first()
    studio = mine.studio if target.studio == mine.studio.slug else Studio.objects.filter(slug=target.studio).first()
    return None if studio is None else _as_a_whole(studio)


def _as_a_whole(studio: Studio) -> Seat:
    """Nobody's seat there, never saved: it has what is the studio's, and nothing that is one person's."""
    return Seat(studio=studio, person_id=0, role=Seat.Role.OWNER)
