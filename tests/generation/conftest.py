"""Tiny models to render with, a spec, a worker's row."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.utils import timezone

from generation import actions
from generation.catalogue import Spec
from generation.models import Job, Worker
from tests.generation import tiny


@pytest.fixture(autouse=True)
def one_torch_thread(settings) -> None:
    """Threads of tiny models only wait for one another, for minutes when other tests want the processor too."""
    settings.TORCH_THREADS = 1


@pytest.fixture(scope="session")
def tiny_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The catalogue folder of two tiny models that really render."""
    return tiny.write_models(tmp_path_factory.mktemp("models"))


@pytest.fixture
def tiny_catalogue(tiny_models: Path, settings) -> Path:
    settings.CATALOGUE = tiny_models
    return tiny_models


def make_spec(model: str = "tiny-video", **changes: object) -> Spec:
    plain = {"model": model, "revision": "1", "prompt": "a red balloon", "width": 32, "height": 16, "frames": 5}
    if model == "tiny-image":
        plain |= {"width": 40, "height": 24, "frames": 1}
    return Spec(**plain | {"steps": 2, "guidance": 1.0, "seed": 7} | changes)


@pytest.fixture
def entries(settings, tmp_path: Path) -> Path:
    """A catalogue whose model folder is empty: enough for everything but rendering."""
    settings.CATALOGUE = tmp_path / "catalogue"
    tiny.write_entry(settings.CATALOGUE, "tiny-video", str(tmp_path / "nowhere"))
    return settings.CATALOGUE


@pytest.fixture
def put(entries) -> Callable[..., Job]:
    """`put("lane", key=…, seed=…)` enqueues a small job."""
    count = 0

    def enqueue(lane: str = "a", *, key: str = "", weight: int = 1, estimate: int = 1, **changes: object) -> Job:
        nonlocal count
        count += 1
        return actions.enqueue(
            key=key or f"job {count}", spec=make_spec(**changes), lane=lane, weight=weight, estimate=estimate
        )

    return enqueue


@pytest.fixture
def worker_row(db) -> Worker:
    return Worker.objects.create(name="by the window", device="cpu", seen_at=timezone.now())
