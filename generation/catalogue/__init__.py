"""Which models there are, as data: one TOML file each, shipped here or put into `settings.CATALOGUE` by the operator.

The operator's file wins over a shipped one of the same id. Nothing here imports torch: pages read the catalogue on
every request. docs/rendering.md explains each field.
"""

import logging
import tomllib
from dataclasses import asdict, dataclass, fields
from fractions import Fraction
from functools import lru_cache
from importlib import import_module
from math import gcd
from pathlib import Path
from types import ModuleType
from typing import Any, Self

from django.conf import settings

from generation.errors import InvalidCatalogue, UnknownModel

log = logging.getLogger(__name__)

SHIPPED = Path(__file__).resolve().parent
HUB = "hub:"
PRECISIONS = ("float32", "bfloat16", "float16")
SEEDS = 2**32  # a seed is 0 … SEEDS - 1


@dataclass(frozen=True)
class Size:
    """Pixels, and the price in rate units for each second of clip at this size."""

    width: int
    height: int
    rate: int

    @property
    def label(self) -> str:
        """For people: “7:4 · 112×64”."""
        divisor = gcd(self.width, self.height)
        return f"{self.width // divisor}:{self.height // divisor} · {self.width}×{self.height}"


@dataclass(frozen=True)
class FrameRule:
    """The lengths a model can render at all: frames = multiple · k + offset."""

    multiple: int
    offset: int

    def ok(self, frames: int) -> bool:
        return frames >= max(1, self.offset) and (frames - self.offset) % self.multiple == 0


@dataclass(frozen=True)
class CatalogueEntry:
    """One model. `sizes` and `lengths` (in frames) are what is offered; the first of each is the default."""

    id: str
    title: str
    source: str
    revision: str
    kind: str
    sizes: tuple[Size, ...]
    lengths: tuple[int, ...]
    frame_rule: FrameRule
    fps: Fraction
    steps: int
    max_steps: int
    guidance: float
    precision: str = "float32"
    prompt_limit: int = 1000
    accepts_reference: bool = False
    vocabulary: str | None = None
    deliver_scale: int = 1
    seconds_per_step: float | None = None

    def seconds(self, frames: int) -> Fraction:
        return frames / self.fps

    def size(self, width: int, height: int) -> Size | None:
        return next((size for size in self.sizes if (size.width, size.height) == (width, height)), None)

    @property
    def hub_id(self) -> str | None:
        """The repository on the model hub, for a source like "hub:Wan-AI/Wan2.1-T2V-1.3B-Diffusers"."""
        return self.source.removeprefix(HUB) if self.source.startswith(HUB) else None

    @property
    def folder(self) -> Path | None:
        """Where the model lies on this machine; None for one from the hub."""
        return None if self.hub_id else Path(settings.MODELS_ROOT) / self.source

    def words(self) -> ModuleType | None:
        """The module that tells which words the model knows (`unknown_words`, `GROUPS`), if they are few."""
        return import_module(self.vocabulary) if self.vocabulary else None


@dataclass(frozen=True)
class Spec:
    """All that decides a render. `reference` is a name in the default storage."""

    model: str
    revision: str
    prompt: str
    width: int
    height: int
    frames: int
    steps: int
    guidance: float
    seed: int
    reference: str | None = None

    def to_json(self) -> dict[str, Any]:
        """{"model": "starter-1", "revision": "1", "prompt": "…", "width": 112, "height": 64, "frames": 17, "steps": 16,
        "guidance": 4.0, "seed": 7, "reference": null}"""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        return cls(**data)

    @property
    def work(self) -> int:
        """Pixels times steps: what render times are compared by."""
        return self.width * self.height * self.frames * self.steps


@dataclass(frozen=True)
class Problem:
    field: str
    message: str


def entries() -> dict[str, CatalogueEntry]:
    """Every model by id, in the order of their files' names, the shipped ones first.

    Read once for each process. A file of the operator's that describes no model is logged and left out, and
    `manage.py check` reports it: it must not take every page down.
    """
    return _entries(Path(settings.CATALOGUE))


def get(model: str) -> CatalogueEntry:
    """Raises UnknownModel."""
    known = entries()
    if model not in known:
        raise UnknownModel(model, known)
    return known[model]


def available(entry: CatalogueEntry) -> bool:
    """Whether a worker on this machine would find the model: one look at the disk; a hub model is taken at its word."""
    return entry.folder is None or (entry.folder / "model_index.json").is_file()


