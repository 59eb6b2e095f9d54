"""Yes or no, and the chain of rules that decided it. Pure; the answer itself is `access.rules.resolve`'s and no other.

An act is one of the acts of a role ("submit"), a right ("api", "references"), "model:<id>" or "feature:<name>".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from access.rollouts.rules import Answer, Reason, RolloutValue, admits, subject_of
from access.rules import ACTS, FEATURES_OF_THE_HOUSE, OverrideValue, TierLimits, resolve

RIGHTS = {"api": "use the API", "references": "start a take from an image"}
ACT_WORDS = {
    "view": "look at projects, takes and clips",
    "submit": "send prompts",
    "edit_projects": "make and change projects",
    "manage_seats": "invite people and change seats",
    "manage_keys": "make API keys",
    "see_credits": "see credits",
}


class UnknownAct(ValueError):
    """There is no such act; the message lists what can be asked."""


@dataclass(frozen=True)
class Step:
    """One rule that was looked at. `verdict` is "go" where it lets the act through, "stop" where it does not, "" where
    it has nothing to say. `decides` marks the one that decided."""

    rule: str
    verdict: str
    words: str
    decides: bool = False


@dataclass(frozen=True)
class Explanation:
    act: str
    words: str
    allowed: bool
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Told:
    """An exception, with who made it and why."""

    value: OverrideValue
    why: str

    def concerns(self, field: str, now: datetime) -> bool:
        return self.value.field == field and self.value.created_at <= now < self.value.ends_at

    @property
    def strength(self) -> tuple[bool, datetime]:
        return self.value.of_seat, self.value.created_at


@dataclass(frozen=True)
class Facts:
    """Everything that is asked of one seat, as plain values."""

    tier: TierLimits | None
    tier_id: int | None
    overrides: Sequence[Told]
    role: str
    seat_suspended: bool
    seat_ended: bool
    studio_suspended: bool
    rollouts: Sequence[RolloutValue]
    listed: Mapping[int, str]
    studio_id: int
    person_id: int
    now: datetime


def acts(facts: Facts, models: Mapping[str, str]) -> list[tuple[str, str]]:
    """What can be asked, with words: acts, rights, the models there are, the features that are being rolled out."""
    features = {one.target for one in facts.rollouts if one.kind == "feature"} - set(RIGHTS)
    return [
        *ACT_WORDS.items(),
        *RIGHTS.items(),
        *((f"model:{key}", f"use {title}") for key, title in models.items()),
        *((f"feature:{name}", f"use the feature {name}") for name in sorted(features)),
    ]


def explain(act: str, facts: Facts) -> Explanation:
    """Raises UnknownAct."""
    kind, _, name = act.partition(":")
    if act not in ACT_WORDS and act not in RIGHTS and not (kind in ("model", "feature") and name):
        known = ", ".join([*ACT_WORDS, *RIGHTS, "model:<id>", "feature:<name>"])
        raise UnknownAct(f"There is no act “{act}”. Ask for one of {known}.")
    rights = resolve(
        tier=facts.tier,
        overrides=[one.value for one in facts.overrides],
        role=facts.role,
        seat_suspended=facts.seat_suspended,
        seat_ended=facts.seat_ended,
        studio_suspended=facts.studio_suspended,
        now=facts.now,
        rollouts=facts.rollouts,
        listed=facts.listed,
        tier_id=facts.tier_id,
        studio_id=facts.studio_id,
        person_id=facts.person_id,
    )
    if act in ACT_WORDS:
        allowed, words = rights.may(act), ACT_WORDS[act]
    elif act in RIGHTS:
        allowed, words = rights.active and bool(getattr(rights, act)), RIGHTS[act]
    elif kind == "model":
        allowed, words = rights.active and rights.allows_model(name), f"use {name}"
    else:
        allowed, words = name in rights.features, f"use the feature {name}"
    steps = _standing(facts)
    if not any(step.decides for step in steps):
        assert facts.tier is not None
        if act in ACT_WORDS:
            steps += _role(act, facts, facts.tier, api=rights.api)
        elif act in RIGHTS:
            steps += _right(act, facts, facts.tier)
        elif kind == "model":
            steps += _model(name, facts, facts.tier)
        else:
            steps += _feature(name, facts)
    return Explanation(act, words, allowed, tuple(steps))


def _standing(facts: Facts) -> list[Step]:
    """The first three things that are looked at, whatever is asked."""
    steps: list[Step] = []
    checks = (
        ("Studio", facts.studio_suspended, "The studio is suspended.", "The studio is not suspended."),
        ("Seat", facts.seat_ended, "The seat has ended.", "The seat has not ended."),
        ("Seat", facts.seat_suspended, "The seat is suspended.", "The seat is not suspended."),
    )
    for rule, shut, no, yes in checks:
        steps.append(Step(rule, "stop" if shut else "go", no if shut else yes, shut))
        if shut:
            return steps
    if facts.tier is None:
        return [*steps, Step("Tier", "stop", "The studio stands in no tier.", True)]
    return [*steps, Step("Tier", "", f"The studio stands in {facts.tier.name}.")]


def _role(act: str, facts: Facts, tier: TierLimits, *, api: bool) -> list[Step]:
    has = act in ACTS.get(facts.role, frozenset())
    word = f"{_a(facts.role)} may" if has else f"{_a(facts.role)} may not"
    if not has or act != "manage_keys":
        return [Step("Role", "go" if has else "stop", f"{word} {ACT_WORDS[act]}.", True)]
    limits = _right("api", facts, tier)
    end = f"Keys need the API, which this seat {'has' if api else 'does not have'}."
    return [
        Step("Role", "go", f"{word} {ACT_WORDS[act]}."),
        *(Step(step.rule, step.verdict, step.words) for step in limits),
        Step("API", "go" if api else "stop", end, True),
    ]


def _right(name: str, facts: Facts, tier: TierLimits) -> list[Step]:
    steps = _limit(name, facts, tier)
    opened = [one for one in facts.rollouts if one.kind == "feature" and one.target == name]
    steps += [_said_by(one, _answer(one, facts)) for one in opened[-1:] if name in FEATURES_OF_THE_HOUSE]
    if name == "api" and "submit" not in ACTS.get(facts.role, frozenset()):
        steps.append(Step("Role", "stop", f"{_a(facts.role)} sends nothing, so the API is of no use to it."))
        return _decided_by(steps, len(steps) - 1)
    admitting = [index for index, step in enumerate(steps) if step.rule == "Rollout" and step.verdict == "go"]
    strongest = max((index for index, step in enumerate(steps) if step.rule != "Rollout"), default=0)
    return _decided_by(steps, admitting[-1] if admitting else strongest)


def _limit(name: str, facts: Facts, tier: TierLimits) -> list[Step]:
    """What the tier says, then every exception in force, the strongest last."""
    value = getattr(tier, name)
    steps = [Step("Tier", _verdict(value), f"{tier.name} {_gives(value)} it.")]
    steps += [Step("Exception", _verdict(one.value.value), _exception(one)) for one in _in_force(name, facts)]
    return steps


def _in_force(field: str, facts: Facts) -> list[Told]:
    """The exceptions to one limit, the strongest last."""
    return sorted((one for one in facts.overrides if one.concerns(field, facts.now)), key=lambda one: one.strength)


def _model(model: str, facts: Facts, tier: TierLimits) -> list[Step]:
    rolled = [one for one in facts.rollouts if one.kind == "model" and one.target == model]
    if rolled and rolled[-1].state != "finished":
        answer = _answer(rolled[-1], facts)
        said = _said_by(rolled[-1], answer)
        return [Step(said.rule, "go" if answer.admitted else "stop", said.words, True)]
    steps = [Step("Rollout", "", f"{model} is not being rolled out: the tier decides.")]
    listed = _lists(tier.models, model)
    steps.append(Step("Tier", _verdict(listed), f"{tier.name} {'lists' if listed else 'does not list'} it."))
    for one in _in_force("models", facts):
        steps.append(Step("Exception", _verdict(_lists(one.value.value, model)), _exception(one)))
    return _decided_by(steps, len(steps) - 1)


def _feature(name: str, facts: Facts) -> list[Step]:
    rolled = [one for one in facts.rollouts if one.kind == "feature" and one.target == name]
    if not rolled:
        return [Step("Rollout", "stop", f"No rollout has opened a feature called {name}.", True)]
    return _decided_by([_said_by(rolled[-1], _answer(rolled[-1], facts))], 0)


def _answer(rollout: RolloutValue, facts: Facts) -> Answer:
    subject = subject_of(rollout, studio_id=facts.studio_id, person_id=facts.person_id)
    listed = facts.listed.get(rollout.id)
    return admits(rollout, subject=subject, tier_id=facts.tier_id, suspended=False, listed=listed)


def _said_by(rollout: RolloutValue, answer: Answer) -> Step:
    whose = "the studio" if rollout.subject == "studio" else "the person"
    bucket = "" if answer.bucket is None else f" ({whose} falls at {answer.bucket / 10_000:.2f} %)"
    stage = f"stage {answer.stage.position}, {answer.stage.name}" if answer.stage else ""
    words = {
        Reason.FINISHED: "is finished: it is everybody's",
        Reason.SHUT: "is shut for everybody",
        Reason.SUSPENDED: "admits nobody who is suspended",
        Reason.DENIED: f"keeps {whose} out by name",
        Reason.ALLOWED: f"lets {whose} in by name",
        Reason.NO_TIER: "opens to tiers, and the studio stands in none",
        Reason.ADMITTED: f"admits {whose} through {stage}{bucket}",
        Reason.NOT_YET: f"is open to this tier, not yet so far{bucket}",
        Reason.HALTED: f"is halted at the stage that would admit {whose}{bucket}",
        Reason.NOT_INVITED: "has no stage for this tier",
    }[answer.reason]
    return Step("Rollout", "go" if answer.admitted else "", f"{rollout.name} {words}.")


def _exception(one: Told) -> str:
    whose, given = "this seat" if one.value.of_seat else "the studio", one.value.value
    said = ", ".join(given) if isinstance(given, list) else {True: "yes", False: "no"}.get(given, given)
    return f"An exception for {whose} until {one.value.ends_at:%-d %b %Y} says {said}: {one.why}."


def _decided_by(steps: list[Step], index: int) -> list[Step]:
    return [
        Step(step.rule, (step.verdict or "stop") if at == index else step.verdict, step.words, at == index)
        for at, step in enumerate(steps)
    ]


def _a(role: str) -> str:
    return f"An {role}" if role[:1] in "ao" else f"A {role}"


def _verdict(value: object) -> str:
    return "go" if value else "stop"


def _gives(value: object) -> str:
    return "includes" if value else "does not include"


def _lists(models: object, model: str) -> bool:
    return isinstance(models, list | frozenset) and ("*" in models or model in models)
