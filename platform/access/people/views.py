"""The lab's pages on people: their seats in every studio, their duties, how they came in, and shutting one out."""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from access.errors import AccessProblem
from access.forms import ReasonForm, RestoreForm
from access.lab import acting, lead
from access.people import actions, queries
from access.people.forms import DutyForm, FilterForm
from access.studios.queries import lines
from accounts.models import Duty, Person
from accounts.notices import done
from accounts.paging import part

# An undo is a button without a form: it says so in its address, and that is its reason.
UNDO, UNDONE = "?undo=1", "Undone"


@require_safe
@lead
def people(request: HttpRequest) -> HttpResponse:
    form = FilterForm(request.GET)
    chosen = form.chosen()
    found = part(queries.people(**chosen), request.GET)
    return render(request, "access/lab/people.html", {"form": form, "people": found, "narrowed": any(chosen.values())})


@require_safe
@lead
def person(request: HttpRequest, pk: int) -> HttpResponse:
    return _page(request, get_object_or_404(Person, pk=pk))


@require_POST
@lead
def give_duty(request: HttpRequest, pk: int) -> HttpResponse:
    return _duty(request, pk, give=True)


@require_POST
@lead
def take_duty(request: HttpRequest, pk: int) -> HttpResponse:
    return _duty(request, pk, give=False)


def _duty(request: HttpRequest, pk: int, *, give: bool) -> HttpResponse:
    found, name = get_object_or_404(Person, pk=pk), "give" if give else "take"
    form = DutyForm(_sent(request, duty=request.GET.get("duty", "")), auto_id=f"{name}_%s")
    if not form.is_valid():
        return _page(request, found, **{name: form})
    kind, reason = form.cleaned_data["duty"], form.cleaned_data["reason"]
    verb = actions.give_duty if give else actions.take_duty
    try:
        verb(person=found, kind=kind, reason=reason, actor=acting(request))
    except AccessProblem as problem:
        form.add_error(None, problem.message)
        return _page(request, found, **{name: form})
    if not give and found == request.user and kind == Duty.Kind.ACCESS_LEAD:
        return redirect("home")  # who gave up the duty can neither see this page nor undo it
    label = Duty.Kind(kind).label.lower()
    back = reverse("lab_person_take" if give else "lab_person_give", args=[pk])
    text = f"{found.name} is {label} now." if give else f"{found.name} is no longer {label}."
    done(request, text, undo=f"{back}{UNDO}&duty={kind}")
    return redirect("lab_person", pk)


@require_POST
@lead
def deactivate(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(Person, pk=pk)
    form = ReasonForm(_sent(request), auto_id="deactivate_%s")
    if not form.is_valid():
        return _page(request, found, deactivate=form)
    try:
        actions.deactivate(person=found, reason=form.cleaned_data["reason"], actor=acting(request))
    except AccessProblem as problem:
        form.add_error(None, problem.message)
        return _page(request, found, deactivate=form)
    if found == request.user:
        return redirect("home")
    done(request, f"{found.name} is shut out of the whole house.", undo=reverse("lab_person_activate", args=[pk]))
    return redirect("lab_person", pk)


@require_POST
@lead
def activate(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(Person, pk=pk)
    form = RestoreForm(_sent(request), auto_id="activate_%s")
    if not form.is_valid():
        return _page(request, found, activate=form)
    actions.activate(person=found, actor=acting(request), **form.cleaned_data)
    done(request, f"{found.name} may come in again.", undo=reverse("lab_person_deactivate", args=[pk]) + UNDO)
    return redirect("lab_person", pk)


def _sent(request: HttpRequest, **more: str) -> Any:
    return {"reason": UNDONE, **more} if request.GET.get("undo") else request.POST


def _page(request: HttpRequest, found: Person, **bound: forms.Form) -> HttpResponse:
    context = {
        "person": found,
        "duties": list(found.duties.order_by("since")),
        "seats": part(queries.seats_of_person(found), request.GET, "seats", 25),
        "invitations": part(queries.invitations_used(found), request.GET, "invitations", 10),
        "sessions": queries.session_count(found),
        "lines": lines(queries.last_records(found)),
        "give": DutyForm(auto_id="give_%s"),
        "take": None,
        "deactivate": ReasonForm(auto_id="deactivate_%s"),
        "activate": RestoreForm(auto_id="activate_%s"),
    } | bound
    return render(request, "access/lab/person.html", context, status=422 if bound else 200)
