"""Shut a studio or a seat for the lab, and open it again. Each is one transaction, audited, and heard by `withdrawn`.

Every verb here holds the studio's row (accounts' verbs take it too, and so does whoever accepts a take), so of two at
once the second sees what the first did, and nothing is accepted once a suspension has committed.
"""

from collections.abc import Callable

from django.db import transaction
from django.utils import timezone

from access.errors import ShutByTheLab
from access.models import Suspension
from access.reasons import LONGEST, reason_given
from access.signals import withdrawn
from access.suspensions import queries
from accounts import actions as accounts
from accounts.models import Seat, Studio
from audit.actions import Actor, record


@transaction.atomic
def suspend_studio(*, studio: Studio, reason: str, running_work: str, actor: Actor) -> Suspension:
    """Shut a whole studio. One that the lab shut already keeps its first suspension.

    `running_work` is a Suspension.RunningWork value: what becomes of its takes under way. Raises ReasonNeeded.
    """
    reason, rule = reason_given(reason), Suspension.RunningWork(running_work)
    _hold(studio)
    if known := queries.open_suspension(studio=studio):
        return known
    made = Suspension.objects.create(studio=studio, reason=reason, running_work=rule, by_id=actor.person_id)
    accounts.suspend_studio(studio=studio, actor=actor, reason=reason, running_work=rule.value)
    _tell(made, actor)
    return made


@transaction.atomic
def restore_studio(*, studio: Studio, actor: Actor, reason: str = "") -> None:
    """Open a studio again. Seats that were suspended by themselves stay so. An open studio stays as it is."""
    _hold(studio)
    reason = _end(queries.open_suspension(studio=studio), reason, actor)
    accounts.restore_studio(studio=studio, actor=actor, reason=reason)


@transaction.atomic
def suspend_seat(*, seat: Seat, reason: str, running_work: str, actor: Actor) -> Suspension:
    """Shut one seat, the last owner's too; nobody else in the studio notices, and only the lab opens it again.

    A seat that the lab shut already keeps its first suspension. Raises ReasonNeeded.
    """
    reason, rule = reason_given(reason), Suspension.RunningWork(running_work)
    _hold(seat.studio)
    if known := queries.open_suspension(seat=seat):
        return known
    was_shut = Seat.objects.filter(pk=seat.pk, suspended_at__isnull=False).exists()
    made = Suspension.objects.create(
        seat=seat, reason=reason, running_work=rule, by_id=actor.person_id, was_shut=was_shut
    )
    facts = {"reason": reason, "running_work": rule.value, "by_the_lab": True}
    if was_shut:
        record(actor=actor, action="seat.suspended", target=seat, studio=seat.studio_id, facts=facts)
    else:
        accounts.suspend_seat(seat=seat, actor=actor, keep_an_owner=False, **facts)
    _tell(made, actor)
    return made


@transaction.atomic
def restore_seat(*, seat: Seat, actor: Actor, reason: str = "") -> None:
    """Lift the lab's suspension of a seat. One that its own studio had suspended before stays suspended by it."""
    _hold(seat.studio)
    open_one = queries.open_suspension(seat=seat)
    if open_one is None:
        return
    reason = _end(open_one, reason, actor)
    if open_one.was_shut:
        facts = {"reason": reason, "by_the_lab": True, "still_shut_by_its_studio": True}
        record(actor=actor, action="seat.restored", target=seat, studio=seat.studio_id, facts=facts)
    else:
        accounts.restore_seat(seat=seat, actor=actor, reason=reason, by_the_lab=True)


@transaction.atomic
def stop_work(*, suspension: Suspension, actor: Actor) -> Suspension:
    """Stop what was let finish: for a suspension that is open and said so. Any other stays as it is."""
    letting = Suspension.objects.filter(pk=suspension.pk, ended_at=None, running_work=Suspension.RunningWork.FINISH)
    _hold(queries.studio_of(suspension))
    if letting.update(running_work=Suspension.RunningWork.STOP):
        suspension.refresh_from_db()
        record(
            actor=actor,
            action="suspension.work_stopped",
            target=suspension,
            studio=queries.studio_of(suspension),
            facts={"seat": suspension.seat_id},
        )
        _tell(suspension, actor)
    suspension.refresh_from_db()
    return suspension


@transaction.atomic
def let_the_studio(*, seat: Seat, verb: Callable[..., Seat], actor: Actor) -> Seat:
    """Do what a studio's own owner does to a seat (suspend, restore, end, …), unless the lab has shut that seat.

    Raises ShutByTheLab, and what the verb raises.
    """
    _hold(seat.studio)
    if queries.open_suspension(seat=seat):
        raise ShutByTheLab(
            f"The lab suspended {seat.person.name}'s seat. It can open it again; write to the lab to have it looked at."
        )
    return verb(seat=seat, actor=actor)


def _hold(studio: Studio) -> None:
    Studio.objects.select_for_update(no_key=True).get(pk=studio.pk)


def _end(suspension: Suspension | None, reason: str, actor: Actor) -> str:
    """Close the suspension's row, if there is one; the reason as it was kept."""
    reason = reason.strip()[:LONGEST]
    if suspension is not None:
        suspension.ended_at, suspension.ended_by_id = timezone.now(), actor.person_id
        suspension.ended_reason = reason
        suspension.save(update_fields=["ended_at", "ended_by", "ended_reason"])
    return reason


def _tell(suspension: Suspension, actor: Actor) -> None:
    withdrawn.send(
        Suspension,
        studio_id=suspension.studio_id,
        seat_id=suspension.seat_id,
        rule=suspension.running_work,
        reason=suspension.reason,
        actor=actor,
    )
