"""The credits page: what a studio has, from which lots, and what became of it."""

from dataclasses import dataclass

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from access.decorators import act_required
from quotas import queries
from quotas.queries import Balance

PAGE = 50


@dataclass(frozen=True)
class Meter:
    """A balance as shares of what was given, in percent."""

    used: float
    held: float

    @classmethod
    def of(cls, balance: Balance) -> "Meter":
        whole = balance.granted or 1
        return cls(round(100 * balance.spent / whole, 2), round(100 * balance.held / whole, 2))


@require_safe
@act_required("see_credits")
def credits(request: HttpRequest) -> HttpResponse:
    """The newest entries, or with `?before=ID` the ones before that entry."""
    studio, before = request.seat.studio, request.GET.get("before", "")
    if before and not (before.isdecimal() and len(before) < 19):
        raise Http404("There is no such entry.")
    lines = queries.entries(studio, int(before) if before else None, PAGE + 1)
    balance = queries.balance(studio)
    context = {
        "balance": balance,
        "meter": Meter.of(balance),
        "entries": lines[:PAGE],
        "older": lines[PAGE - 1].pk if len(lines) > PAGE else None,
        "is_first_page": not before,
    }
    return render(request, "quotas/credits.html", context)
