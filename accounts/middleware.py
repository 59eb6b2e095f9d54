"""Puts the seat a person works from on the request, and notes that their session is in use."""

from collections.abc import Callable

from allauth.usersessions.models import UserSession
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject

from accounts.models import Seat
from accounts.queries import duties_of, seats_of

STUDIO_IN_SESSION = "studio"
ACTIVITY_RESOLUTION = 60  # seconds


class SeatMiddleware:
    """`request.seats`: the person's memberships; `request.seat`: the open one they work from now, or None;
    `request.duties`: what they do for the lab, a set of Duty.Kind values, asked for when first looked at.

    A suspended or ended seat is never `request.seat`, so a view that asks for a seat refuses it without more ado.
    The session remembers the studio, not the seat: a seat that is ended and given again keeps its place.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.seats = seats_of(request.user) if request.user.is_authenticated else []
        request.seat = chosen(request.seats, request.session.get(STUDIO_IN_SESSION) if request.seats else None)
        request.duties = SimpleLazyObject(lambda: duties_of(request.user))
        return self.get_response(request)


def chosen(seats: list[Seat], studio_id: int | None) -> Seat | None:
    """The open seat in the remembered studio, else the first open one."""
    usable = [seat for seat in seats if seat.is_open]
    return next((seat for seat in usable if seat.studio_id == studio_id), usable[0] if usable else None)


class ActivityMiddleware:
    """Keeps "last seen" of a session true to the minute. allauth's own writes with every request, streams included."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        key = request.session.session_key if request.user.is_authenticated else None
        if key and cache.add(f"seen:{key}", True, ACTIVITY_RESOLUTION):
            UserSession.objects.create_from_request(request)
        return self.get_response(request)
