"""Verbs that move a rollout: open, widen, halt, resume, roll back, shut, finish. Each is one transaction and audited.

Whoever opens something names the version they saw, and of two who act at once one is told. Whoever shuts something is
never asked for a version, and never waits for a measurement: what is wrong is stopped first.
"""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from access import signals
from access.errors import GateShut, InvalidRollout
from access.models import Approval, Listing, Rollout, Stage
from access.reasons import reason_given
from access.rollouts import gates, queries
from access.rollouts.moving import locked, move, note, seen
from access.rules import ALL
from accounts.models import Person, Studio
from audit.actions import Actor, record

# --- Forward ---------------------------------------------------------------------------------------------------------


@transaction.atomic
def approve(*, stage: Stage, person: Person, actor: Actor) -> Approval:
    """Sign off the stage that would open next. Once for each person, however often they press."""
    rollout = locked(stage.rollout_id)
    if stage.position != rollout.position + 1:
        raise InvalidRollout(f"Only the next stage is signed off, and that is not “{stage.name}”.")
    approval, new = Approval.objects.get_or_create(stage=stage, person=person)
    if new:
        note(rollout, "rollout.approved", actor, stage=stage.position, name=stage.name)
    return approval


@transaction.atomic
def take_back_approval(*, stage: Stage, person: Person, actor: Actor) -> None:
    gone, _ = Approval.objects.filter(stage=stage, person=person).delete()
    if gone:
        note(stage.rollout, "rollout.approval_taken_back", actor, stage=stage.position, name=stage.name)


@transaction.atomic
def open_stage(*, rollout: Rollout, position: int, version: int, actor: Actor) -> Stage:
    """Open the stage at `position`, which must be the next, at the first step of its ramp.

    Measure the guardrails right before (guardrails.actions.look): what is read here is the newest look. Raises
    Outpaced, InvalidRollout for a stage that would be skipped or is open, GateShut with every reason.
    """
    rollout = seen(rollout, version)
    stage = rollout.stages.filter(position=position).first()
    if stage is None:
        raise InvalidRollout(f"“{rollout.name}” has no stage {position}. Add it to the plan first.")
    if position != rollout.position + 1:
        word = "is open already" if position <= rollout.position else f"would skip stage {rollout.position + 1}"
        raise InvalidRollout(f"Stage {position} {word}. Stages open one after the other.")
    now = timezone.now()
    if reasons := gates.holds(queries.gate_of(stage), queries.facts(rollout, now)):
        raise GateShut(reasons)
    stage.reached_ppm, stage.opened_at, stage.widened_at, stage.measured_since = stage.ramp[0], now, now, now
    stage.save(update_fields=["reached_ppm", "opened_at", "widened_at", "measured_since"])
    move(rollout, state=Rollout.State.OPEN, position=position)
    note(rollout, "rollout.stage_opened", actor, stage=position, name=stage.name, ppm=stage.reached_ppm)
    return stage


@transaction.atomic
def widen(*, rollout: Rollout, version: int, actor: Actor, ppm: int | None = None) -> Stage:
    """Take the open stage's next step, or go to `ppm`. Raises Outpaced, InvalidRollout, GateShut."""
    rollout = seen(rollout, version)
    stage = _open_stage(rollout)
    to = stage.next_ppm if ppm is None else ppm
    if to is None:
        raise InvalidRollout(f"“{stage.name}” is at the end of its ramp. Open the next stage.")
    if to <= stage.reached_ppm:
        raise InvalidRollout(
            f"“{stage.name}” is at {stage.percent:g} %. A percentage never shrinks, for nobody who was let in is "
            "dropped; halt, or roll the stage back.",
            "ppm",
        )
    if to > stage.ramp[-1]:
        raise InvalidRollout(
            f"The plan of “{stage.name}” ends at {stage.ramp[-1] / 10_000:g} %. Change the plan first."
        )
    now = timezone.now()
    wait = timedelta(hours=stage.ramp_wait_hours)
    hours = {"hour_from": stage.hour_from, "hour_until": stage.hour_until}
    if reasons := gates.holds_ramp(wait=wait, **hours, facts=queries.facts(rollout, now)):
        raise GateShut(reasons)
    before, stage.reached_ppm, stage.widened_at = stage.reached_ppm, to, now
    stage.save(update_fields=["reached_ppm", "widened_at"])
    move(rollout)
    note(rollout, "rollout.widened", actor, stage=stage.position, name=stage.name, ppm=to, before=before)
    return stage


