"""Every test, the way `make test` and continuous integration run them.

First on SQLite alone, with no server of any kind; then, where PostgreSQL and Redis answer, again there, but for what no
database has a part in (tests/conftest.py, ANY_ENGINE).
TEST_DATABASE_URL and TEST_REDIS_URL name them (a PostgreSQL user that may create databases, a Redis to scribble in).
Arguments are handed on to pytest. The last line counts both runs together.
"""

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.browser import chromium  # noqa: E402

SERVERS = ("TEST_DATABASE_URL", "TEST_REDIS_URL")
DATABASE_URL = "postgres://postgres@127.0.0.1:5432/test"
REDIS_URL = "redis://127.0.0.1:6379/9"
MOST_TRIED_AGAIN = 5  # failed tests; with more of them it is no accident
MAY_BE_LATE = ("tests.browser.", "tests.ops.", "tests.conformance.")
NO_BROWSER = """No Chromium was found, and the browser's tests need one. Do one of these, then run the tests again:
  - install it: apt-get install chromium (Debian), snap install chromium (Ubuntu), .venv/bin/playwright install chromium
  - name one you have: CHROME=/path/to/chrome make test"""


@dataclass
class Count:
    """What came of one run of the tests. `errors` in fixtures are failures too."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    late: int = 0  # of the passed, those that did only when tried again

    def __add__(self, other: "Count") -> "Count":
        late = self.late + other.late
        return Count(self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped, late)

    def __str__(self) -> str:
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


def main(arguments: list[str]) -> int:
    ensure_browser()
    servers, why_not = servers_to_test()
    runs = {"SQLite alone": run("SQLite alone, no cache, no broker", {}, arguments)}
    if servers:
        of_the_engine = [*arguments, "-m", "not any_engine"]
        runs["PostgreSQL and Redis"] = run("PostgreSQL and Redis", servers, of_the_engine)

    headline("What was tested")
    for name, count in runs.items():
        print(f"{name}: {count}")
    if why_not:
        print(f"PostgreSQL and Redis: not tested, {why_not}")
    total = sum(runs.values(), Count())
    if total.late:
        print(f"{total.late} of those that passed did so only when tried again alone")
    print(total, flush=True)
    return 1 if total.failed or not total.passed else 0


def headline(words: str) -> None:
    print(f"\n== {words}", flush=True)


def ensure_browser() -> None:
    """Ends the run with instructions when there is no Chromium and none can be installed."""
    if not chromium.find() and os.geteuid() == 0 and Path("/etc/debian_version").exists():
        headline("Installing Chromium")
        quiet = {"DEBIAN_FRONTEND": "noninteractive"} | os.environ
        for command in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", "chromium"]):
            subprocess.run(["apt-get", *command], env=quiet, check=False, stdout=subprocess.DEVNULL)
    if not chromium.find():
        raise SystemExit(NO_BROWSER)


def servers_to_test() -> tuple[dict[str, str], str]:
    """The environment of the second run, or none and the reason. A server named on purpose must answer."""
    import psycopg
    import redis

    database_url = os.environ.get("TEST_DATABASE_URL", DATABASE_URL)
    redis_url = os.environ.get("TEST_REDIS_URL", REDIS_URL)
    asked_for = set(SERVERS) & set(os.environ)
    try:
        with psycopg.connect(database_url, connect_timeout=3) as connection:
            row = connection.execute("SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user")
            if not row.fetchone()[0]:
                raise psycopg.OperationalError("this user may not create databases")
        redis.Redis.from_url(redis_url, socket_connect_timeout=3).ping()
    except (psycopg.Error, redis.RedisError) as error:
        why = " ".join(str(error).split())
        if asked_for:
            raise SystemExit(f"{' and '.join(sorted(asked_for))} is set, but: {why}") from error
        return {}, f"no answer at {database_url} and {redis_url} ({why})"
    return {"TEST_DATABASE_URL": database_url, "TEST_REDIS_URL": redis_url}, ""


def run(name: str, servers: dict[str, str], arguments: list[str]) -> Count:
    headline(f"Tests on {name}")
    began = time.monotonic()
    environment = {
        key: value for key, value in os.environ.items() if key not in ("TEST_DATABASE_URL", "TEST_REDIS_URL")
    }
    environment |= servers | {"TEST_DB_SUFFIX": f"_{os.getpid()}", "PYTHONUNBUFFERED": "1"}
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        # Two processes; what needs a whole house stays together in one of them (pytest's xdist_group).
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-n2",
            "--dist=loadgroup",
            "-rs",
            f"--junit-xml={report}",
            *arguments,
        ]
        status = subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode
        count = read_report(report)
        if 0 < count.failed <= MOST_TRIED_AGAIN and all(one.startswith(MAY_BE_LATE) for one in failures(report)):
            # On a busy machine a real process or a browser may be late once. Tried again alone, it must not be. A rule,
            # a race or a promise under kill -9 that fails once has failed.
            headline(f"Tried again alone: {count.failed} that failed on {name}")
            again = [part for part in command if not part.startswith(("-n", "--dist"))]
            status = subprocess.run([*again, "-n0", "--lf"], cwd=ROOT, env=environment, check=False).returncode
            second = read_report(report)
            print(f"{second.passed} of them passed the second time, {second.failed} failed again", flush=True)
            if second.passed + second.failed == count.failed:
                count = Count(count.passed + second.passed, second.failed, count.skipped, second.passed)
    if status and not count.failed:
        print(f"pytest itself ended with status {status}")
        count.failed += 1
    print(f"{name}: {count} in {time.monotonic() - began:.0f} s", flush=True)
    return count


def failures(report: Path) -> list[str]:
    """Where each test that failed lives: "tests.browser.test_takes_pages"."""
    cases = ElementTree.parse(report).getroot().iter("testcase") if report.exists() else ()
    wrong = ("failure", "error")
    return [case.get("classname", "") for case in cases if any(case.find(word) is not None for word in wrong)]


def read_report(report: Path) -> Count:
    if not report.exists():
        return Count()
    suites = ElementTree.parse(report).getroot().iter("testsuite")
    numbers = dict.fromkeys(("tests", "failures", "errors", "skipped"), 0)
    for suite in suites:
        for name in numbers:
            numbers[name] += int(suite.get(name, 0))
    failed = numbers["failures"] + numbers["errors"]
    return Count(numbers["tests"] - failed - numbers["skipped"], failed, numbers["skipped"])


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
