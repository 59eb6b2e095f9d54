"""Wakes through real brokers, and what it costs when a broker is away: nothing."""

import contextlib
import os
import socket
import threading
import time
from urllib.parse import urlsplit

import pytest

from generation import wake
from generation.wake import Listener
from tests.house import free_port, wait_for

_REDIS = urlsplit(os.environ.get("TEST_REDIS_URL", "redis://127.0.0.1:6379"))
BROKERS = {
    # A Redis database that no other test uses: clearing a cache takes away everything in its database, queues too.
    "redis": _REDIS._replace(path="/14").geturl(),
    "rabbitmq": os.environ.get("TEST_AMQP_URL", "amqp://guest:guest@127.0.0.1:5672//"),
}


@pytest.fixture(autouse=True)
def fresh_publisher(monkeypatch) -> None:
    """Each test gets a publishing thread of its own, as each process has."""
    monkeypatch.setattr(wake, "_publisher", None)
    monkeypatch.setattr(wake, "_wanted", threading.Event())
    monkeypatch.setattr(wake, "RETRY", 0.1)


@pytest.fixture
def awake() -> threading.Event:
    return threading.Event()


def listening(awake: threading.Event) -> Listener:
    listener = Listener(awake)
    wait_for(lambda: listener.connected, "a connection to the broker", every=0.01)
    awake.clear()
    return listener


@pytest.mark.parametrize("broker", BROKERS)
def test_a_notice_wakes_every_worker_that_listens(settings, awake, broker):
    settings.BROKER_URL = BROKERS[broker]
    parts = urlsplit(settings.BROKER_URL)
    try:
        socket.create_connection((parts.hostname, parts.port), timeout=1).close()
    except OSError:
        pytest.skip(f"No {broker} answers at {parts.hostname}:{parts.port}.")
    other = threading.Event()
    listeners = [listening(awake), listening(other)]
    for _ in range(3):
        awake.clear(), other.clear()
        wake.notify()
        assert awake.wait(30)
        assert other.wait(30)
    for listener in listeners:
        listener.close()


@pytest.mark.parametrize("scheme", ["redis", "amqp"])
def test_a_broker_that_is_away_costs_the_caller_nothing_and_is_told_once(settings, awake, scheme, caplog):
    settings.BROKER_URL = f"{scheme}://127.0.0.1:{free_port()}/"
    listener = Listener(awake)
    began = time.monotonic()
    for _ in range(100):
        wake.notify()
    assert time.monotonic() - began < 0.1
    told = lambda: [line.message for line in caplog.records if line.name == "generation.wake"]  # noqa: E731
    wait_for(lambda: len(told()) == 2, "a complaint of the publisher and one of the listener", every=0.02)
    threading.Event().wait(0.5)  # several more attempts are made meanwhile
    assert len(told()) == 2
    assert all("Jobs are safe in the database" in message for message in told())
    listener.close()


def test_a_broker_that_accepts_and_never_answers_blocks_nobody(settings, awake):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings.BROKER_URL = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
        began = time.monotonic()
        wake.notify()
        assert time.monotonic() - began < 0.1


def test_without_a_broker_nothing_is_started(settings, awake):
    settings.BROKER_URL = ""
    wake.notify()
    assert wake._publisher is None
    assert not Listener(awake)._thread.is_alive()


@pytest.mark.django_db(transaction=True)
def test_enqueueing_wakes_only_after_its_transaction(put, monkeypatch):
    from django.db import transaction

    notices = []
    monkeypatch.setattr(wake, "notify", lambda: notices.append(1))
    with transaction.atomic():
        put()
        assert notices == []
    assert notices == [1]


class Relay:
    """A broker that can be cut off and come back: a port of our own that passes everything on."""

    def __init__(self, target: str) -> None:
        parts = urlsplit(target)
        self.target, self.port = (parts.hostname, parts.port), free_port()
        user = parts.netloc.rpartition("@")[0]
        self.url = parts._replace(netloc=f"{user}{'@' if user else ''}127.0.0.1:{self.port}").geturl()
        self.open()

    def open(self) -> None:
        self.server = socket.create_server(("127.0.0.1", self.port))
        self.sockets: list[socket.socket] = []
        threading.Thread(target=self._accept, args=(self.server,), daemon=True).start()

    def cut(self) -> None:
        for one in (self.server, *self.sockets):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self, server: socket.socket) -> None:
        while True:
            try:
                here, _ = server.accept()
                there = socket.create_connection(self.target)
            except OSError:
                return
            self.sockets += [here, there]
            for source, sink in ((here, there), (there, here)):
                threading.Thread(target=self._pass_on, args=(source, sink), daemon=True).start()

    @staticmethod
    def _pass_on(source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)


@pytest.mark.parametrize("broker", BROKERS)
def test_a_broker_that_goes_and_comes_back_is_found_again(settings, awake, broker, caplog):
    parts = urlsplit(BROKERS[broker])
    try:
        socket.create_connection((parts.hostname, parts.port), timeout=1).close()
    except OSError:
        pytest.skip(f"No {broker} answers at {parts.hostname}:{parts.port}.")
    relay = Relay(BROKERS[broker])
    settings.BROKER_URL = relay.url
    listener = listening(awake)
    wake.notify()
    assert awake.wait(30)
    relay.cut()
    wait_for(lambda: not listener.connected, "the listener to notice", every=0.02)
    began = time.monotonic()
    wake.notify()
    assert time.monotonic() - began < 0.1
    relay.open()
    wait_for(lambda: listener.connected, "a new connection", every=0.02)
    awake.clear()

    def heard() -> bool:
        wake.notify()
        return awake.wait(0.5)

    wait_for(heard, "a wake after the broker's return", every=0.01)
    listener.close()
    relay.cut()
