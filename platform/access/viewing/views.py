from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from access.errors import AccessProblem
from access.lab import acting, lead
from access.viewing import actions
from access.viewing.middleware import IN_SESSION
from accounts import notices
from accounts.models import Seat


@require_POST
@lead
def start(request: HttpRequest, pk: int) -> HttpResponse:
    """Look as this seat, because of `reason`."""
    seat = get_object_or_404(Seat.objects.select_related("studio", "person"), pk=pk)
    try:
        until = actions.start(seat=seat, reason=request.POST.get("reason", ""), actor=acting(request))
    except AccessProblem as problem:
        notices.refused(request, problem.message)
        return redirect(f"{reverse('lab_entitlements')}?seat={pk}")
    request.session[IN_SESSION] = {"seat": seat.pk, "until": until.isoformat()}
    return redirect("home")


@require_POST
def end(request: HttpRequest) -> HttpResponse:
    """Stop looking; somebody who is not looking is sent home."""
    if request.viewing is None:
        return redirect("home")
    seat = request.viewing.seat
    del request.session[IN_SESSION]
    actions.end(seat=seat, actor=acting(request))
    notices.done(request, f"You no longer look as {seat.person.name}.")
    return redirect(f"{reverse('lab_entitlements')}?seat={seat.pk}")
