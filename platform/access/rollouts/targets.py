"""What can be rolled out, and how much it is used: told by those above, who know models and takes."""

from collections.abc import Callable
from dataclasses import dataclass

_models: list[Callable[[], dict[str, str]]] = []
_samples: list[Callable[[int, int], int]] = []
_loads: list[Callable[[str], "Load"]] = []


@dataclass(frozen=True)
class Load:
    """How a model is used and rendered now. `scv` is the squared coefficient of variation of `seconds`, the mean time
    of a render; `renders` how many were measured. `per_studio_hour` is takes an hour of one active studio; `workers`
    how many render now."""

    seconds: float | None
    scv: float
    renders: int
    per_studio_hour: float | None
    studios: int
    workers: int


def register_models(models: Callable[[], dict[str, str]]) -> None:
    """`models()` gives the catalogue: title by id."""
    if models not in _models:
        _models.append(models)


def register_sample(sample: Callable[[int, int], int]) -> None:
    """`sample(stage_id, most)` counts the takes that came through a stage and have ended, at most `most` of them."""
    if sample not in _samples:
        _samples.append(sample)


def register_load(load: Callable[[str], Load]) -> None:
    """`load(model id)` measures how a model is used; for a feature it is asked with "" and tells of every model."""
    if load not in _loads:
        _loads.append(load)


def models() -> dict[str, str]:
    return {key: title for known in _models for key, title in known().items()}


def sample(stage_id: int, most: int) -> int:
    return sum(count(stage_id, most) for count in _samples)


def load(model: str) -> Load | None:
    return _loads[-1](model) if _loads else None
