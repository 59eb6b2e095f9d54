"""A whole Stagedoor of its own for a test: scratch database, scratch files, real processes, all ended by their ids."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parents[1]
Value = TypeVar("Value")


def wait_for(condition: Callable[[], Value], what: str, *, seconds: float = 30, every: float = 0.1) -> Value:
    """The first true value of `condition`; fails with `what` was awaited when it does not come in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(every)
    raise AssertionError(f"Waited {seconds:.0f} s in vain: {what}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class House:
    """Processes of one site. `start` gives a running one, `manage` runs a command to its end and gives its output."""

    def __init__(self, folder: Path, *, database_url: str, broker_url: str = "", **environment: str) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.processes: list[subprocess.Popen[bytes]] = []
        inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
        self.environment = inherited | {
            "STAGEDOOR_DEBUG": "true",
            "STAGEDOOR_VAR": str(folder),
            "SECRET_KEY": "for-tests-only-" + "1" * 48,
            "SITE_URL": self.url,
            "ALLOWED_HOSTS": "127.0.0.1,localhost",
            "DATABASE_URL": database_url,
            "CACHE_URL": "",
            "BROKER_URL": broker_url,
            "STORAGE_URL": f"file://{folder / 'files'}",
            "EMAIL_URL": "console:",
            "CATALOGUE": str(folder / "catalogue"),
            "DEVICE": "cpu",
            "LOG_FORMAT": "lines",
            "LOG_LEVEL": "INFO",
            "OMP_NUM_THREADS": "2",
            "PYTHONDONTWRITEBYTECODE": "1",
            **environment,
        }

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-u", str(ROOT / "manage.py"), *arguments]

    def manage(self, *arguments: str, stdin: str | None = None) -> str:
        done = subprocess.run(
            self.command(*arguments), env=self.environment, cwd=ROOT, input=stdin, capture_output=True, text=True
        )
        assert done.returncode == 0, f"manage.py {' '.join(arguments)} failed:\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def ask(self, code: str) -> Any:
        """Run Python inside the house (Django ready); what the code puts into `answer` comes back through JSON."""
        program = f"{code}\nimport json\nprint('\\nANSWER ' + json.dumps(answer, default=str))"
        return json.loads(self.manage("shell", "--no-imports", "-c", program).rsplit("ANSWER ", 1)[1])

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        with self.log(arguments[0]).open("ab") as log:
            process = subprocess.Popen(
                self.command(*arguments), env=self.environment, cwd=ROOT, stdout=log, stderr=log, start_new_session=True
            )
        self.processes.append(process)
        return process

    def log(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def log_text(self) -> str:
        return "\n".join(f"== {path.name}\n{path.read_text()}" for path in sorted(self.folder.glob("*.log")))

    def is_up(self) -> bool:
        try:
            with urllib.request.urlopen(self.url, timeout=5):
                return True
        except urllib.error.HTTPError as error:
            return error.code < 500
        except OSError:
            return False

    def wait_until_up(self, seconds: float = 60) -> None:
        try:
            wait_for(self.is_up, f"a page from {self.url}", seconds=seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.log_text()}") from None

    def stop(self) -> None:
        """Ask every process to end, the newest first, and kill what has not after fifteen seconds."""
        for process in reversed(self.processes):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self.processes:
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.processes.clear()


@contextlib.contextmanager
def scratch_database(folder: Path) -> Iterator[str]:
    """The URL of an empty database on the engine under test, dropped afterwards."""
    server = os.environ.get("TEST_DATABASE_URL", "")
    if not server:
        yield f"sqlite:///{folder / 'house.sqlite3'}"
        return
    import psycopg

    name = f"house_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
        try:
            yield urlsplit(server)._replace(path=f"/{name}").geturl()
        finally:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@contextlib.contextmanager
def scratch_house(folder: Path, **options: str) -> Iterator[House]:
    """A house with an empty, migrated database; everything it started is ended on the way out."""
    folder.mkdir(parents=True, exist_ok=True)
    with scratch_database(folder) as database_url:
        house = House(folder, database_url=database_url, **options)
        try:
            house.manage("migrate", "--verbosity", "0")
            yield house
        finally:
            house.stop()
