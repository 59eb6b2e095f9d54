"""Tells other systems that answers have changed, as OFREP's server-sent events: {"type": "refetchEvaluation", "etag"}.

What changes for many (rollouts, tiers) is noticed within about a second and a half, by the snapshot's mark. A stream
about one subject also notices, at each beat, what changes for them alone: their tier, a suspension, a list by name.
"""

import asyncio
import json
import time
import uuid
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass

from asgiref.sync import sync_to_async
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, JsonResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from access import snapshot
from accounts.models import ApiKey
from accounts.queries import live_key
from api.flags.errors import Unanswerable
from api.flags.queries import bulk_for, subject_for
from api.flags.rules import Target
from api.flags.views import SCOPE, FlagView, named
from api.permissions import check
from takes.errors import Problem
from takes.streams import apart, let_go

LOOK = 0.5  # seconds between two looks; they share the process's one look a second at the mark
BEAT = 11.0  # a comment for proxies, and rights are asked anew
LENGTH = 240.0  # then the stream ends, and the reader comes back through the front door
MOST_STREAMS = 20  # of one key on this process
LONGEST_TOKEN = 64

_open_streams: Counter[uuid.UUID] = Counter()  # by key


@dataclass
class Watch:
    """One reader. `known` is the token of what it knows, None for whatever is so when the stream begins.

    A token is the digest of all flags of `target`; for a reader that names nobody it is the snapshot's mark.
    """

    key_id: uuid.UUID
    target: Target | None
    known: str | None
    mark: str | None = None

    def look(self, *, closely: bool = False) -> str | None:
        """The new token, if there is something new; `closely` looks at the subject even where the mark is the same.

        Raises PermissionDenied or Problem where the reader may not know any more.
        """
        mark = snapshot.current().mark
        if mark == self.mark and not closely:
            return None
        key = live_key(self.key_id)
        if key is None:
            raise PermissionDenied
        check(key, SCOPE)
        self.mark = mark
        token = self._token(key)
        known, self.known = self.known, token
        return token if known not in (None, token) else None

    def _token(self, key: ApiKey) -> str:
        if self.target is None:
            return self.mark or "none"
        return bulk_for(subject_for(key, self.target))[1]


class Door(FlagView):
    """Everything that is asked of whoever opens a stream. Answers with nothing; the watch is in `opened`."""

    reads = SCOPE
    http_method_names = ("get", "options")
    opened: list[Watch] | None = None

    def get(self, request: Request) -> Response:
        assert self.opened is not None
        asked = request.query_params
        target = named(asked["targetingKey"]) if "targetingKey" in asked else None
        since = request.headers.get("Last-Event-ID") or asked.get("since")
        if since and len(since) > LONGEST_TOKEN:
            raise Unanswerable("since is the etag of an answer or of an event.", code="PARSE_ERROR")
        if target is not None:
            subject_for(self.key, target)
        self.opened.append(Watch(self.key.pk, target, since or None))
        return Response()


@csrf_exempt
@login_not_required
async def events(request: HttpRequest) -> HttpResponseBase:
    """GET, text/event-stream. ?targetingKey= tells of one subject; `Last-Event-ID`, else ?since=, what is known."""
    opened: list[Watch] = []
    answer = await sync_to_async(Door.as_view(opened=opened))(request)
    if not opened:
        return answer
    if _open_streams[opened[0].key_id] >= MOST_STREAMS:
        details = f"A key has up to {MOST_STREAMS} streams open at once. Close one, or ask now and then."
        headers = {"Retry-After": "60"}
        return JsonResponse({"errorCode": "GENERAL", "errorDetails": details}, status=429, headers=headers)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingHttpResponse(_stream(opened[0]), content_type="text/event-stream", headers=headers)


async def _stream(watch: Watch) -> AsyncIterator[bytes]:
    """Events until the stream has run its length, the rights are gone, or the reader or the server leaves."""
    began = beaten = time.monotonic()
    _open_streams[watch.key_id] += 1
    try:
        await sync_to_async(let_go)()
        yield b"retry: 2000\n\n"
        while time.monotonic() - began < LENGTH:
            due = time.monotonic() - beaten > BEAT
            token = await apart(lambda closely=due: watch.look(closely=closely))
            if token is not None:
                yield _encoded(token)
            if due:
                beaten = time.monotonic()
                yield b": still here\n\n"
            await asyncio.sleep(LOOK)
    except (PermissionDenied, Problem):
        return
    finally:
        _open_streams[watch.key_id] -= 1
        if not _open_streams[watch.key_id]:
            del _open_streams[watch.key_id]


def _encoded(token: str) -> bytes:
    told = json.dumps({"type": "refetchEvaluation", "etag": token})
    return f"id: {token}\ndata: {told}\n\n".encode()
