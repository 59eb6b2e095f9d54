"""`manage.py worker`: render what is queued."""

import signal
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser


class Command(BaseCommand):
    help = "Render what is queued, until told to stop (SIGTERM finishes the job at hand, a second one gives it back)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="stop when nothing waits any more")
        parser.add_argument("--device", default=settings.DEVICE, help="auto, cpu, cuda, … (default: %(default)s)")
        parser.add_argument("--name", default="", help="what pages call this worker (default: host and process)")

    def handle(self, *args: Any, once: bool, device: str, name: str, **options: Any) -> None:
        # Here and not above: listing the commands must not load torch.
        from generation.worker import RenderWorker

        worker = RenderWorker(name=name, device=device)
        before = {one: signal.signal(one, lambda *_: worker.stop()) for one in (signal.SIGTERM, signal.SIGINT)}
        try:
            if once:
                worker.run_until_empty()
            else:
                worker.run()
        finally:
            for one, handler in before.items():
                signal.signal(one, handler)
