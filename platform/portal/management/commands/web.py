import socket
from typing import Any

import uvicorn
from django.core.management.base import BaseCommand, CommandError, CommandParser
from uvicorn.supervisors import Multiprocess

from config.sockets import PortTaken, listen


class Command(BaseCommand):
    help = "Serve the site (an ASGI server; pages, static files and live events)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--workers", type=int, default=1, help="serving processes (default 1)")
        parser.add_argument("--fd", type=int, help="serve on this listening socket, inherited from `manage.py up`")
        parser.add_argument("--access-log", action="store_true", help="log every request")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            bound = (
                socket.socket(fileno=options["fd"])
                if options["fd"] is not None
                else listen(options["host"], options["port"])
            )
        except PortTaken as error:
            raise CommandError(str(error)) from error
        config = uvicorn.Config(
            "config.asgi:application",
            workers=options["workers"],
            log_config=None,
            access_log=options["access_log"],
            proxy_headers=False,  # Django decides by BEHIND_PROXY what to believe of a proxy
            server_header=False,
            # Streams of events end at once (config/asgi.py); what still runs after this is cut.
            timeout_graceful_shutdown=5,
        )
        if options["fd"] is None:
            host, port = bound.getsockname()[:2]
            self.stderr.write(f"Serving on http://{host}:{port}")
        if options["workers"] > 1:
            Multiprocess(config, sockets=[bound]).run()
        else:
            uvicorn.Server(config).run(sockets=[bound])
