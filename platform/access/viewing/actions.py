"""Look at the house as a seat sees it, for support: with a reason, for half an hour, changing nothing, on record."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from access.errors import AccessProblem
from access.letters import actions as letters
from access.reasons import reason_given
from accounts.models import Seat
from accounts.queries import owners_of
from audit.actions import Actor, record

LENGTH = timedelta(minutes=30)


class NothingToSee(AccessProblem):
    """The seat is shut: it sees nothing, and neither would whoever looks as it."""

    code = "nothing_to_see"


@transaction.atomic
def start(*, seat: Seat, reason: str, actor: Actor) -> datetime:
    """Begin to look as `seat`; returns until when. The studio's owners get a letter with the reason."""
    reason = reason_given(reason)
    if not seat.is_open:
        raise NothingToSee(
            f"{seat.person.name}'s seat at {seat.studio.name} is shut, so there is nothing to see from it."
        )
    until = timezone.now() + LENGTH
    made = record(
        actor=actor,
        action="viewing.started",
        target=seat,
        studio=seat.studio_id,
        facts={"reason": reason, "until": until.isoformat()},
    )
    for owner in owners_of(seat.studio):
        words = {"owner": owner, "seat": seat, "reason": reason}
        letters.write(
            key=f"viewing:{made.pk}:{owner.pk}", to=owner.email, template="access/letters/viewing.txt", words=words
        )
    return until


@transaction.atomic
def end(*, seat: Seat, actor: Actor, by: str = "hand") -> None:
    """Say that the look has ended, by hand or because its time was over."""
    record(actor=actor, action="viewing.ended", target=seat, studio=seat.studio_id, facts={"by": by})
