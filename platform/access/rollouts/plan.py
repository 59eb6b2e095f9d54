"""Verbs that write a rollout's plan: the rollout itself, its stages, its guardrails."""

from dataclasses import asdict, dataclass, field
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.text import slugify

from access.errors import InvalidRollout
from access.guardrails import metrics
from access.models import Approval, Guardrail, Rollout, Stage, Tier
from access.rollouts import targets
from access.rollouts.moving import move, note, seen
from access.rollouts.rules import NARROWABLE, problems_of_stages
from access.rules import OVERRIDABLE
from audit.actions import Actor

MOST_STAGES = 12
MOST_STEPS = 20


@dataclass(frozen=True)
class StagePlan:
    """What a stage is to be. `ramp` in parts per million; hours are UTC; `limits` narrows the tier's."""

    name: str
    tiers: tuple[Tier, ...]
    ramp: tuple[int, ...]
    ramp_wait_hours: int = 24
    ramps_by_itself: bool = False
    limits: dict[str, Any] = field(default_factory=dict)
    wait_hours: int = 0
    hour_from: int = 0
    hour_until: int = 24
    minimum_sample: int = 0
    approvals_needed: int = 0


@dataclass(frozen=True)
class GuardrailPlan:
    metric: str
    compares: bool = True
    limit_ppm: int | None = None
    window_minutes: int = 60
    minimum_sample: int = 50
    failure_limit: int = 3
    action: str = Guardrail.Action.HALT


@transaction.atomic
def make(
    *,
    name: str,
    kind: str,
    target: str,
    actor: Actor,
    slug: str = "",
    subject: str = Rollout.Subject.STUDIO,
    running_work: str = Rollout.RunningWork.FINISH,
) -> Rollout:
    """A rollout without stages: from now on its model is open to nobody but through it. Raises InvalidRollout."""
    name, target = name.strip(), target.strip()
    slug = slug.strip() or slugify(name)[:60]
    _check(name, slug, kind, target, subject, running_work)
    try:
        with transaction.atomic():
            rollout = Rollout.objects.create(
                name=name,
                slug=slug,
                kind=kind,
                target=target,
                subject=subject,
                running_work=running_work,
                created_by_id=actor.person_id,
            )
    except IntegrityError:
        if Rollout.objects.filter(slug=slug).exists():
            raise InvalidRollout(f"There is a rollout under the key “{slug}”. Choose another key.", "slug") from None
        raise InvalidRollout(f"“{target}” is being rolled out already. Finish that one first.", "target") from None
    move(rollout)
    note(rollout, "rollout.made", actor, slug=slug, kind=kind, target=target, subject=subject, work=running_work)
    return rollout


def _check(name: str, slug: str, kind: str, target: str, subject: str, running_work: str) -> None:
    if not 1 <= len(name) <= 80:
        raise InvalidRollout("A rollout has a name of up to 80 characters.", "name")
    if slug != slugify(slug) or not 1 <= len(slug) <= 60:
        raise InvalidRollout("A key is made of small letters, digits and hyphens, up to 60.", "slug")
    if kind not in Rollout.Kind.values:
        raise InvalidRollout("Choose a model or a feature.", "kind")
    if kind == Rollout.Kind.MODEL and target not in targets.models():
        known = ", ".join(targets.models()) or "none yet"
        raise InvalidRollout(f"There is no model “{target}” in the catalogue; it has {known}.", "target")
    if not 1 <= len(target) <= 80 or (kind == Rollout.Kind.FEATURE and target != slugify(target)):
        raise InvalidRollout("A feature's name is made of small letters, digits and hyphens.", "target")
    if subject not in Rollout.Subject.values or running_work not in Rollout.RunningWork.values:
        raise InvalidRollout("Choose one of what is offered.")