@transaction.atomic
def resume(*, rollout: Rollout, version: int, reason: str, actor: Actor) -> Rollout:
    """Go on after a halt, where it stopped; guardrails count anew from here. Raises Outpaced, InvalidRollout."""
    rollout = seen(rollout, version)
    if rollout.state != Rollout.State.HALTED:
        raise InvalidRollout(f"“{rollout.name}” is not halted.")
    reason = reason_given(reason)
    rollout.stages.filter(position=rollout.position).update(measured_since=timezone.now())
    move(rollout, state=Rollout.State.OPEN)
    note(rollout, "rollout.resumed", actor, stage=rollout.position, reason=reason)
    return rollout


@transaction.atomic
def finish(*, rollout: Rollout, version: int, reason: str, actor: Actor) -> Rollout:
    """End a rollout that has come to its end: from now on the tiers alone say who may use the model, and a feature is
    everybody's. Nobody who was let in loses it: a tier that does not list the model stands in the way."""
    rollout = seen(rollout, version)
    reason = reason_given(reason)
    stage = _open_stage(rollout)
    if rollout.is_shut:
        raise InvalidRollout("It is shut for everybody. Open it again first.")
    if stage.next_ppm is not None or rollout.stages.filter(position__gt=stage.position).exists():
        raise InvalidRollout("There are stages or steps left. A rollout is finished when its last stage is at its end.")
    if rollout.kind == Rollout.Kind.MODEL:
        for tier in {tier for one in rollout.stages.prefetch_related("tiers") for tier in one.tiers.all()}:
            if not (set(tier.models) >= ALL or rollout.target in tier.models):
                raise InvalidRollout(
                    f"The tier {tier.name} does not list {rollout.target}, so its studios would lose it. Add the model "
                    "to the tier first."
                )
    move(rollout, state=Rollout.State.FINISHED)
    note(rollout, "rollout.finished", actor, stage=stage.position, reason=reason)
    return rollout


@transaction.atomic
def open_again(*, rollout: Rollout, version: int, reason: str, actor: Actor) -> Rollout:
    """Undo `shut`: whoever the stages and the lists admit is in again."""
    rollout = seen(rollout, version)
    reason = reason_given(reason)
    if rollout.is_shut:
        rollout.shut_at = None
        rollout.save(update_fields=["shut_at"])
        move(rollout)
        note(rollout, "rollout.opened_again", actor, reason=reason)
    return rollout


# --- Back ------------------------------------------------------------------------------------------------------------


@transaction.atomic
def halt(*, rollout: Rollout, reason: str, actor: Actor) -> bool:
    """Stop admitting through the open stage; the stages before it stay. False where nothing was open.

    What was accepted finishes or is stopped, as the rollout's `running_work` says.
    """
    rollout = locked(rollout.pk)
    if rollout.state != Rollout.State.OPEN:
        return False
    reason = reason_given(reason)
    stage = rollout.stages.get(position=rollout.position)
    move(rollout, state=Rollout.State.HALTED)
    facts = {"stage": stage.position, "name": stage.name, "ppm": stage.reached_ppm, "work": rollout.running_work}
    note(rollout, "rollout.halted", actor, reason=reason, **facts)
    _stop_work(rollout, [stage.pk], reason, actor)
    return True


@transaction.atomic
def roll_back(*, rollout: Rollout, reason: str, actor: Actor, to: int | None = None) -> Rollout:
    """Close the open stage, or every stage above `to`, past all gates. 0 closes all; the lists by name stay."""
    rollout = locked(rollout.pk)
    to = rollout.position - 1 if to is None else to
    if rollout.state not in (Rollout.State.OPEN, Rollout.State.HALTED) or not 0 <= to < rollout.position:
        raise InvalidRollout("There is nothing to roll back to from here.")
    reason = reason_given(reason)
    closed = rollout.stages.filter(position__gt=to, position__lte=rollout.position)
    ids = list(closed.values_list("pk", flat=True))
    Approval.objects.filter(stage__in=ids).delete()
    closed.update(reached_ppm=0, opened_at=None, widened_at=None, measured_since=None)
    before = rollout.position
    move(rollout, state=Rollout.State.OPEN if to else Rollout.State.PLANNED, position=to)
    work = rollout.running_work
    note(rollout, "rollout.rolled_back", actor, **{"from": before, "to": to, "reason": reason, "work": work})
    _stop_work(rollout, ids, reason, actor)
    return rollout


