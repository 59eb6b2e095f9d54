"""A studio's seats and the keys of its seats: settings that need to know what a seat may do."""

from collections.abc import Callable

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from access.decorators import act_required
from access.errors import InvalidInvitation, InvitationRefused, ShutByTheLab
from access.invitations import actions, queries
from access.invitations.forms import AgainForm
from access.models import Invitation
from access.seats.forms import InviteForm, KeyForm, RoleForm
from access.suspensions.actions import let_the_studio
from access.suspensions.queries import shut_by_the_lab
from access.tiers.queries import standing_of
from accounts import actions as accounts
from accounts import notices
from accounts.errors import AccountsError
from accounts.models import ApiKey, Seat
from accounts.queries import ended_seats_in, keys_in, keys_of, seats_in
from audit.actors import Actor

# --- Seats -----------------------------------------------------------------------------------------------------------


@require_safe
@act_required("view")
def seats(request: HttpRequest) -> HttpResponse:
    return _seats_page(request, InviteForm())


def _seats_page(request: HttpRequest, form: InviteForm) -> HttpResponse:
    studio = request.seat.studio
    manages = request.entitlements.may("manage_seats")
    found = list(seats_in(studio))
    shut = shut_by_the_lab(studio) if any(seat.suspended_at for seat in found) else frozenset()
    context = {"seats": found, "shut_by_the_lab": shut, "manages": manages, "roles": Seat.Role.choices}
    if manages:
        context |= {"form": form, "invitations": queries.invitations_of(studio), "ended": ended_seats_in(studio)}
    return render(request, "access/seats.html", context, status=422 if form.errors else 200)


@require_POST
@act_required("manage_seats")
def invite(request: HttpRequest) -> HttpResponse:
    """Mails the link. Who holds it can be the invited person here, in every studio that invites them later; so it
    reaches that person's own mailbox, and nobody who invites ever sees it."""
    form, studio = InviteForm(request.POST), request.seat.studio
    if not form.is_valid():
        return _seats_page(request, form)
    try:
        invitation = actions.invite_by_letter(
            email=form.cleaned_data["email"],
            role=form.cleaned_data["role"],
            tier=standing_of(studio).tier,
            studio=studio,
            actor=Actor.of_seat(request.seat),
            key=f"seat:{request.seat.pk}:{form.cleaned_data['key']}",
        )
    except InvalidInvitation as problem:
        form.add_error("email", problem.message)
        return _seats_page(request, form)
    undo = reverse("invitation_revoke", args=[invitation.pk])
    notices.done(request, f"We write to {invitation.email}. The link in the letter brings them in, once.", undo=undo)
    return redirect("seats")


@require_POST
@act_required("manage_seats")
def resend_invitation(request: HttpRequest, pk: int) -> HttpResponse:
    """Writes another letter, with a new link; the former link opens nothing any more."""
    invitation = get_object_or_404(Invitation.objects.exclude(email=""), pk=pk, studio=request.seat.studio)
    form = AgainForm(request.POST)
    if not form.is_valid():
        raise Http404("This page is too old to send from.")
    try:
        actions.resend(invitation=invitation, actor=Actor.of_seat(request.seat), after=form.cleaned_data["codes"])
    except InvitationRefused as refusal:
        notices.refused(request, refusal.message)
    else:
        notices.done(request, f"We write to {invitation.email} again. The link in the earlier letter is dead.")
    return redirect("seats")


@require_POST
@act_required("manage_seats")
def revoke_invitation(request: HttpRequest, pk: int) -> HttpResponse:
    invitation = get_object_or_404(Invitation, pk=pk, studio=request.seat.studio)
    actions.revoke(invitation=invitation, actor=Actor.of_seat(request.seat))
    notices.done(request, f"The invitation to {invitation.bound_to} opens nothing any more.")
    return redirect("seats")


@require_POST
@act_required("manage_seats")
def change_role(request: HttpRequest, pk: int) -> HttpResponse:
    seat = get_object_or_404(seats_in(request.seat.studio), pk=pk)
    form = RoleForm(request.POST)
    if not form.is_valid():
        raise Http404("There is no such role.")
    role = form.cleaned_data["role"]
    said = f"{seat.person.name} is now {Seat.Role(role).label.lower()}."
    return _change(request, said, lambda actor: accounts.change_role(seat=seat, role=role, actor=actor))