@transaction.atomic
def change(*, rollout: Rollout, version: int, name: str, running_work: str, actor: Actor) -> Rollout:
    """Another name, or another rule for work under way. Target, subject and key stay: people's places hang on them."""
    rollout = seen(rollout, version)
    _check(name.strip(), rollout.slug, rollout.kind, rollout.target, rollout.subject, running_work)
    before = {"name": rollout.name, "work": rollout.running_work}
    rollout.name, rollout.running_work = name.strip(), running_work
    after = {"name": rollout.name, "work": rollout.running_work}
    if before != after:
        rollout.save(update_fields=["name", "running_work"])
        move(rollout)
        note(rollout, "rollout.changed", actor, before=before, after=after)
    return rollout


# --- Stages ----------------------------------------------------------------------------------------------------------


@transaction.atomic
def add_stage(*, rollout: Rollout, version: int, plan: StagePlan, actor: Actor) -> Stage:
    """A stage after the last. Raises Outpaced, InvalidRollout."""
    rollout = seen(rollout, version)
    _not_finished(rollout)
    position = rollout.stages.count() + 1
    if position > MOST_STAGES:
        raise InvalidRollout(f"A rollout has at most {MOST_STAGES} stages.")
    _check_stage(rollout, plan, position)
    stage = Stage.objects.create(rollout=rollout, position=position, **_columns(plan))
    stage.tiers.set(plan.tiers)
    move(rollout)
    note(rollout, "rollout.stage_added", actor, stage=position, **_facts(plan))
    return stage


@transaction.atomic
def change_stage(*, stage: Stage, version: int, plan: StagePlan, actor: Actor) -> Stage:
    """Another plan for a stage; what was signed off before is void. One that is open keeps everybody it has let in."""
    rollout = seen(stage.rollout, version)
    _not_finished(rollout)
    stage = rollout.stages.get(pk=stage.pk)
    _check_stage(rollout, plan, stage.position)
    if stage.is_open:
        if not {tier.pk for tier in stage.tiers.all()} <= {tier.pk for tier in plan.tiers}:
            raise InvalidRollout("This stage is open: tiers can join it, not leave it. Roll it back instead.", "tiers")
        if stage.reached_ppm > plan.ramp[-1]:
            raise InvalidRollout(
                f"This stage is at {stage.percent:g} % already, and a percentage never shrinks. Roll it back instead.",
                "ramp",
            )
    for name, value in _columns(plan).items():
        setattr(stage, name, value)
    stage.save()
    stage.tiers.set(plan.tiers)
    Approval.objects.filter(stage=stage).delete()
    move(rollout)
    note(rollout, "rollout.stage_changed", actor, stage=stage.position, **_facts(plan))
    return stage


@transaction.atomic
def remove_stage(*, stage: Stage, version: int, actor: Actor) -> None:
    """Take the last stage out of the plan, if it never opened."""
    rollout = seen(stage.rollout, version)
    if stage.position <= rollout.position:
        raise InvalidRollout("This stage is open. Roll it back first.")
    if rollout.stages.filter(position__gt=stage.position).exists():
        raise InvalidRollout("Only the last stage can be taken out; the others would be skipped.")
    if rollout.stages.filter(pk=stage.pk, readings__isnull=False).exists():
        raise InvalidRollout("This stage was open once, and its readings are kept. Change it instead.")
    facts = {"stage": stage.position, "name": stage.name}
    rollout.stages.filter(pk=stage.pk).delete()
    move(rollout)
    note(rollout, "rollout.stage_removed", actor, **facts)


def _not_finished(rollout: Rollout) -> None:
    if rollout.state == Rollout.State.FINISHED:
        raise InvalidRollout("This rollout is finished. Make a new one.")


