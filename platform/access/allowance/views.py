"""A seat's own page for inviting people from outside."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from access.allowance.actions import bring_in
from access.allowance.forms import BringInForm
from access.allowance.queries import allowance_of, sent_by
from access.decorators import act_required
from access.errors import InvalidInvitation, InvitationRefused, NothingLeft
from access.invitations import actions
from access.invitations.forms import AgainForm
from accounts import notices
from accounts.paging import newest_first
from audit.actors import Actor

PAGE = 25


@require_http_methods(["GET", "HEAD", "POST"])
@act_required("submit")
def invite(request: HttpRequest) -> HttpResponse:
    form = BringInForm(request.POST) if request.method == "POST" else BringInForm()
    if form.is_valid():
        try:
            sent = bring_in(seat=request.seat, **form.cleaned_data)
        except NothingLeft as problem:
            form.add_error(None, problem.message)
        except InvalidInvitation as problem:
            form.add_error("email", problem.message)
        else:
            undo = reverse("allowance_revoke", args=[sent.pk])
            notices.done(request, f"We write to {sent.email}. The link in the letter brings them in, once.", undo=undo)
            return redirect("allowance")
    context = {
        "form": form,
        "allowance": allowance_of(request.seat),
        "found": newest_first(sent_by(request.seat), request.GET.get("after"), PAGE),
        "is_first_page": not request.GET.get("after"),
    }
    return render(request, "access/invite.html", context, status=422 if form.errors else 200)


@require_POST
@act_required("submit")
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    taken = actions.revoke(
        invitation=get_object_or_404(sent_by(request.seat), pk=pk), actor=Actor.of_seat(request.seat)
    )
    if taken.revoked_at is None:
        notices.refused(request, f"{taken.email} came in before you took it back.")
    else:
        notices.done(request, f"The invitation to {taken.email} opens nothing any more. You may invite somebody else.")
    return redirect("allowance")


@require_POST
@act_required("submit")
def resend(request: HttpRequest, pk: int) -> HttpResponse:
    form, again = AgainForm(request.POST), get_object_or_404(sent_by(request.seat), pk=pk)
    if not form.is_valid():
        raise Http404("This page is too old to send from.")
    try:
        actions.resend(invitation=again, actor=Actor.of_seat(request.seat), after=form.cleaned_data["codes"])
    except InvitationRefused as refusal:
        notices.refused(request, refusal.message)
    else:
        notices.done(request, f"We write to {again.email} again. The link in the earlier letter is dead.")
    return redirect("allowance")
