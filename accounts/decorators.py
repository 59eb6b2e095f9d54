"""What a view may demand of who asks."""

from collections.abc import Callable
from functools import wraps

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render

from accounts.models import Duty

View = Callable[..., HttpResponseBase]


def seat_required(view: View) -> View:
    """Only people with an open seat pass; others read why they have none, with status 403."""

    @wraps(view)
    def guarded(request: HttpRequest, *args, **kwargs) -> HttpResponseBase:
        if request.seat is None:
            return render(request, "accounts/no_seat.html", status=403)
        return view(request, *args, **kwargs)

    return guarded


def duty_required(kind: str) -> Callable[[View], View]:
    """Only people who have this duty for the lab pass, whatever seats they have; others get 403 and the reason."""
    who = Duty.Kind(kind).label.lower()

    def guard(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args, **kwargs) -> HttpResponseBase:
            if kind not in request.duties:
                raise PermissionDenied(f"This page belongs to the lab: it needs the duty of {who}.")
            return view(request, *args, **kwargs)

        return guarded

    return guard
