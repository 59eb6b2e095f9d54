"""What a view may demand of who asks."""

from collections.abc import Callable
from functools import wraps

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render

View = Callable[..., HttpResponseBase]


def seat_required(view: View) -> View:
    """Only people with an open seat pass; others read why they have none, with status 403."""

    @wraps(view)
    def guarded(request: HttpRequest, *args, **kwargs) -> HttpResponseBase:
        if request.seat is None:
            return render(request, "accounts/no_seat.html", status=403)
        return view(request, *args, **kwargs)

    return guarded
