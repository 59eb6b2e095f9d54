"""The lab's pages on who invited whom."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from access.invitations import tree
from accounts.decorators import duty_required
from accounts.models import Seat
from accounts.paging import Page, newest_first

PAGE = 25


@require_safe
@duty_required("access_lead")
def inviters(request: HttpRequest) -> HttpResponse:
    found = newest_first(tree.inviting_seats(), request.GET.get("after"), PAGE)
    context = {
        "found": Page(tree.inviters(found.rows), found.next),
        "made": tree.made_by_the_lab(),
        "came": tree.brought_by(None).count(),
        "is_first_page": not request.GET.get("after"),
    }
    return render(request, "access/invitations/tree.html", context)


@require_safe
@duty_required("access_lead")
def branch(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """One seat: its chain up to the lab, and whom it brought in; without one, whom the lab brought in."""
    seat = get_object_or_404(Seat.objects.select_related("person", "studio"), pk=pk) if pk is not None else None
    found = newest_first(tree.brought_by(seat), request.GET.get("after"), PAGE)
    counts = {one.seat.pk: one for one in tree.inviters([use.seat for use in found.rows])}
    context = {
        "seat": seat,
        "chain": tree.chain_of(seat) if seat else [],
        "found": Page([(use, counts[use.seat_id].below) for use in found.rows], found.next),
    }
    return render(request, "access/invitations/branch.html", context)
