"""Takes that are stopped because what let them in was withdrawn: a stage of a rollout was closed."""

from django.db import transaction
from django.db.models import QuerySet
from django.dispatch import receiver
from django.utils import timezone

from access import signals
from audit.actions import Actor, record
from generation import actions as generation
from quotas import actions as quotas
from takes.models import Take

BATCH = 200


@receiver(signals.stages_closed)
def on_stages_closed(*, stage_ids: list[int], reason: str, actor: Actor, **_: object) -> None:
    stop(Take.objects.filter(stage_id__in=stage_ids), reason=reason, actor=actor)


@transaction.atomic
def stop(takes: QuerySet[Take], *, reason: str, actor: Actor) -> int:
    """Stop those that are under way: what waits ends now, what renders within a step, and every credit comes back.

    Returns how many were asked to stop.
    """
    under_way = takes.filter(state__in=Take.UNDER_WAY).order_by("pk")
    stopped, last = 0, None
    while batch := list((under_way.filter(pk__gt=last) if last else under_way).select_for_update()[:BATCH]):
        for take in batch:
            _stop(take, reason, actor)
        stopped, last = stopped + len(batch), batch[-1].pk
    return stopped


def _stop(take: Take, reason: str, actor: Actor) -> None:
    if take.job_id:
        generation.cancel(take.job_id)
    else:
        take.state, take.finished_at = Take.State.CANCELLED, timezone.now()
        take.save(update_fields=["state", "finished_at"])
        quotas.release(key=take.hold_key, reason="cancelled")
    facts = {"reason": reason, "number": take.number}
    record(actor=actor, action="take.withdrawn", target=take, studio=take.studio_id, facts=facts)