def check(spec: Spec) -> list[Problem]:
    """What is wrong with a spec, field by field, in words that say what to do. Empty when it can be rendered."""
    try:
        entry = get(spec.model)
    except UnknownModel as unknown:
        return [Problem("model", str(unknown))]
    problems = []
    if spec.revision != entry.revision:
        problems.append(
            Problem("revision", f"{entry.title} is at revision {entry.revision} here, not {spec.revision}.")
        )
    if not spec.prompt.strip():
        problems.append(Problem("prompt", "Write what you want to see."))
    elif len(spec.prompt) > entry.prompt_limit:
        problems.append(
            Problem(
                "prompt",
                f"Your prompt has {len(spec.prompt):,} characters; {entry.title} reads {entry.prompt_limit:,}.",
            )
        )
    if entry.size(spec.width, spec.height) is None:
        offered = ", ".join(f"{size.width}×{size.height}" for size in entry.sizes)
        problems.append(Problem("size", f"{entry.title} renders {offered}, not {spec.width}×{spec.height}."))
    if spec.frames not in entry.lengths or not entry.frame_rule.ok(spec.frames):
        offered = ", ".join(f"{frames} frames ({float(entry.seconds(frames)):.3g} s)" for frames in entry.lengths)
        problems.append(Problem("frames", f"{entry.title} renders clips of {offered}, not of {spec.frames} frames."))
    if not 1 <= spec.steps <= entry.max_steps:
        problems.append(Problem("steps", f"Choose between 1 and {entry.max_steps} steps, not {spec.steps}."))
    if not 0 <= spec.guidance <= 30:
        problems.append(Problem("guidance", f"Choose a guidance between 0 and 30, not {spec.guidance:g}."))
    if not 0 <= spec.seed < SEEDS:
        problems.append(Problem("seed", f"A seed is a whole number from 0 to {SEEDS - 1}."))
    if spec.reference and not entry.accepts_reference:
        problems.append(Problem("reference", f"{entry.title} works from words alone. Take the reference picture away."))
    return problems


@lru_cache(maxsize=8)
def _entries(operators: Path) -> dict[str, CatalogueEntry]:
    found = {entry.id: entry for entry in map(read, sorted(SHIPPED.glob("*.toml")))}
    for file in sorted(operators.glob("*.toml")):
        try:
            entry = read(file)
        except InvalidCatalogue as error:
            log.error("%s", error)
        else:
            found[entry.id] = entry
    return found


def read(file: Path) -> CatalogueEntry:
    """One catalogue file. Raises InvalidCatalogue."""
    try:
        data = tomllib.loads(file.read_text(encoding="utf-8"))
        unknown = data.keys() - {field.name for field in fields(CatalogueEntry)}
        if unknown:
            raise ValueError(f"unknown field {', '.join(sorted(unknown))}")
        entry = CatalogueEntry(
            **data
            | {
                "sizes": tuple(Size(**size) for size in data["sizes"]),
                "lengths": tuple(data["lengths"]),
                "frame_rule": FrameRule(**data["frame_rule"]),
                "fps": Fraction(str(data["fps"])),
            }
        )
        _must_hold(entry)
    except (AttributeError, KeyError, OSError, TypeError, ValueError) as error:
        what = f"the field {error} is missing" if isinstance(error, KeyError) else str(error)
        raise InvalidCatalogue(f"{file} describes no model: {what}. docs/rendering.md lists the fields.") from error
    return entry


def _must_hold(entry: CatalogueEntry) -> None:
    rules = {
        'kind is "video" or "image"': entry.kind in ("video", "image"),
        f"precision is one of {', '.join(PRECISIONS)}": entry.precision in PRECISIONS,
        "at least one size and one length": bool(entry.sizes and entry.lengths),
        "sizes and their rates are positive": all(min(s.width, s.height, s.rate) > 0 for s in entry.sizes),
        "every length follows frame_rule": all(entry.frame_rule.ok(frames) for frames in entry.lengths),
        "an image has one frame": entry.kind == "video" or entry.lengths == (1,),
        "fps is positive": entry.fps > 0,
        "1 <= steps <= max_steps": 1 <= entry.steps <= entry.max_steps,
        "prompt_limit and deliver_scale are positive": min(entry.prompt_limit, entry.deliver_scale) > 0,
    }
    for rule, holds in rules.items():
        if not holds:
            raise ValueError(f"it must hold that {rule}")
