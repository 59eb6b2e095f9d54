"""The site as an ASGI application that any ASGI server can run; `manage.py web` runs it with uvicorn."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from typing import Any

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
site = get_asgi_application()

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

closing = asyncio.Event()
LARGEST_BODY = 25 * 1024 * 1024  # bytes; nothing here takes more than a reference image and a form around it


async def application(scope: Message, receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":
        await live(receive, send)
    else:
        await answer(scope, receive, send)


async def live(receive: Receive, send: Send) -> None:
    """The server's own beginning and end, told to us by the lifespan protocol."""
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            notice_signals()
            await send({"type": "lifespan.startup.complete"})
        else:
            await send({"type": "lifespan.shutdown.complete"})
            return


def notice_signals() -> None:
    """Set `closing` the moment the server is told to end. The server's own handlers still run.

    lifespan.shutdown would be too late: servers send it only after every open response has ended, and a stream of
    events ends only when it is told to.
    """
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        before = signal.getsignal(number)

        def leave(received: int, frame: Any, before: Any = before) -> None:
            loop.call_soon_threadsafe(closing.set)
            if callable(before):
                before(received, frame)

        signal.signal(number, leave)


async def answer(scope: Message, receive: Receive, send: Send) -> None:
    """One request. An open stream of events ends when the server does, as if the reader had left.

    Other responses finish in peace. The reader's EventSource comes back by itself and finds the next process.
    A body beyond LARGEST_BODY is not read to its end: Django would put it on the disk first and ask who sent it then.
    """
    begun = streaming = finished = False
    size = 0

    async def watched_send(message: Message) -> None:
        nonlocal begun, streaming, finished
        if message["type"] == "http.response.start":
            begun = True
            headers = {name.lower(): value for name, value in message.get("headers", ())}
            streaming = headers.get(b"content-type", b"").startswith(b"text/event-stream")
        finished = message["type"] == "http.response.body" and not message.get("more_body", False)
        await send(message)

    async def receive_until_closing() -> Message:
        nonlocal size
        heard, ending = asyncio.ensure_future(receive()), asyncio.ensure_future(closing.wait())
        try:
            await asyncio.wait({heard, ending}, return_when=asyncio.FIRST_COMPLETED)
            if streaming and not heard.done():
                return {"type": "http.disconnect"}
            message = await heard
            size += len(message.get("body", b""))
            return message if size <= LARGEST_BODY else {"type": "http.disconnect"}
        finally:
            heard.cancel()
            ending.cancel()

    await site(scope, receive_until_closing, watched_send)
    if size > LARGEST_BODY and not begun:
        await send({"type": "http.response.start", "status": 413, "headers": [(b"content-type", b"text/plain")]})
        await send({"type": "http.response.body", "body": b"More was sent than is read here. Send less.\n"})
    if streaming and closing.is_set() and not finished:
        await send({"type": "http.response.body", "body": b"", "more_body": False})
