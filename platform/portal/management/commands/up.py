import os
import sys
import threading
import time
from http.client import HTTPConnection
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection, connections
from django.db.migrations.executor import MigrationExecutor

from config.sockets import PortTaken, listen
from config.supervisor import Child, Supervisor


class Command(BaseCommand):
    help = "The whole house as one: web, workers and clock, watched and restarted, with one log."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--web", type=int, default=1, help="processes that serve pages (default 1)")
        parser.add_argument("--workers", type=int, default=1, help="processes that render (default 1)")
        parser.add_argument("--devices", default="", help="one worker on each of these instead: cuda:0,cuda:1")
        parser.add_argument("--links", action="store_true", help="print the demo people's sign-in links when it is up")

    def handle(self, *args: Any, **options: Any) -> None:
        waiting = MigrationExecutor(connection).migration_plan(MigrationExecutor(connection).loader.graph.leaf_nodes())
        if waiting:
            raise CommandError(
                f"The database lacks {len(waiting)} migrations. Run `manage.py migrate`, then `manage.py up` again."
            )
        connections.close_all()
        try:
            # Bound here and inherited: while a dead web process is started again, callers wait instead of failing.
            bound = listen(options["host"], options["port"])
        except PortTaken as error:
            raise CommandError(str(error)) from error

        host, port = bound.getsockname()[:2]
        environment = dict(os.environ)
        if settings.DEBUG and "SITE_URL" not in environment:
            environment["SITE_URL"] = os.environ["SITE_URL"] = f"http://{host}:{port}"
        site = environment.get("SITE_URL", settings.SITE_URL)
        supervisor = Supervisor(self.children(bound.fileno(), options, environment), out=sys.stdout)
        threading.Thread(
            target=self.announce, args=(supervisor, host, port, site, options["links"]), daemon=True
        ).start()
        supervisor.run()

    def children(self, fd: int, options: dict[str, Any], environment: dict[str, str]) -> list[Child]:
        def child(name: str, *command: str, stage: int, grace: float, inherit: tuple[int, ...] = ()) -> Child:
            around = {"DATABASE_POOL": "8"} | environment if command[0] == "web" else environment
            return Child(name, [sys.executable, "-u", sys.argv[0], *command], stage, grace, around, inherit=inherit)

        devices = [f"--device={name}" for name in options["devices"].split(",") if name] or [""] * options["workers"]
        # The web goes first, so that nothing new comes in; the clock goes last, to hear what the workers ended.
        return [
            *(
                child(name, "web", f"--fd={fd}", stage=0, grace=8, inherit=(fd,))
                for name in numbered("web", options["web"])
            ),
            *(
                child(name, "worker", *filter(None, [device]), stage=1, grace=10)
                for name, device in zip(numbered("worker", len(devices)), devices, strict=True)
            ),
            child("clock", "clock", stage=2, grace=12),
        ]

    def announce(self, supervisor: Supervisor, host: str, port: int, site: str, links: bool) -> None:
        """Say where the site is once it really answers."""
        while not answers(host, port):
            if supervisor.stopping.wait(0.3):
                return
        lines = [f"Stagedoor is up on {site} (Ctrl-C ends it)"]
        if links:
            from portal import demo

            lines += ["", *demo.links_table(site)]
            connections.close_all()
        for line in lines:
            supervisor.say("up", line)


def numbered(name: str, count: int) -> list[str]:
    return [name] if count == 1 else [f"{name}-{number}" for number in range(1, count + 1)]


def answers(host: str, port: int) -> bool:
    """Any HTTP answer will do: a site that redirects or refuses is up."""
    connecting = HTTPConnection("127.0.0.1" if host == "0.0.0.0" else host, port, timeout=30)  # noqa: S104
    try:
        connecting.request("HEAD", "/")
        return connecting.getresponse().status < 500
    except OSError:
        time.sleep(0.1)
        return False
    finally:
        connecting.close()
