"""The leads' pages: the inbox, one application, and the letter before it goes."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from access.applications.inbox import actions, letters, queries
from access.applications.inbox.forms import DecideForm, FilterForm, NoteForm, ReadingForm, TagsForm, studio_field
from access.applications.inbox.letters import Verdict
from access.applications.inbox.queries import Chosen
from access.applications.rules import filled
from access.errors import AccessProblem
from access.models import Application
from accounts import notices
from accounts.decorators import duty_required
from accounts.models import Person
from audit.actors import Actor

DECIDED_IN_SESSION = "applications decided"  # what came of many, shown once

# --- The inbox -------------------------------------------------------------------------------------------------------


@require_safe
@duty_required("access_lead")
def inbox(request: HttpRequest) -> HttpResponse:
    form = FilterForm(request.GET)
    form.is_valid()
    wanted = {name: form.cleaned_data.get(name, "") for name in ("state", "tag", "q")}
    state = wanted["state"] or Application.State.SENT
    found = queries.matching(tag=wanted["tag"].lower(), words=wanted["q"])
    counts = queries.counts(found)
    context = {
        "form": form,
        "page": queries.inbox(found, state=state, after=request.GET.get("after")),
        "is_first": not request.GET.get("after"),
        "state": state,
        "states": [(one, Application.State(one).label, counts[one]) for one in queries.SHOWN],
        "everything": sum(counts.values()),
        "tag": wanted["tag"],
        "tags": queries.tags_in_use(),
        "filtered": bool(wanted["tag"] or wanted["q"]),
        "to_decide": queries.TO_DECIDE,
        "decided": request.session.pop(DECIDED_IN_SESSION, None),
    }
    return render(request, "access/applications/inbox.html", context)


# --- One application -------------------------------------------------------------------------------------------------


@require_safe
@duty_required("access_lead")
def one(request: HttpRequest, pk: int) -> HttpResponse:
    return _page(request, _find(pk))


def _find(pk: int) -> Application:
    return get_object_or_404(queries.received().select_related("decided_by", "second_asked_by"), pk=pk)


def _page(request: HttpRequest, application: Application, **forms: Any) -> HttpResponse:
    tags = [tag.word for tag in application.tags.all()]
    context = {
        "application": application,
        "readings": queries.readings_for(application, _lead(request)),
        "notes": application.notes.select_related("by"),
        "tags": tags,
        "to_decide": application.state in queries.TO_DECIDE,
        "tags_form": TagsForm(initial={"tags": ", ".join(tags)}),
        "note_form": NoteForm(),
        "reading_form": ReadingForm(),
    } | forms
    return render(request, "access/applications/one.html", context, status=422 if forms else 200)


@require_POST
@duty_required("access_lead")
def tags(request: HttpRequest, pk: int) -> HttpResponse:
    application, form = _find(pk), TagsForm(request.POST)
    if not form.is_valid():
        return _page(request, application, tags_form=form)
    given = form.cleaned_data["tags"]
    said = f"Tagged {', '.join(given)}." if given else "It has no tags now."
    return _do(request, pk, said, lambda actor: actions.tag(application=application, words=given, actor=actor))


@require_POST
@duty_required("access_lead")
def note(request: HttpRequest, pk: int) -> HttpResponse:
    application, form = _find(pk), NoteForm(request.POST)
    if not form.is_valid():
        return _page(request, application, note_form=form)
    told = form.cleaned_data
    return _do(request, pk, "Noted.", lambda actor: actions.note(application=application, actor=actor, **told))


@require_POST
@duty_required("access_lead")
def reading(request: HttpRequest, pk: int) -> HttpResponse:
    application, form = _find(pk), ReadingForm(request.POST)
    if not form.is_valid():
        return _page(request, application, reading_form=form)
    told = form.cleaned_data
    said = "Your reading is written down."
    return _do(request, pk, said, lambda actor: actions.read(application=application, actor=actor, **told))


@require_POST
@duty_required("access_lead")
def second(request: HttpRequest, pk: int) -> HttpResponse:
    application, undo = _find(pk), reverse("lab_application_one_reading", args=[pk])
    said = "Two of you read it before it is decided."
    return _do(request, pk, said, lambda actor: actions.ask_second(application=application, actor=actor), undo)


@require_POST
@duty_required("access_lead")
def one_reading(request: HttpRequest, pk: int) -> HttpResponse:
    application = _find(pk)
    said = "One reading is enough."
    return _do(request, pk, said, lambda actor: actions.drop_second(application=application, actor=actor))


def _lead(request: HttpRequest) -> Actor:
    assert isinstance(request.user, Person)  # only people have duties
    return Actor.of_person(request.user)


def _do(
    request: HttpRequest, pk: int, said: str, verb: Callable[[Actor], object], undo: str | None = None
) -> HttpResponse:
    try:
        verb(_lead(request))
    except AccessProblem as problem:
        notices.refused(request, problem.message)
    else:
        notices.done(request, said, undo=undo)
    return redirect("lab_application", pk)


# --- Deciding: one or many, with the letter ---------------------------------------------------------------------------

DONE = {Verdict.ACCEPT: "accepted", Verdict.DECLINE: "declined", Verdict.WAIT: "put on the waiting list"}


@require_http_methods(["GET", "HEAD", "POST"])
@duty_required("access_lead")
def decide(request: HttpRequest) -> HttpResponse:
    """Shows the letter that goes to those who were chosen; sends it and decides, each application by itself."""
    sent = request.POST if request.method == "POST" else request.GET
    chosen = queries.chosen(sent.getlist("chosen"))
    if sent.get("verdict") not in set(Verdict) or not chosen:
        notices.refused(request, "Choose at least one application, and what to decide.")
        return redirect("applications")
    verdict = Verdict(sent["verdict"])
    if request.method != "POST":
        names = {"name": chosen[0].application.name} if len(chosen) == 1 else {}
        initial = {"letter": filled(letters.draft(verdict).text, names)}
        form = DecideForm(verdict=verdict, chosen=chosen, initial=initial)
        return _letter(request, verdict, chosen, form)
    form = DecideForm(request.POST, verdict=verdict, chosen=chosen)
    if not form.is_valid():
        return _letter(request, verdict, chosen, form)
    actor = _lead(request)
    outcome = [(one.application, _decide(verdict, one, form.cleaned_data, actor)) for one in chosen]
    return _say(request, verdict, outcome)


def _letter(request: HttpRequest, verdict: Verdict, chosen: list[Chosen], form: DecideForm) -> HttpResponse:
    context = {
        "verdict": verdict,
        "chosen": chosen,
        "form": form,
        "subject": letters.draft(verdict).subject,
        "accepts": verdict == Verdict.ACCEPT,
    }
    status = 422 if form.errors else 200
    return render(request, "access/applications/decide.html", context, status=status)


def _decide(verdict: Verdict, one: Chosen, told: dict[str, Any], actor: Actor) -> str:
    """Decide one; says why it could not be, or nothing."""
    what: dict[str, Any] = {
        "application": one.application,
        "seen": one.seen,
        "letter": told["letter"],
        "actor": actor,
    }
    try:
        if verdict == Verdict.ACCEPT:
            actions.accept(**what, tier=told["tier"], studio_name=told[studio_field(one)])
        else:
            {Verdict.DECLINE: actions.decline, Verdict.WAIT: actions.wait}[verdict](**what)
    except AccessProblem as problem:
        return problem.message
    return ""


def _say(request: HttpRequest, verdict: Verdict, outcome: list[tuple[Application, str]]) -> HttpResponse:
    """One sentence about what came of it, on the page that fits: the application's own, or the inbox."""
    left = [(application, why) for application, why in outcome if why]
    if len(outcome) == 1:
        application = outcome[0][0]
        if left:
            notices.refused(request, left[0][1])
        else:
            notices.done(request, f"{application.name}: {DONE[verdict]}. The letter is on its way.")
        return redirect("lab_application", application.pk)
    request.session[DECIDED_IN_SESSION] = {
        "sentence": f"{len(outcome) - len(left)} of {len(outcome)} applications {DONE[verdict]}.",
        "left": [{"pk": application.pk, "name": application.name, "why": why} for application, why in left],
    }
    return redirect("applications")
