"""From a tier and its exceptions to what one seat may do now. Pure: plain values in, one value out.

The order, each step final for what it decides:
1. no standing, a suspended studio, a suspended or ended seat: nothing at all, and `why` says so;
2. each limit: the seat's own override, else the studio's, else the tier's; of several the newest, none past its end;
3. the role says which acts there are; a guest only looks, whatever any override says;
4. of a model that is being rolled out, only its rollout says whether it is open, and its stage may narrow the limits.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from access.rollouts.rules import Answer, Reason, RolloutValue, admits, narrowed, subject_of

ALL = frozenset({"*"})

ACTS: dict[str, frozenset[str]] = {
    "owner": frozenset({"view", "submit", "edit_projects", "manage_seats", "manage_keys", "see_credits"}),
    "producer": frozenset({"view", "submit", "edit_projects", "manage_keys", "see_credits"}),
    "artist": frozenset({"view", "submit", "manage_keys", "see_credits"}),
    "guest": frozenset({"view"}),
}


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _positive(value: Any) -> bool:
    return _whole(value) and 0 < value <= 2_000_000_000


def _list_of_models(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) and one for one in value)


# What an override may change: the test its value must pass, and the words for a value that fails it.
OVERRIDABLE: dict[str, tuple[Callable[[Any], bool], str]] = {
    "models": (_list_of_models, 'a list of model ids, or ["*"]'),
    "max_pixels": (_positive, "a whole number above zero"),
    "max_seconds": (_positive, "a whole number above zero"),
    "references": (lambda value: isinstance(value, bool), "true or false"),
    "api": (lambda value: isinstance(value, bool), "true or false"),
    "concurrency": (_positive, "a whole number above zero"),
    "queue_weight": (_positive, "a whole number above zero"),
    "daily_takes": (lambda value: value is None or _positive(value), "a whole number above zero, or null for no limit"),
}


# Rights of a tier that a rollout of the same name can open before the tier does.
FEATURES_OF_THE_HOUSE = frozenset({"references", "api"})


@dataclass(frozen=True)
class TierLimits:
    name: str
    models: frozenset[str]
    max_pixels: int
    max_seconds: int
    references: bool
    api: bool
    concurrency: int
    queue_weight: int
    daily_takes: int | None


@dataclass(frozen=True)
class OverrideValue:
    """An override as a value. `of_seat` tells a seat's own from the studio's."""

    field: str
    value: Any
    of_seat: bool
    created_at: datetime
    ends_at: datetime


@dataclass(frozen=True)
class Entitlements:
    """What a seat may do right now. `max_pixels` is width times height; `daily_takes` None means no limit.

    `rolling_out` holds, for each model id that is being rolled out, whether it is open to this seat; `features` what
    rollouts of features have opened to it.
    """

    active: bool
    why: str
    tier: str
    models: frozenset[str] = frozenset()
    max_pixels: int = 0
    max_seconds: int = 0
    references: bool = False
    api: bool = False
    concurrency: int = 0
    queue_weight: int = 0
    daily_takes: int | None = 0
    acts: frozenset[str] = field(default_factory=frozenset)
    rolling_out: Mapping[str, Answer] = field(default_factory=dict)
    features: frozenset[str] = field(default_factory=frozenset)

    def may(self, act: str) -> bool:
        return act in self.acts

    def allows_model(self, model_id: str) -> bool:
        if model_id in self.rolling_out:
            return self.rolling_out[model_id].admitted
        return "*" in self.models or model_id in self.models

    def stage_of(self, model_id: str) -> int | None:
        """The id of the rollout's stage through which this model is open; None where no stage has to do with it."""
        answer = self.rolling_out.get(model_id)
        return answer.stage.id if answer and answer.stage else None

    def for_model(self, model_id: str) -> "Entitlements":
        """The same, with the limits that hold for takes of this model: its stage may narrow them."""
        answer = self.rolling_out.get(model_id)
        if answer is None or answer.stage is None or not answer.stage.limits:
            return self
        limits = {name: getattr(self, name) for name in OVERRIDABLE}
        return replace(self, **narrowed(limits, answer.stage.limits))


def resolve(
    *,
    tier: TierLimits | None,
    overrides: Iterable[OverrideValue],
    role: str,
    seat_suspended: bool,
    studio_suspended: bool,
    now: datetime,
    seat_ended: bool = False,
    rollouts: Iterable[RolloutValue] = (),
    listed: Mapping[int, str] | None = None,
    tier_id: int | None = None,
    studio_id: int = 0,
    person_id: int = 0,
) -> Entitlements:
    """One seat's entitlements at `now`. An unknown role may do nothing.

    Of several rollouts of one target the last counts. `listed` says by rollout id whether the subject is let in or kept
    out by name.
    """
    why = _why_not(tier, seat_suspended=seat_suspended, seat_ended=seat_ended, studio_suspended=studio_suspended)
    if why or tier is None:
        return Entitlements(active=False, why=why, tier=tier.name if tier else "")
    limits = {name: getattr(tier, name) for name in OVERRIDABLE}
    # Applied weakest first, so that what is strongest is written last.
    in_force = (one for one in overrides if one.created_at <= now < one.ends_at and one.field in OVERRIDABLE)
    for one in sorted(in_force, key=lambda one: (one.of_seat, one.created_at)):
        limits[one.field] = frozenset(one.value) if one.field == "models" else one.value
    rolling_out: dict[str, Answer] = {}
    opened: dict[str, bool] = {}
    for rollout in rollouts:
        subject = subject_of(rollout, studio_id=studio_id, person_id=person_id)
        by_name = (listed or {}).get(rollout.id)
        answer = admits(rollout, subject=subject, tier_id=tier_id, suspended=False, listed=by_name)
        if rollout.kind == "feature":
            opened[rollout.target] = answer.admitted
        elif answer.reason == Reason.FINISHED:
            rolling_out.pop(rollout.target, None)
        else:
            rolling_out[rollout.target] = answer
    features = frozenset(name for name, is_open in opened.items() if is_open)
    for name in FEATURES_OF_THE_HOUSE & features:
        limits[name] = True
    acts = ACTS.get(role, frozenset())
    if "submit" not in acts:
        limits["api"] = False
    if not limits["api"]:
        acts -= {"manage_keys"}
    return Entitlements(
        active=True,
        why="",
        tier=tier.name,
        acts=acts,
        rolling_out=rolling_out,
        features=features,
        **limits,
    )


def _why_not(tier: TierLimits | None, *, seat_suspended: bool, seat_ended: bool, studio_suspended: bool) -> str:
    if studio_suspended:
        return "Your studio is suspended. Your work is kept; write to the lab to have this looked at."
    if seat_ended:
        return "Your seat in this studio has ended. Ask an owner of the studio to invite you again."
    if seat_suspended:
        return "Your seat is suspended. Your work is kept; ask an owner of your studio, or write to the lab."
    if tier is None:
        return "Your studio stands in no tier yet. Write to the lab, and they will place it."
    return ""
