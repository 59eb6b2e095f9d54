import logging
import signal
import threading
from typing import Any

from celery import Task
from celery.schedules import BaseSchedule
from django.core.management.base import BaseCommand
from django.db import connections

from config.celery import periodic_work

log = logging.getLogger("stagedoor.clock")

LONGEST_PAUSE = 30.0  # seconds between two tries of work that keeps failing
PATIENCE = 10.0  # seconds that running work gets to end by itself when the clock is told to stop


class Command(BaseCommand):
    help = "Run the periodic work that the apps name in tasks.SCHEDULE, here, with or without a broker."

    def handle(self, *args: Any, **options: Any) -> None:
        """Every piece of work has a thread of its own: one that takes long or fails keeps no other waiting."""
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        hands = [
            threading.Thread(target=tick, args=(name, task, schedule, stop), name=name, daemon=True)
            for name, (task, schedule) in periodic_work().items()
        ]
        for hand in hands:
            hand.start()
        log.info("the clock keeps %d pieces of periodic work", len(hands))
        stop.wait()
        for hand in hands:
            hand.join(PATIENCE)


def tick(name: str, task: Task, schedule: BaseSchedule, stop: threading.Event) -> None:
    """Run one piece of work now, to catch up with what came due while no clock ran, then whenever it is due."""
    last, failures = None, 0
    try:
        while not stop.is_set():
            due, pause = schedule.is_due(last) if last else (True, 0)
            if not due:
                stop.wait(pause)
                continue
            last = schedule.now()
            try:
                task.run()
                failures = 0
            except Exception:
                failures += 1
                log.exception("periodic work failed: %s", name)
                connections.close_all()  # the failure may have been the connection's
                stop.wait(min(2.0**failures, LONGEST_PAUSE))
    finally:
        connections.close_all()
