"""Telling workers to look at the queue now, instead of at their next look.

The broker holds nothing: a wake is an empty message to every worker that listens, and one that is lost costs a second
or two. So nothing here waits for a broker or raises because of one. Without `settings.BROKER_URL` nothing is sent at
all (docs/decisions/001-no-broker-by-default.md).
"""

import contextlib
import logging
import socket
import threading
import uuid

from django.conf import settings
from django.db import transaction
from kombu import Connection, Consumer, Exchange, Producer, Queue

log = logging.getLogger(__name__)

EXCHANGE = Exchange("stagedoor.wake", type="fanout", durable=False, delivery_mode="transient")
RETRY = 5.0  # seconds between attempts to reach a broker that is away

_wanted = threading.Event()
_starting = threading.Lock()
_publisher: threading.Thread | None = None


def on_commit() -> None:
    """Wake the workers once what the caller wrote can be seen."""
    transaction.on_commit(notify)


def notify() -> None:
    """Wake the workers. Takes microseconds: a thread of its own talks to the broker, and several wakes become one."""
    if settings.BROKER_URL:
        _wanted.set()
        _start_publisher()


class Listener:
    """Sets `awake` whenever a wake arrives, from a thread of its own, as long as the broker can be reached."""

    def __init__(self, awake: threading.Event) -> None:
        self.awake = awake
        self.connected = False
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="wake-listener", daemon=True)
        if settings.BROKER_URL:
            self._thread.start()

    def close(self) -> None:
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join(timeout=3)

    def _listen(self) -> None:
        complaint = Complaint("Cannot listen to")
        while not self._closing.is_set():
            try:
                with _connect() as connection, self._consumer(connection):
                    complaint.over()
                    self.connected = True
                    self.awake.set()  # what was enqueued while nobody listened
                    while not self._closing.is_set():
                        with contextlib.suppress(socket.timeout):
                            connection.drain_events(timeout=1)
            except Exception as error:
                complaint.about(error)
            finally:
                self.connected = False
            self._closing.wait(RETRY)

    def _consumer(self, connection: Connection) -> Consumer:
        name = f"stagedoor.wake.{uuid.uuid4()}"
        own = Queue(name, EXCHANGE, exclusive=True, auto_delete=True, durable=False)
        return Consumer(connection, [own], callbacks=[self._on_wake], no_ack=True)

    def _on_wake(self, body: object, message: object) -> None:
        self.awake.set()


class Complaint:
    """Says once that the broker is away, and once that it is back."""

    def __init__(self, what: str) -> None:
        self.what, self.said = what, False

    def about(self, error: Exception) -> None:
        if not self.said:
            self.said = True
            log.warning(
                "%s the broker (%s: %s). Jobs are safe in the database, and workers find them at their next look.",
                *(self.what, type(error).__name__, error),
            )

    def over(self) -> None:
        if self.said:
            self.said = False
            log.info("The broker is back.")


def _start_publisher() -> None:
    global _publisher
    with _starting:
        if _publisher is None or not _publisher.is_alive():  # a fork leaves its child without the thread
            _publisher = threading.Thread(target=_publish, name="wake-publisher", daemon=True)
            _publisher.start()


def _publish() -> None:
    complaint = Complaint("Cannot publish to")
    while True:
        _wanted.wait()
        try:
            with _connect() as connection:
                producer = Producer(connection)
                complaint.over()
                while _wanted.wait():
                    producer.publish({}, exchange=EXCHANGE, declare=[EXCHANGE])
                    _wanted.clear()
        except Exception as error:
            complaint.about(error)
            threading.Event().wait(RETRY)


def _connect() -> Connection:
    connection = Connection(
        settings.BROKER_URL,
        connect_timeout=2,
        transport_options={"max_retries": 1, "interval_start": 0, "socket_connect_timeout": 2},
    )
    connection.connect()
    return connection
