"""Processes that work on the test's own database and files, so that they can be killed, stopped and raced.

Run as a module this file is such a process: `worker [POINT]` is the real worker around an engine that costs nothing
(starting torch for each of fifty kills would take minutes), stopping itself at POINT if one is named; `claim`,
`enqueue KEY` and `cancel` are the attackers of tests/faults/test_claim_race.py.
"""

import os
import signal
import subprocess
import sys
import time
import types
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.house import ROOT

STEP = 0.02  # seconds the costless engine takes for each


def environment(files: Path, catalogue: Path, **more: str) -> dict[str, str]:
    """For a process that shares this test's database, files and catalogue."""
    return os.environ | {
        "DJANGO_SETTINGS_MODULE": "tests.generation.lone_settings",
        "PYTHONPATH": f"{ROOT}:{ROOT / 'platform'}",
        "DATABASE_URL": database_url(),
        "STORAGE_URL": f"file://{files}",
        "CATALOGUE": str(catalogue),
        "CACHE_URL": "",
        "BROKER_URL": "",
        "RENDER_LEASE": "1.5",
        "RENDER_BEAT": "0.2",
        "LOG_LEVEL": "INFO",
        "OMP_NUM_THREADS": "1",
        "STAGEDOOR_TORCH_THREADS": "1",
        **more,
    }


def database_url() -> str:
    from django.db import connection

    database = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{database['NAME']}"
    user = quote(database["USER"]) + (f":{quote(database['PASSWORD'])}" if database["PASSWORD"] else "")
    return f"postgres://{user}@{database['HOST']}:{database['PORT'] or 5432}/{database['NAME']}"


class Crew:
    """Processes of one test; whatever still runs is killed on the way out."""

    def __init__(self, environment: dict[str, str], log: Path) -> None:
        self.environment, self.log = environment, log
        self.processes: list[subprocess.Popen[bytes]] = []

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        return self.run([sys.executable, "-m", "tests.generation.processes", *arguments])

    def run(self, command: list[str]) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            process = subprocess.Popen(command, cwd=ROOT, env=self.environment, stdout=log, stderr=log)
        self.processes.append(process)
        return process

    def __enter__(self) -> "Crew":
        return self

    def __exit__(self, *_: object) -> None:
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.kill()
            process.wait()


def main(what: str, *arguments: str) -> None:
    import django

    django.setup()
    {"worker": work, "claim": claim, "enqueue": enqueue, "cancel": cancel}[what](*arguments)


def work(point: str = "") -> None:
    sys.modules["generation.engine"] = costless_engine(point)
    from generation import queue, store
    from generation.worker import RenderWorker

    if point == "storing":
        store.store = _stopping_before(store.store)
    if point == "succeeding":
        queue.succeed = _stopping_before(queue.succeed)
    worker = RenderWorker()
    signal.signal(signal.SIGTERM, lambda *_: worker.stop())
    worker.run()


def _stopping_before(function: Any) -> Any:
    def stop_then(*arguments: Any, **options: Any) -> Any:
        os.kill(os.getpid(), signal.SIGSTOP)
        return function(*arguments, **options)

    return stop_then


def costless_engine(point: str) -> types.ModuleType:
    import numpy as np

    class Engine:
        device, warm = "cpu", None

        def __init__(self, device: str) -> None: ...

        def render(self, entry: Any, spec: Any, on_step: Any) -> np.ndarray:
            for step in range(1, spec.steps + 1):
                time.sleep(STEP)
                if point == "rendering" and step == spec.steps // 2 > 0:
                    os.kill(os.getpid(), signal.SIGSTOP)
                on_step(step, b"\xff\xd8 a picture")
            noise = np.random.default_rng(spec.seed)
            return noise.integers(0, 255, (spec.frames, spec.height, spec.width, 3), dtype=np.uint8)

    module = types.ModuleType("generation.engine")
    module.Engine = Engine  # type: ignore[attr-defined]
    return module


def claim() -> None:
    """Claim and succeed until nothing is left to end."""
    from django.utils import timezone

    from generation import queue
    from generation.errors import Cancelled
    from generation.models import UNFINISHED, Job, Worker

    row = Worker.objects.create(name=str(os.getpid()), device="cpu", seen_at=timezone.now())
    print("ready", flush=True)
    sys.stdin.readline()
    while Job.objects.filter(state__in=UNFINISHED).exists():
        attempt = queue.claim(row)
        if attempt is None:
            time.sleep(0.01)
            continue
        try:
            queue.succeed(attempt, [], 0.1)
        except Cancelled:
            queue.confirm_cancelled(attempt)


def enqueue(key: str) -> None:
    from generation import actions
    from tests.generation.conftest import make_spec

    print("ready", flush=True)
    sys.stdin.readline()
    for number in range(10):
        print(actions.enqueue(key=f"{key} {number}", spec=make_spec(), lane="a").pk, flush=True)


def cancel() -> None:
    """Cancel every other job, the last first."""
    from generation import actions
    from generation.models import Job

    jobs = list(Job.objects.order_by("-rank").values_list("pk", flat=True))[::2]
    print("ready", flush=True)
    sys.stdin.readline()
    for job in jobs:
        actions.cancel(job)


if __name__ == "__main__":
    main(*sys.argv[1:])