def _check_stage(rollout: Rollout, plan: StagePlan, position: int) -> None:
    if not 1 <= len(plan.name.strip()) <= 60:
        raise InvalidRollout("A stage has a name of up to 60 characters.", "name")
    if len(plan.ramp) > MOST_STEPS:
        raise InvalidRollout(f"A ramp has at most {MOST_STEPS} steps.", "ramp")
    others = rollout.stages.exclude(position=position).prefetch_related("tiers")
    plans = [(one.position, one.name, [tier.pk for tier in one.tiers.all()], one.ramp) for one in others]
    mine = (position, plan.name, [tier.pk for tier in plan.tiers], list(plan.ramp))
    ordered = sorted([*plans, mine])
    if problems := problems_of_stages((name, tiers, ramp) for _, name, tiers, ramp in ordered):
        raise InvalidRollout(problems[0], "tiers" if "no tier" in problems[0] else "ramp")
    for name, value in plan.limits.items():
        if name not in NARROWABLE:
            raise InvalidRollout(
                f"“{name}” is no limit that a stage can narrow; {', '.join(NARROWABLE)} are.", "limits"
            )
        fits, wanted = OVERRIDABLE[name]
        if not fits(value):
            raise InvalidRollout(f"“{name}” takes {wanted}.", name)
    if not 0 <= plan.hour_from < plan.hour_until <= 24:
        raise InvalidRollout("Hours run from 0 to 24, and the first comes before the second.", "hour_from")
    bounds = {"wait_hours": 8760, "ramp_wait_hours": 8760, "minimum_sample": 10_000_000, "approvals_needed": 20}
    for name, most in bounds.items():
        if not 0 <= getattr(plan, name) <= most:
            raise InvalidRollout(f"Choose a number from 0 to {most:,}.", name)


def _columns(plan: StagePlan) -> dict[str, Any]:
    columns = asdict(plan) | {"ramp": list(plan.ramp), "name": plan.name.strip()}
    del columns["tiers"]
    return columns


def _facts(plan: StagePlan) -> dict[str, Any]:
    return _columns(plan) | {"tiers": sorted(tier.slug for tier in plan.tiers)}


# --- Guardrails ------------------------------------------------------------------------------------------------------


@transaction.atomic
def set_guardrail(*, rollout: Rollout, version: int, plan: GuardrailPlan, actor: Actor) -> Guardrail:
    """Watch a metric, or watch it otherwise. Raises Outpaced, InvalidRollout (a metric nobody registered, for one)."""
    rollout = seen(rollout, version)
    _not_finished(rollout)
    if metrics.get(plan.metric) is None:
        known = ", ".join(key for key, _ in metrics.choices())
        raise InvalidRollout(f"Nothing here measures “{plan.metric}”. What is measured: {known}.", "metric")
    if not plan.compares and plan.limit_ppm is None:
        raise InvalidRollout("Compare with the stage before, or set a limit; or both.", "limit_ppm")
    if plan.limit_ppm is not None and not 0 <= plan.limit_ppm < 1_000_000:
        raise InvalidRollout("A limit is a share from 0 up to 100 %.", "limit_ppm")
    if plan.action not in Guardrail.Action.values:
        raise InvalidRollout("Choose what it does: warn, halt or roll back.", "action")
    bounds = {"window_minutes": 10_080, "minimum_sample": 1_000_000, "failure_limit": 100}
    for name, most in bounds.items():
        if not 1 <= getattr(plan, name) <= most:
            raise InvalidRollout(f"Choose a number from 1 to {most:,}.", name)
    columns = asdict(plan)
    guardrail, _ = Guardrail.objects.update_or_create(rollout=rollout, metric=columns.pop("metric"), defaults=columns)
    move(rollout)
    note(rollout, "rollout.guardrail_set", actor, **asdict(plan))
    return guardrail


@transaction.atomic
def remove_guardrail(*, guardrail: Guardrail, version: int, actor: Actor) -> None:
    """Watch a metric no longer; its readings go with it, the record of them stays."""
    rollout = seen(guardrail.rollout, version)
    facts = {"metric": guardrail.metric}
    guardrail.delete()
    move(rollout)
    note(rollout, "rollout.guardrail_removed", actor, **facts)
