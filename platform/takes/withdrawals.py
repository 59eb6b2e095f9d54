"""Takes that are stopped because what let them in was withdrawn: a stage was closed, a studio or a seat was shut.

Everything happens in the transaction of the withdrawal itself. Locks are taken in the order of every other verb: takes,
then jobs, and accounts of credits last.
"""

import uuid
from collections.abc import Iterator
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.dispatch import receiver
from django.utils import timezone

from access import signals
from access.models import Suspension
from audit.actions import Actor, record
from generation import actions as generation
from generation.models import JobState
from quotas import actions as quotas
from takes.models import Take

BATCH = 200
TOLD = "The lab stopped this take."


@receiver(signals.stages_closed)
def on_stages_closed(*, stage_ids: list[int], reason: str, actor: Actor, **_: object) -> None:
    stop(Take.objects.filter(stage_id__in=stage_ids), reason=reason, actor=actor)


@receiver(signals.withdrawn)
def on_withdrawn(
    *, studio_id: int | None, seat_id: int | None, rule: str, reason: str, actor: Actor, **_: object
) -> None:
    if rule == Suspension.RunningWork.STOP:
        whose = {"studio": studio_id} if seat_id is None else {"seat": seat_id}
        stop(Take.objects.filter(**whose), reason=reason, actor=actor)


@transaction.atomic
def stop(takes: QuerySet[Take], *, reason: str, actor: Actor) -> int:
    """Stop those that are under way: what waits ends now, its credits back at once; what renders ends within a step.

    Returns how many were concerned. Call it in a transaction that keeps others of the kind out (permits.still_open).
    """
    ended: list[tuple[int, uuid.UUID]] = []
    concerned = 0
    for batch in _batches(takes.filter(state__in=Take.UNDER_WAY).order_by("pk")):
        concerned += len(batch)
        ended += [(take.studio_id, take.pk) for take in batch if _stop(take, reason, actor)]
    # Accounts come last: whoever ends a take holds that take when they ask for its account. In the order of studios, so
    # that two who stop takes of several studios at once do not wait for each other in a ring.
    for _, pk in sorted(ended):
        quotas.release(key=Take(pk=pk).hold_key, reason="stopped by the lab")
    return concerned


def _batches(under_way: QuerySet[Take]) -> Iterator[list[Take]]:
    """Locked, in the order of their ids; memory for one batch at a time."""
    last = None
    while batch := list((under_way.filter(pk__gt=last) if last else under_way).select_for_update()[:BATCH]):
        yield batch
        last = batch[-1].pk


def _stop(take: Take, reason: str, actor: Actor) -> bool:
    """Whether the take has ended by this. One that renders is asked to, and its end comes through the outbox."""
    ends = take.job_id is None or generation.cancel(take.job_id).state == JobState.CANCELLED
    if ends:
        take.state, take.finished_at = Take.State.CANCELLED, timezone.now()
        take.error_code, take.error_message = "withdrawn", TOLD
        take.save(update_fields=["state", "finished_at", "error_code", "error_message"])
    facts: dict[str, Any] = {"reason": reason, "number": take.number, "state": take.state}
    record(actor=actor, action="take.withdrawn", target=take, studio=take.studio_id, facts=facts)
    return ends
