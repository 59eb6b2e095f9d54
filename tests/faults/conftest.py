"""A whole site with a tiny model, a program that sends prompts to it, and the facts that must hold when all is over."""

import os
import shutil
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.generation import tiny
from tests.house import House, free_port, scratch_house, wait_for

STEPS = 30  # of the tiny model: time enough to be interrupted in

# One process for each of these: a start of Django costs more than what it is asked.
PREPARE = """
from datetime import timedelta
from django.utils import timezone
from accounts.actions import SCOPES, create_key
from accounts.models import Seat
from audit.actions import Actor
from portal import demo
demo.prepare()
seat = Seat.objects.get(person__email="priya@lab.example")
answer = create_key(
    seat=seat, name="faults", scopes=SCOPES, expires_at=timezone.now() + timedelta(days=1), actor=Actor.of_seat(seat)
)[1]
"""

FACTS = """
from django.core.management import call_command
from django.db.models import Count
from accounts.models import Studio
from audit.models import Record
from generation.models import Event, Job
from quotas.models import Account, Hold
from takes.models import Take
lab = Studio.objects.get(name="The lab")
takes = Take.objects.filter(studio=lab)
jobs = Job.objects.filter(pk__in=takes.values("job_id"))
ends = Event.objects.filter(job__in=jobs).exclude(kind="started")
account = Account.objects.get(studio=lab)
answer = {
    "takes": list(takes.values_list("state", flat=True)),
    "jobs": list(jobs.values_list("state", flat=True)),
    "ends_of_each_job": list(ends.values("job").annotate(n=Count("pk")).values_list("n", flat=True)),
    "records_of_each_end": list(
        Record.objects.filter(studio_id=lab.pk, action__in=["take.ready", "take.failed"])
        .values("target_id").annotate(n=Count("pk")).values_list("n", flat=True)
    ),
    "holds": list(Hold.objects.filter(account=account).values_list("state", flat=True)),
    "price": sum(takes.filter(state="ready").values_list("price", flat=True)),
    "spent": account.spent,
    "held": account.held,
}
call_command("ledger", "verify")
call_command("audit", "verify")
"""


@pytest.fixture(scope="session")
def tiny_video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "tiny-video"
    tiny.save_video_model(folder)
    return folder


@dataclass
class Program:
    """A program with an API key. It sends each request again under the same key until it has an answer."""

    house: House
    secret: str

    def post(self, path: str, key: str, body: dict[str, Any], *, seconds: float = 90) -> dict[str, Any]:
        return self.ask("POST", path, seconds, headers={"Idempotency-Key": key}, json=body)

    def get(self, path: str, *, seconds: float = 60) -> dict[str, Any]:
        return self.ask("GET", path, seconds)

    def ask(self, method: str, path: str, seconds: float, **request: Any) -> dict[str, Any]:
        deadline = time.monotonic() + seconds
        request["headers"] = {"Authorization": f"Bearer {self.secret}"} | request.get("headers", {})
        while time.monotonic() < deadline:
            try:
                answer = httpx.request(method, f"{self.house.url}/api/v1/{path}", timeout=15, **request)
            except httpx.TransportError:
                continue
            if answer.is_success:
                return answer.json()
            if answer.status_code not in (429, 502, 503):
                raise AssertionError(f"{answer.status_code}: {answer.text}")
            time.sleep(0.2)  # as a polite program does when it is told "too many"
        raise AssertionError(f"No answer to {path} in {seconds:.0f} s\n{self.house.log_text()}")


@dataclass
class Site:
    house: House
    up: subprocess.Popen[bytes]
    program: Program

    def running(self, name: str) -> list[int]:
        """The pids of what `up` runs under this name right now."""
        listed = subprocess.run(["ps", "-o", "pid=,args=", "--ppid", str(self.up.pid)], capture_output=True, text=True)
        lines = [line.split() for line in listed.stdout.splitlines()]
        return [int(pid) for pid, *arguments in lines if name in arguments]

    def kill(self, name: str) -> None:
        """kill -9 of one process that `up` runs under this name, as soon as there is one."""
        os.kill(wait_for(lambda: self.running(name), f"a {name} to kill")[0], signal.SIGKILL)

    def facts_when_all_ended(self, project: str, *, seconds: float = 120) -> dict[str, Any]:
        """What the database holds once no take of the project is under way; ledger and record are verified too."""

        def ended() -> bool:
            takes = self.program.get(f"projects/{project}/takes/")["data"]
            return not {"queued", "rendering"} & {take["state"] for take in takes}

        try:
            wait_for(ended, "every take to end", seconds=seconds, every=0.5)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.house.log_text()}") from None
        return self.house.ask(FACTS)


def every_take_ended_once_and_is_paid_once(facts: dict[str, Any], *, sent: int) -> None:
    assert Counter(facts["takes"]) == {"ready": sent}
    assert Counter(facts["jobs"]) == {"succeeded": sent}
    assert facts["ends_of_each_job"] == [1] * sent
    assert facts["records_of_each_end"] == [1] * sent
    assert Counter(facts["holds"]) == {"settled": sent}
    assert facts["spent"] == facts["price"] > 0
    assert facts["held"] == 0


@pytest.fixture
def site(tmp_path: Path, tiny_video: Path) -> Callable[..., Any]:
    """`with site(workers=2, broker_url=…) as running:` a site under `up`, ended on the way out."""

    @contextmanager
    def begin(*, workers: int = 1, **environment: str) -> Iterator[Site]:
        quick = {"RENDER_LEASE": "3", "RENDER_BEAT": "0.5", "API_RATE": "100000/min", "STAGEDOOR_TORCH_THREADS": "1"}
        with scratch_house(tmp_path / "site", **quick, **environment) as house:
            # Under the starter model's id, so that the demo's tiers allow it.
            tiny.write_entry(house.folder / "catalogue", "starter-1", str(tiny_video), steps=str(STEPS))
            program = Program(house, house.ask(PREPARE))
            up = house.start("up", f"--port={house.port}", f"--workers={workers}")
            house.wait_until_up()
            yield Site(house, up, program)

    return begin


@pytest.fixture
def broker(tmp_path: Path) -> Iterator["Broker"]:
    if shutil.which("redis-server") is None:
        pytest.skip("no redis-server here: install one to try the loss of the broker")
    running = Broker(tmp_path)
    running.start()
    yield running
    running.kill()


class Broker:
    """A Redis of the test's own, on a port of its own, that keeps nothing."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.process = subprocess.Popen(
            ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", str(self.folder)],
            stdout=subprocess.DEVNULL,
        )
        wait_for(self.answers, "the broker")

    def answers(self) -> bool:
        import redis

        try:
            return bool(redis.Redis.from_url(self.url, socket_connect_timeout=1).ping())
        except redis.RedisError:
            return False

    def kill(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