@transaction.atomic
def shut(*, rollout: Rollout, reason: str, actor: Actor) -> Rollout:
    """The kill switch: nobody may, from now on, those let in by name included. Undone by `open_again`."""
    rollout = locked(rollout.pk)
    if rollout.is_shut or rollout.state == Rollout.State.FINISHED:
        return rollout
    reason = reason_given(reason)
    rollout.shut_at = timezone.now()
    rollout.save(update_fields=["shut_at"])
    move(rollout)
    note(rollout, "rollout.shut", actor, reason=reason, work=rollout.running_work)
    _stop_work(rollout, list(rollout.stages.values_list("pk", flat=True)), reason, actor)
    return rollout


def stop_stragglers(rollout: Rollout, actor: Actor) -> None:
    """A process that had not heard of a closing yet may have let work in after it: stop that too, where that is the
    rule. Safe to repeat."""
    closed = rollout.stages.filter(reached_ppm=0)
    if rollout.is_shut:
        closed = rollout.stages.all()
    elif rollout.state == Rollout.State.HALTED:
        closed = rollout.stages.filter(position__gte=rollout.position)
    _stop_work(rollout, list(closed.values_list("pk", flat=True)), "It was let in as its stage closed", actor)


# --- By name ---------------------------------------------------------------------------------------------------------


@transaction.atomic
def list_by_name(
    *,
    rollout: Rollout,
    kind: str,
    reason: str,
    actor: Actor,
    studio: Studio | None = None,
    person: Person | None = None,
) -> Listing:
    """Let one studio or person in, or keep them out, whatever the stages say. A new listing replaces the former."""
    if (studio is None) == (person is None):
        raise TypeError("list_by_name() takes a studio or a person, and one of them.")
    if kind not in Listing.Kind.values:
        raise InvalidRollout(f"“{kind}” is neither allow nor deny.", "kind")
    reason = reason_given(reason)
    rollout = locked(rollout.pk)
    same = Listing.objects.filter(rollout=rollout, studio=studio, person=person, ended_at=None)
    former = same.first()
    if former is not None and former.kind == kind:
        return former
    same.update(ended_at=timezone.now())
    made = Listing.objects.create(
        rollout=rollout, kind=kind, studio=studio, person=person, reason=reason, by_id=actor.person_id
    )
    whom = {"studio": studio.pk} if studio else {"person": person.pk if person else None}
    record(
        actor=actor,
        action="rollout.listed",
        target=rollout,
        studio=studio,
        facts={"kind": kind, "reason": reason, "listing": made.pk} | whom,
    )
    return made


@transaction.atomic
def unlist(*, listing: Listing, actor: Actor) -> Listing:
    """End a listing: the stages decide again."""
    if Listing.objects.filter(pk=listing.pk, ended_at=None).update(ended_at=timezone.now()):
        record(
            actor=actor,
            action="rollout.unlisted",
            target=listing.rollout,
            studio=listing.studio_id,
            facts={"listing": listing.pk, "kind": listing.kind},
        )
    listing.refresh_from_db()
    return listing


# --- What the verbs share --------------------------------------------------------------------------------------------


def _open_stage(rollout: Rollout) -> Stage:
    if rollout.state not in (Rollout.State.OPEN, Rollout.State.HALTED):
        raise InvalidRollout(f"“{rollout.name}” has no open stage.")
    return rollout.stages.get(position=rollout.position)


def _stop_work(rollout: Rollout, stage_ids: list[int], reason: str, actor: Actor) -> None:
    if rollout.running_work == Rollout.RunningWork.STOP and stage_ids:
        signals.stages_closed.send(Rollout, stage_ids=stage_ids, reason=reason, actor=actor)
