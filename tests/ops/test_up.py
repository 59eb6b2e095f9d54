"""The house's processes as an operator meets them."""

import os
import signal
import socket
import subprocess
import urllib.request
from contextlib import contextmanager

import httpx
import pytest

from tests.house import House, scratch_house, wait_for

PROJECT = """
from importlib import import_module
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from accounts.models import Seat
from portal import demo
from takes import actions as takes
from takes import project_actions
demo.prepare()
seat = Seat.objects.select_related("person", "studio").get(person__email="ines@lantern.example")
session = import_module(settings.SESSION_ENGINE).SessionStore()
session[SESSION_KEY] = seat.person.pk
session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
session[HASH_SESSION_KEY] = seat.person.get_session_auth_hash()
session.create()
project = project_actions.create_project(seat=seat, name="Tidewater", key="up")
answer = {"session": session.session_key, "project": str(project.pk)}
"""

pytestmark = pytest.mark.xdist_group("house")


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    with scratch_house(tmp_path_factory.mktemp("up")) as made:
        yield made


@pytest.fixture(scope="module")
def up(house: House):
    process = house.start("up", f"--port={house.port}", "--links")
    house.wait_until_up()
    return process


def children(process: subprocess.Popen) -> dict[str, int]:
    """The pid of every process that `up` keeps, by the name of its command."""
    found = {}
    listed = subprocess.run(["ps", "-o", "pid=,args=", "--ppid", str(process.pid)], capture_output=True, text=True)
    for line in listed.stdout.splitlines():
        pid, *arguments = line.split()
        found[next(word for word in arguments if word in ("web", "worker", "clock"))] = int(pid)
    return found


def attempt(house: House, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(house.command(*arguments), env=house.environment, capture_output=True, text=True)


@contextmanager
def open_stream(house: House):
    """The live events of a project, as an owner's browser hears them."""
    found = house.ask(PROJECT)
    cookies = {"Cookie": f"sessionid={found['session']}"}
    address = f"{house.url}/projects/{found['project']}/events/"
    with httpx.stream("GET", address, headers=cookies, timeout=30) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield answer


def test_it_refuses_a_database_that_is_behind(tmp_path):
    house = House(tmp_path, database_url=f"sqlite:///{tmp_path / 'empty.sqlite3'}")
    done = attempt(house, "up")
    assert done.returncode == 1
    assert "Run `manage.py migrate`" in done.stderr


@pytest.mark.parametrize("command", ["up", "web"])
def test_it_says_so_when_the_port_is_taken(house, command):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = subprocess.run(
            house.command(command, f"--port={port}"), env=house.environment, capture_output=True, text=True
        )
    assert done.returncode == 1
    assert f"Cannot listen on 127.0.0.1:{port}" in done.stderr


def test_web_worker_and_clock_run_and_share_one_log(up, house):
    wait_for(lambda: set(children(up)) == {"web", "worker", "clock"}, "all three processes")
    wait_for(lambda: f"up     | Stagedoor is up on {house.url}" in house.log("up").read_text(), "the announcement")


def test_files_of_the_pages_are_served_without_a_warning(up, house):
    with urllib.request.urlopen(f"{house.url}/static/css/stagedoor.css") as answer:
        assert answer.status == 200
        assert answer.headers["content-type"].startswith("text/css")
        assert answer.read()
    assert "Warning" not in house.log("up").read_text()


def test_callers_wait_rather_than_fail_while_the_web_process_is_started_again(up, house):
    wait_for(lambda: "web" in children(up), "the web process")
    os.kill(children(up)["web"], signal.SIGKILL)
    with urllib.request.urlopen(house.url, timeout=30) as answer:
        assert answer.status == 200
    assert "web was killed by SIGKILL" in house.log("up").read_text()


def test_everything_ends_in_good_order_and_so_does_an_open_stream(up, house):
    pids = wait_for(lambda: len(found := children(up)) == 3 and found, "all three processes")
    with open_stream(house) as stream:
        up.send_signal(signal.SIGTERM)
        for _ in stream.iter_bytes():
            pass  # to its regular end: anything else raises
    assert up.wait(30) == 0
    left = subprocess.run(["ps", "-o", "pid=", "-p", ",".join(map(str, pids.values()))], capture_output=True, text=True)
    assert not left.stdout.strip()
    log = house.log("up").read_text()
    assert "is killed" not in log
    assert "timeout graceful shutdown exceeded" not in log
