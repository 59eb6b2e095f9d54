"""How much a model is used, and how long it renders: what a rollout's forecast is fed with."""

from statistics import fmean, pvariance

from access.rollouts.targets import Load
from generation import queries as generation


def load(model: str) -> Load:
    """Measured over the last day; None where nothing was."""
    seen, workers = generation.demand(model), len(generation.live_workers())
    if not seen.seconds:
        return Load(None, 1.0, 0, None, 0, workers)
    mean = fmean(seen.seconds)
    return Load(
        seconds=mean,
        scv=pvariance(seen.seconds) / mean**2 if mean else 0.0,
        renders=len(seen.seconds),
        per_studio_hour=len(seen.seconds) / seen.lanes / seen.hours,
        studios=seen.lanes,
        workers=workers,
    )
