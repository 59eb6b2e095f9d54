"""Workers that are killed, stopped and woken: every job ends exactly once, and nothing is left lying about."""

import hashlib
import random
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.utils import timezone

from generation import actions, store
from generation.models import ENDED, Artifact, Attempt, Event, Job, Worker
from tests.generation.conftest import entries, make_spec, tiny_models  # noqa: F401 (fixtures)
from tests.generation.processes import Crew, environment
from tests.house import ROOT, free_port, wait_for

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def crew(entries: Path, files: Path, tmp_path: Path) -> Iterator[Crew]:  # noqa: F811
    with Crew(environment(files, entries), tmp_path / "log.txt") as one:
        yield one


def put(count: int, **changes: object) -> list[Job]:
    return [
        actions.enqueue(key=f"job {number}", spec=make_spec(**changes | {"seed": number}), lane=f"lane {number % 5}")
        for number in range(count)
    ]


def ended() -> int:
    return Job.objects.filter(state__in=ENDED).count()


def assert_every_job_ended_once(count: int, files: Path) -> None:
    """Job, attempts, events, artifacts and files tell the same story."""
    assert ended() == count
    ends = Counter(Event.objects.exclude(kind="started").values_list("job", "kind"))
    assert ends == Counter(dict.fromkeys(Job.objects.values_list("pk", "state"), 1))
    assert not Attempt.objects.filter(ended_at=None).exists()
    won = Attempt.objects.filter(outcome="succeeded")
    assert won.count() == Job.objects.filter(state="succeeded").count()
    folders = {attempt.job_id: attempt.folder for attempt in won}
    for artifact in Artifact.objects.all():
        assert artifact.file.startswith(folders[artifact.job_id])
        with default_storage.open(artifact.file) as file:
            assert hashlib.sha256(file.read()).hexdigest() == artifact.sha256
    assert Artifact.objects.count() == 3 * len(folders)
    Attempt.objects.update(ended_at=timezone.now() - timedelta(hours=2))
    store.clear_orphans()
    there = {str(path.relative_to(files)) for path in files.rglob("*") if path.is_file()}
    assert there == set(Artifact.objects.values_list("file", flat=True))


def test_kill_nine_at_random_moments_over_sixty_jobs(crew, files):
    dice = random.Random(20)
    put(60, steps=8)
    workers, kills = [crew.start("worker") for _ in range(3)], 0

    def harass() -> bool:
        nonlocal kills
        if ended() == 60:
            return True
        if kills < 20 and Job.objects.filter(state="running").exists():
            victim = dice.randrange(3)
            busy = Worker.objects.filter(name__endswith=f":{workers[victim].pid}", state="busy")
            if busy.exists() and dice.random() < 0.5:
                workers[victim].kill()
                workers[victim].wait()
                workers[victim] = crew.start("worker")
                kills += 1
        return False

    wait_for(harass, "the end of sixty jobs", seconds=180, every=0.04)
    assert kills >= 10
    assert Attempt.objects.filter(outcome="lost").exists()
    assert Job.objects.filter(state="succeeded").count() >= 50, "three attempts should nearly always be enough"
    assert_every_job_ended_once(60, files)


@pytest.mark.parametrize("point", ["rendering", "storing", "succeeding"])
def test_a_worker_that_slept_through_its_lease_writes_nothing(crew, files, point):
    (job,) = put(1, steps=6)
    sleeper = crew.start("worker", point)
    wait_for(lambda: _is_stopped(sleeper.pid), f"the worker to stop while {point}", every=0.05)
    crew.start("worker")
    wait_for(lambda: ended() == 1, "another worker to finish the job")
    before = [list(model.objects.order_by("pk").values()) for model in (Job, Attempt, Event, Artifact)]
    assert [attempt.outcome for attempt in Attempt.objects.order_by("number")] == ["lost", "succeeded"]

    sleeper.send_signal(signal.SIGCONT)
    wait_for(lambda: "was taken from this worker" in crew.log.read_text(), "the sleeper to notice")
    assert before == [list(model.objects.order_by("pk").values()) for model in (Job, Attempt, Event, Artifact)]
    lost = files / Attempt.objects.get(job=job, number=1).folder
    wait_for(lambda: not lost.exists(), "the sleeper to take its files away")
    assert_every_job_ended_once(1, files)


def _is_stopped(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


def test_a_worker_told_to_stop_finishes_its_job_first(crew, files):
    (job,) = put(1, steps=40)
    worker = crew.start("worker")
    wait_for(lambda: Job.objects.get(pk=job.pk).step > 2, "the render to be under way", every=0.02)
    worker.terminate()
    assert worker.wait(20) == 0
    assert_every_job_ended_once(1, files)
    assert Job.objects.get().state == "succeeded"
    assert Worker.objects.get().state == "stopped"


def test_a_worker_told_twice_gives_its_job_back_at_once(crew):
    (job,) = put(1, steps=400)
    worker = crew.start("worker")
    wait_for(lambda: Job.objects.get(pk=job.pk).step > 2, "the render to be under way", every=0.02)
    worker.terminate()
    wait_for(lambda: Job.objects.get(pk=job.pk).step > 5, "it to go on meanwhile", every=0.02)
    worker.terminate()
    assert worker.wait(5) == 0
    assert Job.objects.get().state == "queued"
    assert Attempt.objects.get().outcome == "returned"


def test_a_cancel_reaches_another_process_within_a_step(crew):
    (job,) = put(1, steps=400)
    crew.start("worker")
    wait_for(lambda: Job.objects.get(pk=job.pk).step > 2, "the render to be under way", every=0.02)
    asked = actions.cancel(job.pk)
    wait_for(lambda: Job.objects.get(pk=job.pk).state == "cancelled", "the worker to obey", seconds=5, every=0.02)
    job.refresh_from_db()
    assert (job.finished_at - asked.cancel_requested_at).total_seconds() < 1
    assert job.step < 100


def test_without_its_broker_a_worker_still_finds_jobs(entries, files, tmp_path):  # noqa: F811
    broker = {"BROKER_URL": f"redis://127.0.0.1:{free_port()}/0"}
    with Crew(environment(files, entries, **broker), tmp_path / "log.txt") as crew:
        crew.start("worker")
        put(3)
        wait_for(lambda: ended() == 3, "three jobs without a broker")
        wait_for(lambda: "Jobs are safe in the database" in crew.log.read_text(), "the worker to say so")
    assert_every_job_ended_once(3, files)


def test_the_real_worker_killed_in_mid_render_is_succeeded_by_another(tiny_models, settings, files, tmp_path):  # noqa: F811
    settings.CATALOGUE = tiny_models
    with Crew(environment(files, tiny_models), tmp_path / "log.txt") as crew:
        command = [sys.executable, str(ROOT / "manage.py"), "worker", "--device=cpu"]
        first, second = crew.run(command), None
        (job,) = put(1, steps=300)
        wait_for(lambda: Job.objects.get(pk=job.pk).step > 2, "the first worker to render", seconds=120, every=0.05)
        first.kill()
        second = crew.run(command)
        wait_for(lambda: ended() == 1, "the second worker to finish", seconds=120)
        second.terminate()
        assert second.wait(30) == 0
    assert Attempt.objects.count() == 2
    assert_every_job_ended_once(1, files)
