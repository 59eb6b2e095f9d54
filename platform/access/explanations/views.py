"""What a seat may do, and why: one's own page, and the lab's for any seat."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from access.explanations import queries
from access.explanations.rules import UnknownAct
from access.lab import lead
from accounts.decorators import seat_required
from accounts.models import Seat
from accounts.paging import newest_first
from accounts.queries import seats_in

FOUND = 20
LONGEST_NUMBER = 18


@require_safe
@seat_required
def rights(request: HttpRequest) -> HttpResponse:
    """One's own seat's; an owner may ask for any seat of the studio."""
    seat = request.seat
    asked = request.GET.get("seat", "")
    if asked and asked != str(seat.pk):
        mine = seats_in(seat.studio) if seat.role == Seat.Role.OWNER else Seat.objects.none()
        seat = get_object_or_404(mine, pk=_number(asked))
    context = {"seat": seat, "explained": queries.everything(seat), "own": seat == request.seat}
    return render(request, "access/explanations/rights.html", context)


@require_safe
@lead
def entitlements(request: HttpRequest) -> HttpResponse:
    """`?seat=` names the seat and `?act=` opens one act; `?q=` finds seats by name, address or studio."""
    words, asked = request.GET.get("q", "").strip()[:200], request.GET.get("seat", "")
    context: dict[str, object] = {"words": words, "act": request.GET.get("act", "")}
    if asked:
        seat = get_object_or_404(Seat.objects.select_related("studio", "person"), pk=_number(asked))
        context |= {"seat": seat, "explained": queries.everything(seat)}
        try:
            context["one"] = queries.explanation(seat, str(context["act"])) if context["act"] else None
        except UnknownAct as unknown:
            context["problem"] = str(unknown)
    elif words:
        context["found"] = newest_first(queries.seats_like(words), request.GET.get("after"), FOUND)
    status = 422 if "problem" in context else 200
    return render(request, "access/explanations/entitlements.html", context, status=status)


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) <= LONGEST_NUMBER else 0
