"""The lab's pages for invitations."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from access.errors import InvalidInvitation, InvitationRefused
from access.invitations import actions, letters, queries
from access.invitations.forms import AgainForm, MakeForm
from access.lab import acting, lead
from access.models import Invitation
from accounts import notices
from accounts.paging import newest_first
from audit.actors import Actor

PAGE = 25


@require_safe
@lead
def listing(request: HttpRequest) -> HttpResponse:
    """Newest first; `?state=` and `?q=` narrow it, `?after=` goes on."""
    state, words = request.GET.get("state", ""), request.GET.get("q", "")[:200]
    found = newest_first(queries.search(state=state, words=words), request.GET.get("after"), PAGE)
    kept = {name: value for name, value in (("state", state), ("q", words)) if value}
    context = {
        "found": found,
        "state": state if state in queries.STATES else "",
        "words": words,
        "states": [("", "All"), ("open", "Open"), ("used", "Accepted"), ("ended", "Ended")],
        "older": urlencode(kept | {"after": found.next}) if found.next else "",
        "narrowed": bool(kept),
        "is_first_page": not request.GET.get("after"),
    }
    return render(request, "access/invitations/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@lead
def make(request: HttpRequest) -> HttpResponse:
    """One for an address is mailed. The link of any other is in the answer to this form, and nowhere else."""
    form = MakeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made, code = _make(form, acting(request))
        except InvalidInvitation as problem:
            form.add_error(None, problem.message)
        else:
            if made.is_link:
                return _page(request, made, code=code, made_now=True)
            undo = reverse("lab_invitation_revoke", args=[made.pk])
            notices.done(request, f"We write to {made.email}. The link in the letter brings them in, once.", undo=undo)
            return redirect("lab_invitations")
    return render(request, "access/invitations/make.html", {"form": form}, status=422 if form.errors else 200)


def _make(form: MakeForm, actor: Actor) -> tuple[Invitation, str]:
    values, bound_to = form.cleaned_data, form.bound_to()
    called = values["studio"].strip()
    studio = queries.studio_called(called) if called else None
    details: dict[str, Any] = {
        "tier": values["tier"],
        "role": values["role"],
        "days": values["days"],
        "note": values["note"],
        "studio": studio,
        "studio_name": "" if studio else called,
        "founder_names": not called,
        "actor": actor,
        "key": f"lab:{actor.person_id}:{values['key']}",
    }
    if "email" in bound_to:
        return actions.invite_by_letter(**bound_to, **details), ""
    return actions.invite(**bound_to, **details)


@require_safe
@lead
def invitation(request: HttpRequest, pk: int) -> HttpResponse:
    return _page(request, get_object_or_404(queries.search(), pk=pk))


def _page(request: HttpRequest, shown: Invitation, *, code: str = "", made_now: bool = False) -> HttpResponse:
    context = {
        "invitation": shown,
        "inviter": queries.inviter_of(shown),
        "studio": queries.studio_of(shown),
        "came": newest_first(queries.acceptances_of(shown), request.GET.get("after"), PAGE),
        "link": letters.join_link(code) if code else "",
        "made_now": made_now,
    }
    response = render(request, "access/invitations/invitation.html", context)
    if code:
        response["Cache-Control"] = "private, no-store"
    return response


@require_POST
@lead
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    taken = actions.revoke(invitation=get_object_or_404(Invitation, pk=pk), actor=acting(request))
    if taken.revoked_at is None:
        notices.refused(request, "This invitation was used up before it could be taken back.")
    else:
        notices.done(request, f"The invitation for {taken.bound_to} opens nothing any more.")
    return redirect("lab_invitation", pk)


@require_POST
@lead
def resend(request: HttpRequest, pk: int) -> HttpResponse:
    """A new code: by letter for an address, shown this once for a link. The old one is dead."""
    form, again = AgainForm(request.POST), get_object_or_404(queries.search(), pk=pk)
    if not form.is_valid():
        raise Http404("This page is too old to send from.")
    try:
        code = actions.resend(invitation=again, actor=acting(request), after=form.cleaned_data["codes"])
    except InvitationRefused as refusal:
        notices.refused(request, refusal.message)
        return redirect("lab_invitation", pk)
    again = queries.search().get(pk=pk)
    if again.is_link:
        return _page(request, again, code=code, made_now=not code)
    notices.done(request, f"We write to {again.email} again. The link in the earlier letter is dead.")
    return redirect("lab_invitation", pk)
