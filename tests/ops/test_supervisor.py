import io
import os
import re
import signal
import sys
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.supervisor import LONGEST_PAUSE, Child, Supervisor, pause_before_restart
from tests.house import wait_for

LOYAL = "import time; print('here', flush=True); time.sleep(60)"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + LOYAL


def child(name: str, program: str, *, stage: int = 0, grace: float = 5) -> Child:
    return Child(name, [sys.executable, "-c", program], stage, grace, dict(os.environ))


@pytest.fixture
def supervised():
    """`supervised(child, …)` runs a supervisor in a thread and gives it; it is stopped in the end."""
    running = []

    def begin(*children: Child) -> Supervisor:
        supervisor = Supervisor(children, out=io.StringIO())

        def keep() -> None:
            while not supervisor.stopping.wait(0.05):
                supervisor.keep_alive(time.monotonic())
            supervisor.end()

        thread = threading.Thread(target=keep)
        thread.start()
        running.append((supervisor, thread))
        return supervisor

    yield begin
    for supervisor, thread in running:
        supervisor.ask_to_stop()
        thread.join(20)


def said(supervisor: Supervisor, words: str) -> bool:
    return words in supervisor.out.getvalue()


@given(st.integers(1, 500))
def test_a_pause_grows_with_the_deaths_and_never_beyond_its_limit(deaths):
    assert pause_before_restart(deaths=1) <= pause_before_restart(deaths=deaths) <= LONGEST_PAUSE


def test_a_killed_child_is_started_again(supervised):
    one = child("worker", LOYAL)
    supervisor = supervised(one)
    wait_for(lambda: said(supervisor, "here"), "the first process")
    first = one.process.pid
    os.kill(first, signal.SIGKILL)
    wait_for(lambda: supervisor.out.getvalue().count("here") == 2, "the second process")
    assert one.process.pid != first
    assert said(supervisor, "worker was killed by SIGKILL; starting it again in 1 s")


def test_a_child_that_keeps_failing_is_started_less_and_less_often(supervised):
    supervisor = supervised(child("clock", "raise SystemExit(3)"))
    wait_for(lambda: said(supervisor, "clock ended with status 3; starting it again in 2 s"), "the second death")


def test_every_line_of_the_log_carries_its_origin(supervised):
    supervisor = supervised(child("web", LOYAL), child("worker", LOYAL))
    wait_for(lambda: supervisor.out.getvalue().count("here") == 2, "both to speak")
    assert all(re.match(r"(web   |worker) \| ", line) for line in supervisor.out.getvalue().splitlines())


def test_children_end_stage_by_stage(supervised, monkeypatch):
    monkeypatch.setattr("config.supervisor.LAST_CALL", 0.2)
    first, last = child("web", STUBBORN, stage=0, grace=1), child("clock", LOYAL, stage=1)
    supervisor = supervised(first, last)
    wait_for(lambda: supervisor.out.getvalue().count("here") == 2, "both to live")
    supervisor.ask_to_stop()
    clock_lived = []
    while first.alive:
        clock_lived.append(last.alive)
        time.sleep(0.02)
    assert all(clock_lived)
    wait_for(lambda: not last.alive, "the last stage to end")


def test_a_straggler_is_killed_after_its_grace_and_a_last_call(supervised, monkeypatch):
    monkeypatch.setattr("config.supervisor.LAST_CALL", 0.2)
    one = child("worker", STUBBORN, grace=0.3)
    supervisor = supervised(one)
    wait_for(lambda: said(supervisor, "here"), "it to live")
    supervisor.ask_to_stop()
    wait_for(lambda: not one.alive, "it to be killed", seconds=5)
    assert said(supervisor, "worker did not end in time and is killed")
    assert one.process.returncode == -signal.SIGKILL


def test_a_child_is_asked_twice_before_it_is_killed(supervised):
    reluctant = (
        "import signal; asked = []; "
        "signal.signal(signal.SIGTERM, lambda *_: asked.append(1) if not asked else exit(0)); " + LOYAL
    )
    one = child("worker", reluctant, grace=0.3)
    supervisor = supervised(one)
    wait_for(lambda: said(supervisor, "here"), "it to live")
    supervisor.ask_to_stop()
    wait_for(lambda: not one.alive, "it to end", seconds=5)
    assert one.process.returncode == 0


def test_a_second_signal_waits_for_nobody(supervised):
    one = child("worker", STUBBORN, grace=60)
    supervisor = supervised(one)
    wait_for(lambda: said(supervisor, "here"), "it to live")
    supervisor.ask_to_stop()
    supervisor.ask_to_stop()
    wait_for(lambda: not one.alive, "it to be killed", seconds=5)
