"""The story of one prompt, from words to clip. Every verb is one transaction and leaves an entry in the audit log."""

import secrets
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

import screening.policy
from access import queries as access
from access.rules import Entitlements
from accounts.models import ApiKey, Seat
from audit.actions import Actor, record
from generation import actions as generation
from generation import catalogue
from generation import queries as rendering
from generation.models import Event
from quotas import actions as quotas
from quotas import queries as balances
from quotas.errors import InsufficientCredits
from screening.policy import Decision
from takes.errors import Conflict, OutOfCredits, Problem, TooMany
from takes.models import Project, Reference, Take
from takes.permits import actor, check_key, may, may_submit, once, still_open
from takes.queries import days_takes, under_way
from takes.wishes import Plan, Wish, fingerprint, plan

# --- One prompt ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Preflight:
    """What would happen to a prompt if it were sent now. Nothing was written to find out.

    `price` and `available` are credits; `wait_seconds` is the time until a clip could be played, None where no render
    of this model has been measured yet; `unknown_words` are words the model was never taught.
    """

    plan: Plan
    decision: Decision
    problems: tuple[Problem, ...]
    available: int
    jobs_ahead: int
    wait_seconds: float | None
    unknown_words: tuple[str, ...]

    @property
    def runs(self) -> bool:
        return not self.problems and not self.decision.is_refused

    @property
    def price(self) -> int:
        return self.plan.price


def preflight(
    *, seat: Seat, project: Project, prompt: str, wish: Wish, reference: Reference | None = None
) -> Preflight:
    """The way of `submit` up to its decision, writing nothing. Raises what makes an answer impossible."""
    entitlements = access.entitlements(seat)
    may_submit(entitlements, project)
    planned = _plan(entitlements, prompt, wish, reference, seed=0)
    decision = _decide(planned, reference, entitlements)
    balance = balances.balance(seat.studio)
    problems = [*planned.problems, *_limits(seat, planned.rights)]
    if planned.price > balance.available:
        problems.append(OutOfCredits(InsufficientCredits(planned.price, balance.available).message))
    forecast = rendering.forecast(planned.spec, **_turn(seat, planned))
    return Preflight(
        plan=planned,
        decision=decision,
        problems=tuple(problems),
        available=balance.available,
        jobs_ahead=forecast.ahead,
        wait_seconds=forecast.seconds,
        unknown_words=_unknown_words(planned),
    )


def submit(
    *,
    seat: Seat,
    project: Project,
    prompt: str,
    wish: Wish,
    key: str,
    reference: Reference | None = None,
    remix_of: Take | None = None,
    retry_of: Take | None = None,
    api_key: ApiKey | None = None,
) -> Take:
    """Send a prompt. The same key with the same request gives the first take again; with another, Conflict.

    Raises a Problem, and writes nothing, where the wish cannot be had as it is. A prompt that the policy refuses is
    not a problem but an answer: a take in state `refused`, for which nothing is charged.
    """
    check_key(key)
    asked = fingerprint(
        project=project.pk,
        prompt=prompt,
        wish=wish,
        reference=reference and reference.pk,
        remix_of=remix_of and remix_of.pk,
        retry_of=retry_of and retry_of.pk,
    )

    def new() -> Take:
        entitlements = access.entitlements(seat)
        may_submit(entitlements, project)
        planned = _plan(entitlements, prompt, wish, reference, seed=secrets.randbelow(catalogue.SEEDS))
        if planned.problems:
            raise planned.problems[0]
        decision = _decide(planned, reference, entitlements)

        take = Take(
            project=project,
            studio=seat.studio,
            seat=seat,
            stage_id=planned.rights.stage_of(planned.entry.id),
            api_key=api_key,
            number=_next_number(project),
            prompt=prompt.strip(),
            spec=planned.spec.to_json(),
            seconds=round(planned.seconds, 3),
            price=planned.price,
            reference=reference,
            remix_of=remix_of,
            retry_of=retry_of,
            key=key,
            fingerprint=asked,
            decision=decision.to_json(),
        )
        if decision.verdict == screening.policy.REFUSE:
            _refuse(take, decision)
        else:
            still_open(seat)
            _hold(take)
            # Counted after the hold: the hold has locked the studio's account, so two at once cannot both pass.
            for problem in _limits(seat, planned.rights):
                raise problem
            if decision.verdict == screening.policy.REVIEW:
                take.state = Take.State.IN_REVIEW
            else:
                _enqueue(take, planned)
        take.save(force_insert=True)
        record(
            actor=actor(seat, api_key),
            action=f"take.{'refused' if take.state == Take.State.REFUSED else 'submitted'}",
            target=take,
            studio=seat.studio,
            facts={
                "project": str(project.pk),
                "number": take.number,
                "model": planned.spec.model,
                "revision": planned.spec.revision,
                "stage": take.stage_id,
                "price": take.price,
                "verdict": decision.verdict,
                "policy": decision.policy_version,
                "rules": sorted({finding.rule for finding in decision.findings}),
            },
            personal={"prompt": take.prompt},
        )
        return take

    return once(Take, asked, new, seat=seat, key=key)


