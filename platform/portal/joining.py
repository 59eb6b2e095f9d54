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

from access.errors import AccessProblem, InvalidInvitation, InvitationRefused, TermsNotAccepted
from access.invitations import actions as access
from access.invitations.queries import Welcome, welcome
from access.terms import queries as terms
from access.terms.rules import blocks
from access.tiers.queries import standing_of
from accounts import notices
from accounts.middleware import STUDIO_IN_SESSION
from accounts.models import Seat
from portal.forms import AddressForm, JoinForm
from portal.promises import promises
from quotas.actions import grant_recurring

WRONG_CODES_ALLOWED, LETTERS_ALLOWED = 20, 10  # within WINDOW, from one address of the network
WINDOW = 10 * 60  # seconds


@login_not_required
@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest, code: str) -> HttpResponse:
    if cache.get(_counter(request, "wrong"), 0) >= WRONG_CODES_ALLOWED:
        return _slow_down(request)
    try:
        invited = welcome(code)
        return _accept(request, code, invited) if request.method == "POST" else _welcome(request, invited)
    except InvitationRefused as refusal:
        _count(request, "wrong")
        return render(
            request, "portal/join_refused.html", {"reason": refusal.message, "kind": refusal.kind}, status=410
        )


def _accept(request: HttpRequest, code: str, invited: Welcome) -> HttpResponse:
    signed_in = request.user.is_authenticated
    if invited.invitation.is_link and not signed_in:
        return _confirm(request, code, invited)
    if invited.known and not signed_in:
        return _welcome(request, invited)
    form = JoinForm(request.POST, invitation=invited.invitation, is_new=not signed_in)
    if not form.is_valid():
        return _welcome(request, invited, form)
    told = form.cleaned_data
    who = {"person": request.user} if signed_in else {"name": told["name"], "password": told["password"] or None}
    try:
        seat = _seat(code=code, studio_name=told.get("studio_name", ""), terms=form.accepted, **who)
    except InvitationRefused:
        raise
    except TermsNotAccepted as problem:
        form.add_error(None, f"{problem.message} What you filled in is kept.")
        form.keep_password()
        return _welcome(request, invited, form)
    except AccessProblem:
        return _welcome(request, invited)
    if signed_in:
        response = redirect("home")
    else:
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


def _confirm(request: HttpRequest, code: str, invited: Welcome) -> HttpResponse:
    """Whatever the address, the answer is the same: who holds a link does not learn who is here."""
    if cache.get(_counter(request, "letters"), 0) >= LETTERS_ALLOWED:
        return _slow_down(request)
    form = AddressForm(request.POST)
    if form.is_valid():
        try:
            access.confirm_by_letter(code=code, email=form.cleaned_data["email"])
        except InvalidInvitation as problem:
            form.add_error("email", problem.message)
        else:
            _count(request, "letters")
            context = {"email": form.cleaned_data["email"], "studio": invited.studio_name}
            return render(request, "portal/join_sent.html", context)
    return _welcome(request, invited, form)


def _welcome(request: HttpRequest, invited: Welcome, form: JoinForm | AddressForm | None = None) -> HttpResponse:
    """The page fits who looks: somebody new, the invited person signed in or not, or somebody else signed in."""
    invitation, signed_in = invited.invitation, request.user.is_authenticated
    asks_address = invitation.is_link and not signed_in
    standing = standing_of(invitation.studio) if invitation.studio else None
    context = {
        "invitation": invitation,
        "studio": invited.studio_name,
        "inviter": invited.inviter,
        "tier": standing.tier if standing else invitation.tier,
        "promises": promises(standing.tier if standing else invitation.tier),
        "form": form or (AddressForm() if asks_address else JoinForm(invitation=invitation, is_new=not signed_in)),
        "asks_address": asks_address,
        **_terms(request, asks_address),
        "sign_in": f"{reverse('account_login')}?{urlencode({'next': request.path})}",
        "must_sign_in": invited.known and not signed_in,
        "somebody_else": signed_in and not invitation.fits(request.user.email),
    }
    return render(request, "portal/join.html", context, status=422 if form and form.errors else 200)


def _terms(request: HttpRequest, asks_address: bool) -> dict[str, object]:
    """The terms in force, unless whoever looks accepted them, or only tells an address yet."""
    version = None if asks_address else terms.in_force()
    if version is None or (request.user.is_authenticated and terms.has_accepted(request.user, version.number)):
        return {}
    return {"terms": version, "blocks": list(blocks(version.text))}


# Somebody who tries codes, or has letters sent, gets a pause; a person whose link is old does not notice.


def _slow_down(request: HttpRequest) -> HttpResponse:
    response = render(request, "429.html", status=429)
    response["Retry-After"] = str(WINDOW)
    return response


def _counter(request: HttpRequest, what: str) -> str:
    return f"join:{what}:{get_adapter().get_client_ip(request)}"


def _count(request: HttpRequest, what: str) -> None:
    cache.add(_counter(request, what), 0, WINDOW)
    cache.incr(_counter(request, what))
