"""Who may come in. Every page of takes stands behind `door`; there is no other way in."""

import uuid
from collections.abc import Callable
from functools import wraps

from django.core.cache import cache
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone

from access.queries import entitlements
from accounts.decorators import seat_required
from takes import queries
from takes.models import Project, Reference, Take

PREFLIGHTS_A_MINUTE = 240


def door(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Lets a seat in that may look, with its entitlements as `request.entitlements`.

    Without a seat, or suspended, people read why, with status 403. What another studio owns is not there at all: 404.
    What somebody who may look may also do is for the actions to say.
    """

    @wraps(view)
    @seat_required
    def guarded(request: HttpRequest, *args, **kwargs) -> HttpResponseBase:
        request.entitlements = entitlements(request.seat)
        if not request.entitlements.may("view"):
            return render(request, "takes/closed.html", {"why": request.entitlements.why}, status=403)
        return view(request, *args, **kwargs)

    return guarded


def project_or_404(request: HttpRequest, pk: uuid.UUID) -> Project:
    try:
        return queries.project_for(request.seat, pk)
    except Project.DoesNotExist:
        raise Http404 from None


def take_or_404(request: HttpRequest, pk: uuid.UUID) -> Take:
    try:
        return queries.take_for(request.seat, pk)
    except Take.DoesNotExist:
        raise Http404 from None


def reference_or_404(request: HttpRequest, pk: uuid.UUID) -> Reference:
    try:
        return queries.reference_for(request.seat, pk)
    except Reference.DoesNotExist:
        raise Http404 from None


def too_fast(request: HttpRequest) -> bool:
    """Whether a seat has asked for more preflights within this minute than a person types. Counts this one."""
    key = f"preflights:{request.seat.pk}:{int(timezone.now().timestamp()) // 60}"
    cache.add(key, 0, timeout=120)
    try:
        return cache.incr(key) > PREFLIGHTS_A_MINUTE
    except ValueError:  # the minute's count was evicted between the two lines
        return False