def finish(event: Event) -> None:
    """Take over what `generation` reports of a job. Once for every event, whoever reads it and however often."""
    with transaction.atomic():
        if not generation.mark_handled([event.pk]):
            return
        take = Take.objects.select_for_update(of=("self",)).select_related("studio").filter(job_id=event.job_id).first()
        if take is None or not take.is_under_way:
            return
        if event.kind == Event.Kind.STARTED:
            take.state, take.started_at = Take.State.RENDERING, event.created_at
            take.save(update_fields=["state", "started_at"])
            return
        take.finished_at = event.created_at
        if event.kind == Event.Kind.SUCCEEDED:
            take.state = Take.State.READY
            quotas.settle(key=take.hold_key)
        elif event.kind == Event.Kind.CANCELLED:
            take.state = Take.State.CANCELLED
            quotas.release(key=take.hold_key, reason="cancelled")
        else:
            take.state = Take.State.FAILED
            take.error_code = event.payload["code"]
            take.error_message = event.payload["message"]
            quotas.release(key=take.hold_key, reason="failed")
        take.save(update_fields=["state", "finished_at", "error_code", "error_message"])
        record(
            actor=Actor.house("takes"),
            action=f"take.{take.state}",
            target=take,
            studio=take.studio,
            facts={"job": str(take.job_id), "charged": take.price if take.state == Take.State.READY else 0}
            | ({"error": take.error_code} if take.error_code else {}),
        )


def cancel(*, seat: Seat, take: Take, api_key: ApiKey | None = None) -> Take:
    """Stop a take. One that waits ends at once; one that renders ends within a denoising step. Ended ones stay so."""
    with transaction.atomic():
        may(access.entitlements(seat), "submit")
        take = Take.objects.select_for_update().get(pk=take.pk)
        if not take.is_under_way:
            return take
        if take.job_id:
            generation.cancel(take.job_id)
        else:
            take.state, take.finished_at = Take.State.CANCELLED, timezone.now()
            take.save(update_fields=["state", "finished_at"])
            quotas.release(key=take.hold_key, reason="cancelled")
        record(actor=actor(seat, api_key), action="take.cancel_asked", target=take, studio=take.studio_id, facts={})
    return take


def retry(*, seat: Seat, take: Take, key: str, api_key: ApiKey | None = None) -> Take:
    """Send the same words again, as a new take, after one that failed or was cancelled."""
    if take.state not in (Take.State.FAILED, Take.State.CANCELLED):
        raise Conflict(f"{take} is {take.get_state_display().lower()}. Only a failed or cancelled take is sent again.")
    return submit(
        seat=seat,
        project=take.project,
        prompt=take.prompt,
        wish=wish_of(take),
        key=key,
        reference=take.reference,
        remix_of=take.remix_of,
        retry_of=take,
        api_key=api_key,
    )


def remix(
    *, seat: Seat, take: Take, prompt: str, key: str, wish: Wish | None = None, api_key: ApiKey | None = None
) -> Take:
    """A new take from a ready one: other words, and the same seed and shape unless the wish says otherwise."""
    if take.state != Take.State.READY:
        raise Conflict(f"{take} is {take.get_state_display().lower()}. A remix starts from a take that is ready.")
    return submit(
        seat=seat,
        project=take.project,
        prompt=prompt,
        wish=wish or wish_of(take),
        key=key,
        reference=take.reference,
        remix_of=take,
        api_key=api_key,
    )


def wish_of(take: Take) -> Wish:
    """The wish that would give this take again, seed and all."""
    return Wish(**{name: take.spec[name] for name in ("model", "width", "height", "frames", "seed", "steps")})


# --- The steps of the story ------------------------------------------------------------------------------------------


def _plan(entitlements: Entitlements, prompt: str, wish: Wish, reference: Reference | None, *, seed: int) -> Plan:
    return plan(
        prompt=prompt, wish=wish, seed=seed, entitlements=entitlements, reference=reference.file if reference else None
    )


def _unknown_words(planned: Plan) -> tuple[str, ...]:
    taught = planned.entry.words()
    return tuple(taught.unknown_words(planned.spec.prompt)) if taught else ()


def _decide(planned: Plan, reference: Reference | None, entitlements: Entitlements) -> Decision:
    images = [reference] if reference else []
    # Words beyond what the model reads stand in the way already; screening them would only take time.
    words = planned.spec.prompt[: planned.entry.prompt_limit]
    return screening.policy.decide(screening.policy.in_force(), words, images, entitlements)


def _refuse(take: Take, decision: Decision) -> None:
    first = next(finding for finding in decision.findings if finding.verdict == screening.policy.REFUSE)
    take.state, take.finished_at = Take.State.REFUSED, timezone.now()
    take.error_code, take.error_message = first.rule, first.message


def _hold(take: Take) -> None:
    try:
        quotas.hold(studio=take.studio, amount=take.price, key=take.hold_key, memo=str(take))
    except InsufficientCredits as short:
        raise OutOfCredits(short.message) from short


def _enqueue(take: Take, planned: Plan) -> None:
    job = generation.enqueue(key=take.hold_key, spec=planned.spec, **_turn(take.seat, planned))
    take.job_id, take.state = job.pk, Take.State.QUEUED


def _turn(seat: Seat, planned: Plan) -> dict[str, Any]:
    """Where a job stands in the fair order: one lane for each studio, and credits as the measure of its size."""
    return {"lane": f"studio:{seat.studio_id}", "weight": planned.rights.queue_weight, "estimate": planned.price}


def _limits(seat: Seat, entitlements: Entitlements) -> list[Problem]:
    """How much more a studio may start now."""
    problems: list[Problem] = []
    if (now := under_way(seat.studio)) >= entitlements.concurrency:
        problems.append(
            TooMany(
                f"{now} takes of your studio are under way, as many as your tier allows. Wait for one to end, or "
                "cancel one."
            )
        )
    if entitlements.daily_takes and (today := days_takes(seat.studio)) >= entitlements.daily_takes:
        problems.append(
            TooMany(f"Your studio has sent {today} takes in the last 24 hours, as many as your tier allows.")
        )
    return problems


def _next_number(project: Project) -> int:
    Project.objects.filter(pk=project.pk).update(last_number=F("last_number") + 1, touched_at=timezone.now())
    return Project.objects.values_list("last_number", flat=True).get(pk=project.pk)
