"""Live pages: what became of a project's takes, as server-sent events, and the same by polling where those fail.

A `Watch` remembers what it has told and each `look` tells what is new since: a take in another state is a whole card,
a step of progress a few values. One look costs a bounded number of queries, however many takes are under way.
"""

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from asgiref.sync import sync_to_async
from django.db import close_old_connections, connections
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.middleware.csrf import get_token
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_safe

from access.queries import entitlements
from accounts.models import Seat
from takes.doors import door, project_or_404
from takes.models import Project, Take
from takes.purse import purse
from takes.stills import Still, stills

BUSY, IDLE = 0.7, 3.0  # seconds between two looks, while something is under way and while nothing is
# A comment so often tells proxies and browsers that the stream lives; rights are asked anew. With the longest pause
# between two looks, whoever was shut out hears nothing after fifteen seconds.
BEAT = 11.0
LENGTH = 240.0  # then the stream ends and the browser comes back through the front door
# What ended is known to the page a moment after it ended; asking for a little more than was missed loses nothing.
OVERLAP = timedelta(seconds=60)
MEMORY = timedelta(days=1)
MOST = 60  # takes told of in one look
# Open streams of one seat on this process: a few browsers' worth of pages. Who has more polls, and notices nothing.
MOST_STREAMS = 12
_open_streams: Counter[int] = Counter()  # by seat
REACH = 500  # takes, by number, among which a reader that comes may have missed an end


@dataclass(frozen=True)
class Message:
    """One event: `card` {id, state, said, html}, `progress` (Still.progress_json) or `credits` {html}."""

    kind: str
    data: dict[str, Any]

    def encode(self, at: str) -> bytes:
        return f"event: {self.kind}\nid: {at}\ndata: {json.dumps(self.data)}\n\n".encode()


@dataclass
class Watch:
    """One reader of one project."""

    seat: Seat
    project: Project
    since: datetime
    csrf_token: str
    may_submit: bool
    newest: int | None = None  # the highest number told of; None before the first look
    states: dict[Any, str] = field(default_factory=dict)
    progress: dict[Any, dict[str, Any]] = field(default_factory=dict)

    @classmethod
    def of(cls, request: HttpRequest, project: Project) -> "Watch":
        heard = request.headers.get("Last-Event-ID") or request.GET.get("since", "")
        return cls(
            seat=request.seat,
            project=project,
            since=_moment(heard),
            csrf_token=get_token(request),
            may_submit=request.entitlements.may("submit"),
        )

    @property
    def is_busy(self) -> bool:
        return any(state in Take.UNDER_WAY for state in self.states.values())

    def look(self) -> list[Message]:
        """What is new since the last look, the oldest take first."""
        first, now = self.newest is None, timezone.now()
        told: list[Message] = []
        takes = self._takes()
        self.newest = max([self.newest or self.project.last_number, *(take.number for take in takes)])
        for still in stills(takes):
            take = still.take
            if self.states.get(take.pk) != still.state:
                self.states[take.pk] = still.state
                told.append(self._card(still))
            if still.is_under_way and self.progress.get(take.pk) != (news := still.progress_json()):
                self.progress[take.pk] = news
                told.append(Message("progress", news))
        self.since = now
        if not first and any(message.kind == "card" for message in told):
            html = render_to_string("takes/_purse.html", {"purse": purse(self.seat.studio)})
            told.append(Message("credits", {"html": html}))
        return told

    def may_go_on(self) -> bool:
        """Whether the seat may still look: it may have ended, or been suspended, since the stream began."""
        seat = Seat.objects.select_related("studio", "person").get(pk=self.seat.pk)
        return seat.person.is_active and entitlements(seat).may("view")

    def _takes(self) -> list[Take]:
        """What may have changed: each part of the condition is a short range of an index."""
        news = Q(studio=self.seat.studio_id, state__in=Take.UNDER_WAY)
        if self.newest is None:
            missed = self.since - OVERLAP
            recent = Q(finished_at__gt=missed) | Q(created_at__gt=missed)
            news |= Q(number__gt=self.project.last_number - REACH) & recent
        else:
            open_then = [pk for pk, state in self.states.items() if state in Take.UNDER_WAY]
            news |= Q(number__gt=self.newest) | Q(pk__in=open_then)
        rows = Take.objects.filter(news, project=self.project).select_related("seat__person", "project")
        return list(rows.order_by("-number")[:MOST])[::-1]

    def _card(self, still: Still) -> Message:
        html = render_to_string(
            "takes/_card.html", {"still": still, "may_submit": self.may_submit, "csrf_token": self.csrf_token}
        )
        said = f"{still.take}: {still.word.lower()}."
        return Message("card", {"id": str(still.take.pk), "state": still.state, "said": said, "html": html.strip()})


