"""Many processes at one queue: each job is claimed once, each key makes one job, each job ends once."""

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from generation import actions
from generation.models import Attempt, Event, Job
from tests.generation.conftest import entries, make_spec  # noqa: F401 (a fixture)
from tests.generation.processes import environment
from tests.house import ROOT

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]


def race(files: Path, catalogue: Path, *roles: tuple[str, ...]) -> list[list[str]]:
    """Start a process for each role, let all go at the same moment, and give each one's lines."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.generation.processes", *role],
            cwd=ROOT, env=environment(files, catalogue), text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )
        for role in roles
    ]  # fmt: skip
    try:
        for process in processes:
            assert process.stdout.readline() == "ready\n", process.stderr.read()
        for process in processes:
            process.stdin.write("go\n")
            process.stdin.flush()
        said = [process.communicate(timeout=60) for process in processes]
        assert [process.returncode for process in processes] == [0] * len(processes), said
        return [lines.splitlines() for lines, _ in said]
    finally:
        for process in processes:
            process.kill()
            process.wait()


def put(count: int) -> None:
    for number in range(count):
        actions.enqueue(key=f"job {number}", spec=make_spec(), lane=f"lane {number % 7}")


def test_eight_processes_claim_each_job_once(entries, files):  # noqa: F811
    put(150)
    race(files, entries, *[("claim",)] * 8)
    assert set(Attempt.objects.values_list("job").values_list("number", "outcome")) == {(1, "succeeded")}
    assert Attempt.objects.count() == Job.objects.filter(state="succeeded").count() == 150
    assert Counter(Event.objects.values_list("kind", flat=True)) == {"started": 150, "succeeded": 150}
    assert Attempt.objects.values("worker").distinct().count() > 1, "the race was none: one process took everything"


def test_the_same_keys_from_many_processes_make_each_job_once(entries, files):  # noqa: F811
    said = race(files, entries, *[("enqueue", "again")] * 6)
    assert Job.objects.count() == 10
    assert all(lines == said[0] for lines in said)
    assert Job.objects.values("rank").distinct().count() == 10


def test_jobs_that_are_claimed_and_cancelled_at_once_end_once(entries, files):  # noqa: F811
    put(120)
    race(files, entries, *[("claim",)] * 4, *[("cancel",)] * 3)
    ends = Counter(Event.objects.exclude(kind="started").values_list("job", flat=True))
    assert len(ends) == 120
    assert set(ends.values()) == {1}
    for state in ("succeeded", "cancelled"):
        told = set(Event.objects.filter(kind=state).values_list("job", flat=True))
        assert told == set(Job.objects.filter(state=state).values_list("pk", flat=True))
    assert not Attempt.objects.filter(ended_at=None).exists()
