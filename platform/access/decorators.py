"""What a view may demand of the seat that asks."""

from collections.abc import Callable
from functools import wraps

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from access.queries import entitlements
from accounts.decorators import seat_required

View = Callable[..., HttpResponseBase]


def act_required(act: str) -> Callable[[View], View]:
    """Only seats whose entitlements allow `act` pass; the view finds them as `request.entitlements`."""

    def guard(view: View) -> View:
        @seat_required
        @wraps(view)
        def guarded(request: HttpRequest, *args, **kwargs) -> HttpResponseBase:
            request.entitlements = entitlements(request.seat)
            if not request.entitlements.may(act):
                raise PermissionDenied(request.entitlements.why)
            return view(request, *args, **kwargs)

        return guarded

    return guard