async def events(request: HttpRequest, project_id: Any) -> HttpResponseBase:
    """GET, text/event-stream. `Last-Event-ID`, else ?since=, is the moment up to which the reader knows everything."""
    opened = await sync_to_async(_open)(request, project_id)
    if not isinstance(opened, Watch):
        return opened
    if _open_streams[opened.seat.pk] >= MOST_STREAMS:
        return HttpResponse(status=429, headers={"Retry-After": "60"})
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingHttpResponse(_stream(opened), content_type="text/event-stream", headers=headers)


@require_safe
@door
def poll(request: HttpRequest, project_id: Any) -> JsonResponse:
    """GET {now, events: [{kind, data}]}: one look, for browsers that no stream gets through to."""
    watch = Watch.of(request, project_or_404(request, project_id))
    told = [{"kind": message.kind, "data": message.data} for message in watch.look()]
    return JsonResponse({"now": watch.since.isoformat(), "events": told}, headers={"Cache-Control": "no-store"})


def _open(request: HttpRequest, project_id: Any) -> Watch | HttpResponseBase:
    opened: list[Watch] = []

    @require_safe
    @door
    def enter(request: HttpRequest) -> HttpResponse:
        opened.append(Watch.of(request, project_or_404(request, project_id)))
        return HttpResponse()

    answer = enter(request)
    return opened[0] if opened else answer


async def _stream(watch: Watch) -> AsyncIterator[bytes]:
    """Messages until the stream has run its length, the rights are gone, or the reader or the server leaves."""
    began = beaten = time.monotonic()
    _open_streams[watch.seat.pk] += 1
    try:
        await sync_to_async(let_go)()
        yield b"retry: 2000\n\n"
        while time.monotonic() - began < LENGTH:
            for message in await apart(watch.look):
                yield message.encode(watch.since.isoformat())
            if time.monotonic() - beaten > BEAT:
                if not await apart(watch.may_go_on):
                    return
                beaten = time.monotonic()
                yield b": still here\n\n"
            await asyncio.sleep(BUSY if watch.is_busy else IDLE)
    finally:
        _open_streams[watch.seat.pk] -= 1


def let_go() -> None:
    """Close the connection that the request's own thread opened at the door: the stream will not use it again."""
    for connection in connections.all(initialized_only=True):
        if not connection.in_atomic_block:
            connection.close()


async def apart(ask: Any) -> Any:
    """Run a read on one of the loop's few shared threads: streams share a few database connections, whatever their
    number, instead of holding one each."""

    def asked() -> Any:
        close_old_connections()
        try:
            return ask()
        finally:
            close_old_connections()

    return await sync_to_async(asked, thread_sensitive=False)()


def _moment(heard: str) -> datetime:
    try:
        moment = parse_datetime(heard)
    except ValueError:
        moment = None
    now = timezone.now()
    # A reader that slept longer finds everything on the page itself.
    return moment if moment and timezone.is_aware(moment) and abs(now - moment) <= MEMORY else now
