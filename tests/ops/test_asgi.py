import asyncio

import pytest

from config import asgi


@pytest.fixture
def closing(monkeypatch):
    event = asyncio.Event()
    monkeypatch.setattr(asgi, "closing", event)
    return event


def call(site, monkeypatch, *, then):
    """Run one request against `site`; `then(sent)` is awaited beside it. Gives the messages that were sent."""
    monkeypatch.setattr(asgi, "site", site)
    sent: list[dict] = []

    async def send(message):
        sent.append(message)

    async def receive():
        await asyncio.Event().wait()

    async def both():
        answer = asyncio.ensure_future(asgi.answer({"type": "http"}, receive, send))
        await then(sent)
        await asyncio.wait_for(answer, 5)

    asyncio.run(both())
    return sent


def test_an_open_stream_of_events_ends_when_the_server_does(closing, monkeypatch):
    async def stream(scope, receive, send):
        start = {"type": "http.response.start", "status": 200, "headers": [(b"Content-Type", b"text/event-stream")]}
        await send(start)
        await send({"type": "http.response.body", "body": b": hello\n\n", "more_body": True})
        assert (await receive())["type"] == "http.disconnect"

    async def close(sent):
        while len(sent) < 2:
            await asyncio.sleep(0)
        closing.set()

    sent = call(stream, monkeypatch, then=close)
    assert sent[-1] == {"type": "http.response.body", "body": b"", "more_body": False}


def test_an_ordinary_answer_finishes_in_peace(closing, monkeypatch):
    async def page(scope, receive, send):
        listening = asyncio.ensure_future(receive())
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/html")]})
        await asyncio.sleep(0.05)
        assert not listening.done()
        listening.cancel()
        await send({"type": "http.response.body", "body": b"whole"})

    async def close(sent):
        closing.set()

    sent = call(page, monkeypatch, then=close)
    assert sent[-1]["body"] == b"whole"
