"""Lets an access lead look at the house as a seat sees it, and do nothing there."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import Resolver404, resolve
from django.utils import timezone

from access.lab import acting
from access.viewing import actions
from accounts.models import Duty, Seat

IN_SESSION = "viewing"
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
# What writes nothing, and the ways out.
ALLOWED = {"viewing_end", "account_logout", "takes:preflight"}


@dataclass(frozen=True)
class Viewing:
    """Whom somebody looks as, and until when."""

    seat: Seat
    until: datetime


class ViewingMiddleware:
    """`request.viewing`: the look that is going on, or None. While it is, `request.seat` is the seat looked as, and the
    lab's own duties rest. Every request asks anew whether the lead may and the seat is open."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.viewing = self._viewing(request)
        if request.viewing is None:
            return self.get_response(request)
        request.seat = request.viewing.seat
        request.seats = [request.seat]
        request.duties = frozenset()
        if request.method not in SAFE_METHODS and _name(request) not in ALLOWED:
            return render(request, "access/viewing/only_look.html", status=403)
        return self.get_response(request)

    def _viewing(self, request: HttpRequest) -> Viewing | None:
        kept = request.session.get(IN_SESSION) if request.user.is_authenticated else None
        if not kept:
            return None
        seat = Seat.objects.select_related("studio", "person").filter(pk=kept["seat"]).first()
        until = datetime.fromisoformat(kept["until"])
        if seat is not None and seat.is_open and until > timezone.now() and Duty.Kind.ACCESS_LEAD in request.duties:
            return Viewing(seat, until)
        del request.session[IN_SESSION]
        if seat is not None:
            actions.end(seat=seat, actor=acting(request), by="time")
        return None


def _name(request: HttpRequest) -> str:
    try:
        return resolve(request.path_info).view_name
    except Resolver404:
        return ""
