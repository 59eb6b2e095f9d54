import threading
from types import SimpleNamespace

import pytest
from celery.schedules import maybe_schedule

from config import celery
from portal.management.commands import clock
from tests.house import wait_for


@pytest.fixture
def ticking():
    """`ticking(function, every=seconds)` lets the clock run a function; stopped in the end."""
    stop, threads = threading.Event(), []

    def begin(run, every):
        task = SimpleNamespace(run=run)
        thread = threading.Thread(target=clock.tick, args=("test", task, maybe_schedule(every), stop))
        thread.start()
        threads.append(thread)
        return stop

    yield begin
    stop.set()
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive()


def test_it_runs_several_times_a_second_when_asked(ticking):
    runs = []
    ticking(lambda: runs.append(1), 0.02)
    wait_for(lambda: len(runs) >= 5, "five runs", seconds=3)


def test_it_catches_up_at_once_when_it_starts(ticking):
    runs = []
    ticking(lambda: runs.append(1), 3600)
    wait_for(lambda: runs, "the first run", seconds=3)


def test_it_survives_work_that_fails(ticking, caplog, monkeypatch):
    monkeypatch.setattr(clock, "LONGEST_PAUSE", 0.01)
    runs = []

    def fail_once():
        runs.append(1)
        if len(runs) == 1:
            raise RuntimeError("the lamp is out")

    ticking(fail_once, 0.01)
    wait_for(lambda: len(runs) >= 3, "runs after the failure", seconds=3)
    assert "periodic work failed: test" in caplog.text


def test_long_work_keeps_no_other_waiting(ticking):
    release, runs = threading.Event(), []
    ticking(lambda: release.wait(10), 0.01)
    ticking(lambda: runs.append(1), 0.01)
    wait_for(lambda: len(runs) >= 3, "the short work", seconds=3)
    release.set()


def test_every_piece_of_periodic_work_is_a_known_task():
    work = celery.periodic_work()
    assert work
    assert all(task.name in celery.app.tasks for task, _ in work.values())
