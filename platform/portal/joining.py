"""Coming in by invitation. It stands here because a new studio's first credits come from the ledger, above `access`."""

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import record_authentication
from allauth.account.utils import perform_login
from django.contrib.auth.decorators import login_not_required
from django.core.cache import cache
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from access.errors import AccessProblem, InvitationRefused
from access.invitations import actions as access
from access.invitations.queries import Welcome, welcome
from accounts import notices
from accounts.middleware import STUDIO_IN_SESSION
from accounts.models import Seat
from portal.forms import JoinForm
from quotas.actions import grant_recurring

WRONG_CODES_ALLOWED = 20
WRONG_CODES_WINDOW = 10 * 60  # seconds


@login_not_required
@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest, code: str) -> HttpResponse:
    if _too_many_wrong_codes(request):
        response = render(request, "429.html", status=429)
        response["Retry-After"] = str(WRONG_CODES_WINDOW)
        return response
    try:
        invited = welcome(code)
        return _accept(request, code, invited) if request.method == "POST" else _welcome(request, invited)
    except InvitationRefused as refusal:
        _count_wrong_code(request)
        return render(request, "portal/join_refused.html", {"reason": refusal.message}, status=410)


def _accept(request: HttpRequest, code: str, invited: Welcome) -> HttpResponse:
    if request.user.is_authenticated or invited.known:
        person = request.user if request.user.is_authenticated else None
        try:
            seat = _seat(code=code, person=person)
        except InvitationRefused:
            raise
        except AccessProblem:
            return _welcome(request, invited)
        request.session[STUDIO_IN_SESSION] = seat.studio_id
        notices.done(request, f"Welcome to {seat.studio.name}.")
        return redirect("home")
    form = JoinForm(request.POST, email=invited.invitation.email)
    if not form.is_valid():
        return _welcome(request, invited, form)
    seat = _seat(code=code, name=form.cleaned_data["name"], password=form.cleaned_data["password"] or None)
    record_authentication(request, seat.person, method="invitation")
    response = perform_login(request, seat.person)
    request.session[STUDIO_IN_SESSION] = seat.studio_id
    notices.done(request, f"Welcome to {seat.studio.name}.")
    return response


@transaction.atomic
def _seat(**how: object) -> Seat:
    seat = access.accept(**how)
    grant_recurring(studio=seat.studio)
    return seat


def _welcome(request: HttpRequest, invited: Welcome, form: JoinForm | None = None) -> HttpResponse:
    """The page fits who looks: somebody new, the invited person signed in or not, or somebody else signed in."""
    email = invited.invitation.email
    here = f"{reverse('account_login')}?{urlencode({'next': request.path})}"
    context = {
        "invitation": invited.invitation,
        "studio": invited.studio_name,
        "inviter": invited.invitation.created_by,
        "form": form or JoinForm(email=email, initial={"name": invited.invitation.name}),
        "sign_in": here,
        "must_sign_in": invited.known and not request.user.is_authenticated,
        "somebody_else": request.user.is_authenticated and request.user.email.lower() != email,
    }
    return render(request, "portal/join.html", context, status=422 if form and form.errors else 200)


# Somebody who tries codes gets a pause; a person whose link is old does not notice.


def _counter(request: HttpRequest) -> str:
    return f"join:wrong:{get_adapter().get_client_ip(request)}"


def _too_many_wrong_codes(request: HttpRequest) -> bool:
    return cache.get(_counter(request), 0) >= WRONG_CODES_ALLOWED


def _count_wrong_code(request: HttpRequest) -> None:
    cache.add(_counter(request), 0, WRONG_CODES_WINDOW)
    cache.incr(_counter(request))
