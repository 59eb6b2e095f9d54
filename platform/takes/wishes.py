"""From what somebody wishes for to what would be rendered. Pure: the same for a preflight and for the real thing."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from access.rollouts.rules import Reason
from access.rules import Entitlements
from generation import catalogue
from generation.catalogue import CatalogueEntry, Size, Spec
from quotas.prices import price
from takes.errors import Conflict, Invalid, NotAllowed, Problem


@dataclass(frozen=True)
class Wish:
    """How the clip should be, beside the words. None leaves it to the model. Sizes in pixels, length in frames."""

    model: str | None = None
    width: int | None = None
    height: int | None = None
    frames: int | None = None
    seed: int | None = None
    steps: int | None = None


@dataclass(frozen=True)
class Plan:
    """What would be rendered, what it costs in credits, and everything that stands in the way of it.

    `rights` are the seat's entitlements as they hold for this model.
    """

    entry: CatalogueEntry
    spec: Spec
    size: Size
    price: int
    rights: Entitlements
    problems: tuple[Problem, ...]

    @property
    def seconds(self) -> float:
        """Length of the clip."""
        return float(self.entry.seconds(self.spec.frames))


def plan(*, prompt: str, wish: Wish, seed: int, entitlements: Entitlements, reference: str | None = None) -> Plan:
    """Resolve a wish against the catalogue and the seat's entitlements.

    `seed` is what to use where the wish names none; `reference` is the stored image's name. Raises Invalid where there
    is no such model: without one nothing else can be said. Every other problem is listed in the plan.
    """
    entry = _entry(wish.model, entitlements)
    rights = entitlements.for_model(entry.id)
    size = _size(entry, wish)
    spec = Spec(
        model=entry.id,
        revision=entry.revision,
        prompt=" ".join(prompt.split()),
        width=wish.width or size.width,
        height=wish.height or size.height,
        frames=wish.frames or entry.lengths[0],
        steps=wish.steps or entry.steps,
        guidance=entry.guidance,
        seed=seed if wish.seed is None else wish.seed,
        reference=reference,
    )
    problems = [
        *(Invalid(problem.message, field=problem.field) for problem in catalogue.check(spec)),
        *_beyond(rights, entry, spec),
    ]
    cost = price(rate=size.rate, frames=spec.frames, fps=entry.fps)
    return Plan(entry, spec, size, cost, rights, tuple(problems))


def _entry(model: str | None, entitlements: Entitlements) -> CatalogueEntry:
    """The model that was wished for, or the first in the catalogue that the seat may use."""
    if model is None:
        entries = catalogue.entries().values()
        allowed = [entry for entry in entries if entitlements.allows_model(entry.id)]
        if not (allowed or entries):
            raise Invalid("There is no model in this house yet. Ask the people who run it to add one.", field="model")
        return (allowed or list(entries))[0]
    try:
        return catalogue.get(model)
    except catalogue.UnknownModel as error:
        raise Invalid(str(error), code="unknown_model", field="model") from error


def _size(entry: CatalogueEntry, wish: Wish) -> Size:
    """The size that was wished for; the model's first where none was, or where it offers no such size."""
    fits = [size for size in entry.sizes if wish.width in (None, size.width) and wish.height in (None, size.height)]
    return (fits or entry.sizes)[0]


# Why a model that is being rolled out is shut to a seat, after its title.
_SHUT = {
    Reason.SHUT: "is shut for everybody at the moment. The lab has closed it; other models may be open.",
    Reason.HALTED: "is paused: the lab saw something it wants to look into. Nothing you made is lost; try again later.",
    Reason.DENIED: "is not open to your studio. Write to the lab that runs this house if that surprises you.",
    Reason.NOT_YET: "is being opened step by step, and your turn has not come yet.",
    Reason.NOT_INVITED: "is being opened step by step, and not to your tier ({tier}) yet.",
}


def _beyond(entitlements: Entitlements, entry: CatalogueEntry, spec: Spec) -> Iterable[Problem]:
    """What the model could do and this seat's tier, or its stage, may not."""
    tier = entitlements.tier
    if not entitlements.allows_model(entry.id):
        why = "is not open to your tier ({tier}) yet."
        if answer := entitlements.rolling_out.get(entry.id):
            why = _SHUT.get(answer.reason, why)
        yield NotAllowed(f"{entry.title} {why.format(tier=tier)}", code="model_not_open", field="model")
    if spec.width * spec.height > entitlements.max_pixels:
        yield NotAllowed(
            f"{spec.width}×{spec.height} is larger than your tier ({tier}) allows. Choose a smaller size.", field="size"
        )
    if entry.seconds(spec.frames) > entitlements.max_seconds:
        yield NotAllowed(
            f"{float(entry.seconds(spec.frames)):g} s is longer than the {entitlements.max_seconds:g} s your tier "
            f"({tier}) allows. Choose a shorter length.",
            field="frames",
        )
    if spec.reference and not entitlements.references:
        yield NotAllowed(f"Your tier ({tier}) does not include reference images.", field="reference")


def fingerprint(wish: Wish | None = None, **asked: Any) -> str:
    """One value for everything that was asked, so that a key used twice for different things is noticed."""
    plain: dict[str, Any] = {name: str(value) for name, value in asked.items() if value is not None}
    plain["wish"] = asdict(wish) if wish else None
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()


def same_request(stored: str, asked: str) -> None:
    """Raise Conflict where a key comes back with another request."""
    if stored != asked:
        raise Conflict(
            "This idempotency key was used for another request. Send the same words again, or use a new key.",
            code="key_reused",
            field="key",
        )
