"""The pages of somebody who asks for access. They have no account: the link in their letter is what they have."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta
from functools import wraps

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from access.applications import actions, guards, queries
from access.applications.forms import AnswersForm, BeginForm
from access.applications.rules import missing
from access.errors import ApplicationRefused, ApplicationsClosed, IncompleteApplication
from access.models import Application
from accounts import notices

# --- Beginning -------------------------------------------------------------------------------------------------------


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def apply(request: HttpRequest) -> HttpResponse:
    """The form. Whatever it leads to, the same page follows, so that nobody learns here who has applied."""
    if not settings.APPLICATIONS_OPEN:
        return render(request, "access/applications/closed.html", status=403 if request.method == "POST" else 200)
    if request.method != "POST":
        return _form(request, BeginForm(), guards.stamp())
    form = BeginForm(request.POST, unfinished=request.POST.get("then") == "save")
    if form.is_valid() and (problem := guards.problem(request.POST.dict())):
        form.add_error(None, problem)
    if not form.is_valid():
        return _form(request, form, guards.stamp_again(request.POST.dict()))
    if guards.count(request, "begun", guards.BEGUN_WINDOW) > guards.BEGUN_ALLOWED:
        form.add_error(None, "Many applications came from your network within an hour. Wait a while, then send yours.")
        response = _form(request, form, guards.stamp_again(request.POST.dict()), status=429)
        response["Retry-After"] = str(guards.BEGUN_WINDOW)
        return response
    actions.begin(email=form.cleaned_data["email"], answers=form.answers())
    return redirect("apply_written")


def _form(request: HttpRequest, form: BeginForm, read_at: str, status: int | None = None) -> HttpResponse:
    context = {"form": form, "read_at": read_at, "trap": guards.TRAP, "days": settings.APPLICATION_DRAFT_DAYS}
    status = status or (422 if form.errors else 200)
    return render(request, "access/applications/apply.html", context, status=status)


@login_not_required
@require_safe
def written(request: HttpRequest) -> HttpResponse:
    return render(request, "access/applications/written.html", {"days": settings.APPLICATION_DRAFT_DAYS})


# --- With the link from the letter -----------------------------------------------------------------------------------


def _opened(view: Callable[[HttpRequest, str, Application], HttpResponse]) -> Callable[..., HttpResponse]:
    """The view gets the application behind the code. Whoever tries codes gets a pause, as with invitations."""

    @login_not_required
    @never_cache
    @wraps(view)
    def guarded(request: HttpRequest, code: str) -> HttpResponse:
        if guards.counted(request, "wrong") >= guards.WRONG_CODES_ALLOWED:
            return _pause(request, guards.WRONG_CODES_WINDOW)
        try:
            return view(request, code, queries.behind(code))
        except ApplicationRefused as refusal:
            guards.count(request, "wrong", guards.WRONG_CODES_WINDOW)
            return render(request, "access/applications/refused.html", {"reason": refusal.message}, status=410)

    return guarded


def _pause(request: HttpRequest, window: int) -> HttpResponse:
    response = render(request, "429.html", status=429)
    response["Retry-After"] = str(window)
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@_opened
def application(request: HttpRequest, code: str, found: Application) -> HttpResponse:
    """A draft to go on with; afterwards, where it stands."""
    if found.state != Application.State.DRAFT:
        if request.method == "POST":
            notices.refused(request, "Your application was sent or taken back before. Its answers stay as they are.")
            return redirect("application", code)
        return render(request, "access/applications/standing.html", {"application": found, "code": code})
    if request.method != "POST":
        initial = asdict(queries.answers_of(found)) | {"links": "\n".join(found.links)}
        return _draft(request, code, found, AnswersForm(initial=initial))
    form = AnswersForm(request.POST, unfinished=request.POST.get("then") == "save")
    if not form.is_valid():
        return _draft(request, code, found, form)
    if guards.count(request, "saved", guards.SAVED_WINDOW) > guards.SAVED_ALLOWED:
        form.add_error(None, "That was saved very often within an hour. Wait a while, then save it again.")
        return _draft(request, code, found, form)
    actions.save(application=found, answers=form.answers())
    if form.unfinished:
        notices.done(request, "Saved. The link in your letter brings you back here.")
        return redirect("application", code)
    return redirect("application_confirm", code)


def _draft(request: HttpRequest, code: str, found: Application, form: AnswersForm) -> HttpResponse:
    context = {
        "application": found,
        "code": code,
        "form": form,
        "own_link": settings.SITE_URL.rstrip("/") + reverse("application", args=[code]),
        "kept_until": found.saved_at + timedelta(days=settings.APPLICATION_DRAFT_DAYS),
    }
    return render(request, "access/applications/draft.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@_opened
def confirm(request: HttpRequest, code: str, found: Application) -> HttpResponse:
    """Looking at it (as mail programs do) sends nothing: only the button does."""
    if found.state != Application.State.DRAFT:
        return redirect("application", code)
    problem = ""
    if request.method == "POST":
        try:
            actions.confirm(application=found)
        except (IncompleteApplication, ApplicationsClosed) as refusal:
            problem = refusal.message
        else:
            notices.done(request, "Your application is with us.")
            return redirect("application", code)
    context = {
        "application": found,
        "code": code,
        "lacks": missing(queries.answers_of(found)),
        "problem": problem,
        "closed": not settings.APPLICATIONS_OPEN,
    }
    return render(request, "access/applications/confirm.html", context, status=409 if problem else 200)


@require_POST
@_opened
def withdraw(request: HttpRequest, code: str, found: Application) -> HttpResponse:
    ended = actions.withdraw(application=found)
    if ended.state == Application.State.WITHDRAWN:
        notices.done(request, "Your application is taken back.")
    else:
        notices.refused(request, "It was decided before you took it back. This page says how.")
    return redirect("application", code)
