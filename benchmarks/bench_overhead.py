"""What the house adds to a bare pipeline call: queue, lease, heartbeats, progress, previews, the finishing transaction.

Both sides run the same job in this one process, in turn: a bare call is the diffusers pipeline followed by the same
encoding, written straight to a file; the whole is a job claimed from the database, rendered by the worker, stored and
told of. Encoding is on both sides, because a clip nobody can play is not a render. So the difference is what the
platform itself costs, and it is reported with the spread of the bare calls: a difference below that cannot be seen.
Waiting in the queue is not counted, nor is starting the worker; an idle worker looks at least once a second.

    python benchmarks/bench_overhead.py [--model starter-1] [--rounds 20] [--steps N] [--device auto]

On SQLite in a temporary folder, or on DATABASE_URL if it names a scratch database.
"""

import argparse
import os
import platform
import statistics
import sys
import tempfile
import time
import uuid
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--model", default="starter-1")
    options.add_argument("--rounds", type=int, default=20)
    options.add_argument("--steps", type=int)
    options.add_argument("--device", default="auto")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        compare(chosen, Path(folder))


def compare(chosen: argparse.Namespace, folder: Path) -> None:
    prepare(folder)
    from django.db import connection

    from generation import actions, catalogue, codec
    from generation.catalogue import Spec
    from generation.errors import UnknownModel
    from generation.models import Job
    from generation.worker import RenderWorker

    try:
        entry = catalogue.get(chosen.model)
    except UnknownModel as error:
        raise SystemExit(str(error)) from error
    if not catalogue.available(entry):
        raise SystemExit(f"{entry.title} is not on this machine: there is no model at {entry.source}.")
    size, steps = entry.sizes[0], chosen.steps or entry.steps

    def spec(seed: int) -> Spec:
        words = "a red balloon rises over the sea at night"
        frames = entry.lengths[0]
        return Spec(entry.id, entry.revision, words, size.width, size.height, frames, steps, entry.guidance, seed=seed)

    worker = RenderWorker(name="bench", device=chosen.device)
    worker._enter(worker.row.State.IDLE)

    def bare(seed: int) -> float:
        """The pipeline by itself: no callback, no database, no preview."""
        began = time.perf_counter()
        engine = worker.engine
        arguments = engine._arguments(spec(seed), lambda step, preview: None)
        for name in [name for name in arguments if name.startswith("callback")]:
            del arguments[name]
        import torch

        from generation.engine import _frames

        with torch.inference_mode():
            frames = _frames(engine._pipeline(**arguments))
        for file in codec.encode(frames, fps=entry.fps, scale=entry.deliver_scale):
            (folder / file.name).write_bytes(file.data)
        return time.perf_counter() - began

    def whole(seed: int) -> float:
        """From the claim until the clip is stored and its event written."""
        job = actions.enqueue(key=uuid.uuid4().hex, spec=spec(seed), lane="bench")
        began = time.perf_counter()
        assert worker.work_once()
        took = time.perf_counter() - began
        assert Job.objects.get(pk=job.pk).state == "succeeded"
        return took

    whole(0), bare(0), whole(0), bare(0)
    alone, housed = [], []
    for seed in range(chosen.rounds):
        order = (bare, whole) if seed % 2 else (whole, bare)
        for which in order:
            (alone if which is bare else housed).append(which(seed))
    added = [100 * (b - a) / a for a, b in zip(alone, housed, strict=True)]
    conditions = f"{os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}, Python {platform.python_version()}"
    print(f"{conditions}, {worker.engine.device}, {connection.vendor}, {chosen.rounds} rounds in turn")
    print(f"{entry.id}: {size.width}x{size.height}, {entry.lengths[0]} frames, {steps} steps")
    print(f"bare pipeline and encoding   median {statistics.median(alone):7.3f} s   fastest {min(alone):7.3f} s")
    print(f"through the house            median {statistics.median(housed):7.3f} s   fastest {min(housed):7.3f} s")
    low, median, high = statistics.quantiles(added, n=4)
    print(f"added, pair by pair          median {median:+6.1f} %   middle half {low:+.1f} … {high:+.1f} %")
    print(f"added, fastest of each       {100 * (min(housed) - min(alone)) / min(alone):+6.1f} %")


def prepare(folder: Path) -> None:
    os.environ.setdefault("DATABASE_URL", f"sqlite:///{folder}/bench.sqlite3")
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "STAGEDOOR_DEBUG": "false",
        "STAGEDOOR_VAR": str(folder),
        "SECRET_KEY": "for-the-benchmark-only-" + "0" * 40,
        "STORAGE_URL": f"file://{folder / 'files'}",
        "BROKER_URL": "",
        "CACHE_URL": "",
        "LOG_LEVEL": "WARNING",
    }
    sys.path[:0] = [str(ROOT), str(ROOT / "platform")]
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)


if __name__ == "__main__":
    main()