@require_POST
@act_required("manage_seats")
def suspend(request: HttpRequest, pk: int) -> HttpResponse:
    seat = get_object_or_404(seats_in(request.seat.studio), pk=pk)
    said = f"{seat.person.name}'s seat is suspended, and its keys with it."
    undo = reverse("seat_restore", args=[pk])
    return _change(
        request, said, lambda actor: let_the_studio(seat=seat, verb=accounts.suspend_seat, actor=actor), undo
    )


@require_POST
@act_required("manage_seats")
def restore(request: HttpRequest, pk: int) -> HttpResponse:
    seat = get_object_or_404(seats_in(request.seat.studio), pk=pk)
    said = f"{seat.person.name}'s seat is open again."
    return _change(request, said, lambda actor: let_the_studio(seat=seat, verb=accounts.restore_seat, actor=actor))


@require_POST
@act_required("manage_seats")
def end(request: HttpRequest, pk: int) -> HttpResponse:
    seat = get_object_or_404(seats_in(request.seat.studio), pk=pk)
    said = f"{seat.person.name}'s seat has ended. What they made stays."
    undo = reverse("seat_reopen", args=[pk])
    return _change(request, said, lambda actor: let_the_studio(seat=seat, verb=accounts.end_seat, actor=actor), undo)


@require_POST
@act_required("manage_seats")
def reopen(request: HttpRequest, pk: int) -> HttpResponse:
    seat = get_object_or_404(ended_seats_in(request.seat.studio), pk=pk)
    said = f"{seat.person.name} is back."
    return _change(request, said, lambda actor: accounts.reopen_seat(seat=seat, actor=actor))


def _change(request: HttpRequest, said: str, verb: Callable[[Actor], Seat], undo: str | None = None) -> HttpResponse:
    try:
        seat = verb(Actor.of_seat(request.seat))
    except (AccountsError, ShutByTheLab) as problem:
        notices.refused(request, problem.message)
        return redirect("seats")
    if seat.pk == request.seat.pk and not seat.is_open:
        return redirect("home")  # who shut their own seat can neither see this page nor undo it
    notices.done(request, said, undo=undo)
    return redirect("seats")


# --- Keys ------------------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@act_required("view")
def keys(request: HttpRequest) -> HttpResponse:
    """One's own keys. A new one's secret is in the answer to the form and nowhere else, so the answer is never kept."""
    may, made, secret = request.entitlements.may("manage_keys"), None, ""
    form = KeyForm(request.POST or None)
    if request.method == "POST" and not may:
        raise PermissionDenied("Your role in this studio, or its tier, does not include keys.")
    if request.method == "POST" and form.is_valid():
        made, secret = accounts.create_key(
            seat=request.seat,
            name=form.cleaned_data["name"],
            scopes=form.cleaned_data["scopes"],
            expires_at=form.expires_at(),
            actor=Actor.of_seat(request.seat),
        )
        form = KeyForm()
    context = {"form": form, "keys": keys_of(request.seat), "may": may, "made": made, "secret": secret}
    if request.entitlements.may("manage_seats"):
        context["others"] = keys_in(request.seat.studio).exclude(seat=request.seat)
    response = render(request, "access/keys.html", context, status=422 if form.errors else 200)
    response["Cache-Control"] = "private, no-store"
    return response


@require_POST
@act_required("view")
def revoke_key(request: HttpRequest, pk: str) -> HttpResponse:
    """One's own key; an owner also any key of the studio, so that a leaked one can be shut without its maker."""
    reach = keys_in(request.seat.studio) if request.entitlements.may("manage_seats") else keys_of(request.seat)
    key: ApiKey = get_object_or_404(reach, pk=pk)
    accounts.revoke_key(key=key, actor=Actor.of_seat(request.seat))
    notices.done(request, f"“{key.name}” no longer opens anything.")
    return redirect("keys")
