"""Several processes as one: started together, watched, restarted when they die, ended in order, one log."""

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TextIO

COLOURS = {"web": 36, "clock": 35, "worker": 33}
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0  # seconds before a dead process is started again
STEADY = 60.0  # a process that lived this long has earned a fresh start
LAST_CALL = 5.0  # seconds between the second request to end and the kill


def pause_before_restart(*, deaths: int) -> float:
    """Seconds to wait before starting again what has died `deaths` times in quick succession (1 or more)."""
    return min(FIRST_PAUSE * 2.0 ** (deaths - 1), LONGEST_PAUSE)


def die_with_parent() -> None:
    """Runs in the child before it becomes its program: when the supervisor is killed, nothing stays behind."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG


@dataclass
class Child:
    """One process to keep alive. `stage` orders the end: stage 0 is told to go first; `grace` is in seconds."""

    name: str
    command: list[str]
    stage: int
    grace: float
    environment: dict[str, str]
    inherit: tuple[int, ...] = ()
    process: subprocess.Popen[str] | None = None
    started_at: float = 0.0
    deaths: int = 0
    due_at: float = field(default=0.0)

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None


class Supervisor:
    def __init__(self, children: Iterable[Child], *, out: TextIO) -> None:
        self.children = list(children)
        self.out = out
        self.coloured = out.isatty() and not os.environ.get("NO_COLOR")
        self.width = max(len(child.name) for child in self.children)
        self.writing = threading.Lock()
        self.stopping = threading.Event()
        self.hurried = False

    def run(self) -> None:
        """Keep every child alive until SIGTERM or SIGINT, then end them in order. A second signal kills at once."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self.ask_to_stop)
        try:
            while not self.stopping.wait(0.2):
                self.keep_alive(time.monotonic())
        finally:
            self.end()

    def ask_to_stop(self, *_: object) -> None:
        self.hurried = self.stopping.is_set()
        self.stopping.set()

    def keep_alive(self, now: float) -> None:
        for child in self.children:
            if child.alive:
                continue
            if child.process is not None:
                self.note_death(child, now)
            if now >= child.due_at:
                self.start(child, now)

    def note_death(self, child: Child, now: float) -> None:
        assert child.process is not None
        child.deaths = 1 if now - child.started_at > STEADY else child.deaths + 1
        pause = pause_before_restart(deaths=child.deaths)
        child.due_at = now + pause
        code = child.process.returncode
        why = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with status {code}"
        self.say("up", f"{child.name} {why}; starting it again in {pause:.0f} s")
        child.process = None

    def start(self, child: Child, now: float) -> None:
        child.process = subprocess.Popen(
            child.command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env=child.environment,
            pass_fds=child.inherit,
            start_new_session=True,  # a Ctrl-C is ours to pass on, in order
            preexec_fn=die_with_parent,
        )
        child.started_at = now
        threading.Thread(target=self.copy_log, args=(child.name, child.process), daemon=True).start()

    def copy_log(self, name: str, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            self.say(name, line.rstrip("\n"))

    def say(self, name: str, line: str) -> None:
        label = f"{name:<{self.width}} |"
        if self.coloured:
            label = f"\x1b[{COLOURS.get(name.split('-')[0], 37)}m{label}\x1b[0m"
        with self.writing:
            self.out.write(f"{label} {line}\n")
            self.out.flush()

    def end(self) -> None:
        """Stage by stage: ask, wait as long as the children's grace, ask again, and kill what is still there."""
        for stage in sorted({child.stage for child in self.children}):
            leaving = [child for child in self.children if child.stage == stage and child.alive]
            self.ask(leaving, max((child.grace for child in leaving), default=0))
            # A worker takes the second request as: do not finish the job at hand, give it back.
            self.ask(leaving, LAST_CALL)
            for child in leaving:
                assert child.process is not None
                if child.alive:
                    self.say("up", f"{child.name} did not end in time and is killed")
                    child.process.kill()
                child.process.wait()

    def ask(self, leaving: list[Child], patience: float) -> None:
        """Tell those still alive to end, and wait for it at most `patience` seconds; not at all when hurried."""
        alive = [child for child in leaving if child.alive]
        for child in alive:
            assert child.process is not None
            child.process.terminate()
        deadline = time.monotonic() + patience
        while any(child.alive for child in alive) and time.monotonic() < deadline and not self.hurried:
            time.sleep(0.05)
