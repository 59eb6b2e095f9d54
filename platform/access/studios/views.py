"""The lab's pages on studios: where one stands, its exceptions, its seats, its suspensions, its record."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from access.errors import AccessProblem
from access.forms import RestoreForm, SuspendForm
from access.lab import acting, lead
from access.models import Override, Standing
from access.rules import OVERRIDABLE
from access.studios import queries
from access.studios.forms import FilterForm, MoveForm, OverrideForm
from access.suspensions import actions as suspensions
from access.suspensions.queries import open_suspension, shut_by_the_lab, suspensions_of
from access.tiers import actions as tiers
from access.tiers.limits import LIMITS, said
from access.tiers.queries import limits, overrides_of, standing_before, standing_of, standings_of
from accounts.models import Seat, Studio
from accounts.notices import done, refused
from accounts.paging import LONGEST_CURSOR, Part, part
from audit.queries import records_for_studio

RECORDS = 50


@require_safe
@lead
def studios(request: HttpRequest) -> HttpResponse:
    form = FilterForm(request.GET)
    chosen = form.chosen()
    found = part(queries.studios(**chosen), request.GET)
    return render(
        request, "access/lab/studios.html", {"form": form, "studios": found, "narrowed": any(chosen.values())}
    )


@require_safe
@lead
def studio(request: HttpRequest, slug: str) -> HttpResponse:
    return _studio_page(request, _studio(slug))


@require_safe
@lead
def studio_record(request: HttpRequest, slug: str) -> HttpResponse:
    """What happened in the studio, newest first; `?before=ID` for what lies behind that record."""
    found, before = _studio(slug), request.GET.get("before", "")
    cursor = int(before) if before.isdecimal() and len(before) < LONGEST_CURSOR else None
    records = records_for_studio(found, cursor, RECORDS + 1)
    context = {
        "studio": found,
        "lines": queries.lines(records[:RECORDS]),
        "older": records[RECORDS - 1].pk if len(records) > RECORDS else None,
        "is_first": cursor is None,
    }
    return render(request, "access/lab/record.html", context)


# --- Where it stands -------------------------------------------------------------------------------------------------


@require_POST
@lead
def move(request: HttpRequest, slug: str) -> HttpResponse:
    found, form = _studio(slug), MoveForm(request.POST, auto_id="move_%s")
    if not form.is_valid():
        return _studio_page(request, found, move=form)
    given, before = form.cleaned_data, standing_of(found)
    try:
        standing = tiers.place(
            studio=found,
            tier=given["tier"],
            reason=given["reason"],
            stop_work=given["stop_work"],
            actor=acting(request),
        )
    except AccessProblem as problem:
        form.add_error("tier", problem.message)
        return _studio_page(request, found, move=form)
    if before and before.pk == standing.pk:
        done(request, f"{found.name} stands in {standing.tier.name} already.")
        return redirect("lab_studio", slug)
    work = "What waited and ran is stopped." if given["stop_work"] else "What was accepted finishes at its price."
    text = f"{found.name} stands in {standing.tier.name} now. {work}"
    undo = reverse("lab_studio_move_back", args=[slug, standing.pk]) if standing_before(standing) else None
    done(request, text, undo=undo)
    return redirect("lab_studio", slug)


@require_POST
@lead
def move_back(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    standing = get_object_or_404(Standing.objects.select_related("studio"), pk=pk, studio__slug=slug)
    try:
        back = tiers.move_back(standing=standing, actor=acting(request))
    except AccessProblem as problem:
        refused(request, problem.message)
        return redirect("lab_studio", slug)
    if back is None:
        refused(request, f"{standing.studio.name} has moved since. Look where it stands now.")
    else:
        done(request, f"{standing.studio.name} stands in {back.tier.name} again.")
    return redirect("lab_studio", slug)


# --- Suspensions -----------------------------------------------------------------------------------------------------


@require_POST
@lead
def suspend(request: HttpRequest, slug: str) -> HttpResponse:
    found, form = _studio(slug), SuspendForm(request.POST, auto_id="suspend_%s")
    if not form.is_valid():
        return _studio_page(request, found, suspend=form)
    suspensions.suspend_studio(studio=found, actor=acting(request), **form.cleaned_data)
    text = f"{found.name} is suspended: nobody works from its seats, and its keys are shut."
    done(request, text, undo=reverse("lab_studio_restore", args=[slug]))
    return redirect("lab_studio", slug)


@require_POST
@lead
def restore(request: HttpRequest, slug: str) -> HttpResponse:
    found, form = _studio(slug), RestoreForm(request.POST, auto_id="restore_%s")
    if not form.is_valid():
        return _studio_page(request, found, restore=form)
    suspensions.restore_studio(studio=found, actor=acting(request), **form.cleaned_data)
    done(request, f"{found.name} is open again.")
    return redirect("lab_studio", slug)


@require_POST
@lead
def stop_work(request: HttpRequest, slug: str) -> HttpResponse:
    """Stop what a suspension let finish."""
    found = _studio(slug)
    if suspension := open_suspension(studio=found):
        suspensions.stop_work(suspension=suspension, actor=acting(request))
        done(request, f"What waited and ran at {found.name} is stopped; its credits come back.")
    return redirect("lab_studio", slug)


# --- One seat --------------------------------------------------------------------------------------------------------


@require_safe
@lead
def seat(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    return _seat_page(request, _seat(slug, pk))


@require_POST
@lead
def suspend_seat(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    found, form = _seat_in_use(slug, pk), SuspendForm(request.POST, auto_id="suspend_%s")
    if not form.is_valid():
        return _seat_page(request, found, suspend=form)
    suspensions.suspend_seat(seat=found, actor=acting(request), **form.cleaned_data)
    text = f"The seat of {found.person.name} is suspended, and its keys with it. Nobody else notices."
    done(request, text, undo=reverse("lab_seat_restore", args=[slug, pk]))
    return redirect("lab_seat", slug, pk)


@require_POST
@lead
def restore_seat(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    found, form = _seat(slug, pk), RestoreForm(request.POST, auto_id="restore_%s")
    if not form.is_valid():
        return _seat_page(request, found, restore=form)
    suspensions.restore_seat(seat=found, actor=acting(request), **form.cleaned_data)
    shut = _seat(slug, pk).suspended_at is not None
    said_of = "no longer suspended by the lab; its studio keeps it shut" if shut else "open again"
    done(request, f"The seat of {found.person.name} is {said_of}.")
    return redirect("lab_seat", slug, pk)


@require_POST
@lead
def stop_work_of_seat(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    found = _seat(slug, pk)
    if suspension := open_suspension(seat=found):
        suspensions.stop_work(suspension=suspension, actor=acting(request))
        done(request, f"What waited and ran for {found.person.name} is stopped; its credits come back.")
    return redirect("lab_seat", slug, pk)


# --- Exceptions ------------------------------------------------------------------------------------------------------


@require_POST
@lead
def except_studio(request: HttpRequest, slug: str) -> HttpResponse:
    found = _studio(slug)
    page = lambda form: _studio_page(request, found, override=form)  # noqa: E731 (one line, two readers)
    return _except(request, page, reverse("lab_studio", args=[slug]), studio=found)


@require_POST
@lead
def except_seat(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    found = _seat_in_use(slug, pk)
    page = lambda form: _seat_page(request, found, override=form)  # noqa: E731
    return _except(request, page, reverse("lab_seat", args=[slug, pk]), seat=found)


@require_POST
@lead
def lift(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    found = get_object_or_404(overrides_of(studio=_studio(slug)), pk=pk)
    tiers.lift(override=found, actor=acting(request))
    done(request, f"The exception on “{LIMITS[found.field].label}” holds no longer.")
    return redirect("lab_seat", slug, found.seat_id) if found.seat_id else redirect("lab_studio", slug)


def _except(
    request: HttpRequest, page: Callable[[OverrideForm], HttpResponse], back: str, **whose: Any
) -> HttpResponse:
    form = OverrideForm(request.POST, auto_id="override_%s")
    if not form.is_valid():
        return page(form)
    try:
        made = tiers.override(actor=acting(request), **whose, **form.asked())
    except AccessProblem as problem:
        form.add_error("value", problem.message)
        return page(form)
    slug = request.resolver_match.kwargs["slug"]
    text = f"“{LIMITS[made.field].label}”: {said(made.field, made.value)}, until {made.ends_at:%d %B %Y}."
    done(request, text, undo=reverse("lab_override_lift", args=[slug, made.pk]))
    return redirect(back)


# --- What the pages show ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ExceptionRow:
    """An exception in words."""

    override: Override
    label: str
    value: str
    in_force: bool


def _exceptions(rows: Sequence[Override]) -> list[ExceptionRow]:
    now = timezone.now()
    return [ExceptionRow(one, LIMITS[one.field].label, said(one.field, one.value), one.ends_at > now) for one in rows]


def _studio(slug: str) -> Studio:
    return get_object_or_404(Studio, slug=slug)


def _seat(slug: str, pk: int) -> Seat:
    return get_object_or_404(Seat.objects.select_related("person", "studio"), pk=pk, studio__slug=slug)


def _seat_in_use(slug: str, pk: int) -> Seat:
    return get_object_or_404(queries.seats_of_studio(_studio(slug)), pk=pk)


def _studio_page(request: HttpRequest, found: Studio, **bound: forms.Form) -> HttpResponse:
    standing = standing_of(found)
    exceptions: Part[Override] = part(overrides_of(studio=found), request.GET, "exceptions", 10)
    context = {
        "studio": found,
        "standing": standing,
        "limits": _limits(standing),
        "suspension": open_suspension(studio=found),
        "seats": part(queries.seats_of_studio(found), request.GET, "seats", 25),
        "shut_by_the_lab": shut_by_the_lab(found),
        "standings": part(standings_of(found), request.GET, "standings", 10),
        "suspensions": part(suspensions_of(studio=found), request.GET, "suspensions", 5),
        "exceptions": exceptions,
        "exception_rows": _exceptions(exceptions.rows),
        "move": MoveForm(auto_id="move_%s", initial={"tier": standing.tier.slug if standing else None}),
        "suspend": SuspendForm(auto_id="suspend_%s"),
        "restore": RestoreForm(auto_id="restore_%s"),
        "override": OverrideForm(auto_id="override_%s"),
    } | bound
    return render(request, "access/lab/studio.html", context, status=422 if bound else 200)


def _seat_page(request: HttpRequest, found: Seat, **bound: forms.Form) -> HttpResponse:
    exceptions: Part[Override] = part(overrides_of(seat=found), request.GET, "exceptions", 10)
    context = {
        "seat": found,
        "studio": found.studio,
        "suspension": open_suspension(seat=found),
        "suspensions": part(suspensions_of(seat=found), request.GET, "suspensions", 5),
        "exceptions": exceptions,
        "exception_rows": _exceptions(exceptions.rows),
        "suspend": SuspendForm(auto_id="suspend_%s"),
        "restore": RestoreForm(auto_id="restore_%s"),
        "override": OverrideForm(auto_id="override_%s"),
    } | bound
    return render(request, "access/lab/seat.html", context, status=422 if bound else 200)


def _limits(standing: Standing | None) -> list[tuple[str, str]]:
    """What the studio's tier says, in words: (label, value)."""
    if standing is None:
        return []
    values = limits(standing.tier)
    plain = {name: getattr(values, name) for name in OVERRIDABLE}
    plain["models"] = sorted(values.models)
    return [(LIMITS[name].label, said(name, value)) for name, value in plain.items()]
