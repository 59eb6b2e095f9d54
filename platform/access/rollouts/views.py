"""The access lead's pages of rollouts. They speak; what is done and whether it may be is said in the actions."""

from collections.abc import Callable
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from access.errors import AccessProblem, GateShut, InvalidRollout, Outpaced
from access.guardrails import actions as guardrails
from access.lab import acting, lead, person_of
from access.models import Rollout, Stage
from access.rollouts import actions, queries
from access.rollouts.forms import ListingForm
from access.rollouts.shown import rollout_or_404, rollout_page, told
from accounts import notices
from accounts.models import Person, Studio
from audit.actors import Actor

READ_OR_SEND = ["GET", "HEAD", "POST"]


@require_safe
@lead
def rollouts(request: HttpRequest) -> HttpResponse:
    state = request.GET.get("state", "")
    page = queries.rollouts_page(state=state, after=request.GET.get("after"))
    context = {"page": page, "state": state, "states": Rollout.State.choices}
    return render(request, "access/rollouts/list.html", context)


@require_safe
@lead
def rollout(request: HttpRequest, slug: str) -> HttpResponse:
    return rollout_page(request, rollout_or_404(slug))


@require_POST
@lead
def move(request: HttpRequest, slug: str) -> HttpResponse:
    """One press of one of the rollout's buttons: `verb`, the `version` that was looked at, a `reason`."""
    found, verb = rollout_or_404(slug), request.POST.get("verb", "")
    if verb not in _MOVES:
        raise Http404("A rollout has no such verb.")
    try:
        said = _MOVES[verb](request, found)
    except GateShut as shut:
        return rollout_page(request, rollout_or_404(slug), problems=shut.reasons, status=409)
    except AccessProblem as problem:
        status = 409 if isinstance(problem, Outpaced) else 422
        return rollout_page(request, rollout_or_404(slug), problems=[problem.message], status=status)
    notices.done(request, said)
    return redirect("lab_rollout", slug)


@require_safe
@lead
def history(request: HttpRequest, slug: str) -> HttpResponse:
    found = rollout_or_404(slug)
    page = queries.history(found, after=request.GET.get("after"), limit=queries.PAGE)
    return render(request, "access/rollouts/history.html", {"rollout": found, "page": page, "happened": told(page)})


# --- Names -----------------------------------------------------------------------------------------------------------


@require_http_methods(READ_OR_SEND)
@lead
def names(request: HttpRequest, slug: str) -> HttpResponse:
    """Who is let in or kept out by name."""
    found = rollout_or_404(slug)
    form = ListingForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and tried(form, lambda: _list(request, found, form.cleaned_data)):
        return redirect("lab_rollout_names", slug)
    context = {
        "rollout": found,
        "form": form,
        "page": queries.listings_page(found, after=request.GET.get("after")),
    }
    return render(request, "access/rollouts/names.html", context, status=422 if form.errors else 200)


@require_POST
@lead
def end_name(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    found = rollout_or_404(slug)
    listing = get_object_or_404(found.listings.all(), pk=pk)
    actions.unlist(listing=listing, actor=acting(request))
    notices.done(request, "The stages decide again.")
    return redirect("lab_rollout_names", slug)


def _list(request: HttpRequest, found: Rollout, sent: dict[str, Any]) -> object:
    whom = sent["whom"].strip()
    studio = Studio.objects.filter(slug=whom).first()
    person = None if studio else Person.objects.filter(email__iexact=whom).first()
    if studio is None and person is None:
        raise InvalidRollout(f"Nobody here is called “{whom}”. Give a studio's slug or a person's e-mail.", "whom")
    by = {"kind": sent["kind"], "reason": sent["reason"], "actor": acting(request)}
    made = actions.list_by_name(rollout=found, studio=studio, person=person, **by)
    undo = reverse("lab_rollout_name_end", args=[found.slug, made.pk])
    notices.done(request, f"{studio or person} is {made.get_kind_display().lower()}.", undo=undo)
    return made


# --- What the buttons do ---------------------------------------------------------------------------------------------


def actor_of(request: HttpRequest) -> Actor:
    assert isinstance(request.user, Person)
    return Actor.of_person(request.user)


def version_of(request: HttpRequest) -> int:
    """The version that was looked at; 0, which none has, for anything else."""
    text = request.POST.get("version", "")
    return int(text) if text.isdecimal() and len(text) < 10 else 0


def _asked(request: HttpRequest) -> dict[str, Any]:
    return {"version": version_of(request), "actor": acting(request)}


def _because(request: HttpRequest) -> dict[str, Any]:
    return {"reason": request.POST.get("reason", "").strip(), "actor": acting(request)}


def _next_stage(found: Rollout) -> Stage:
    return get_object_or_404(Stage.objects.select_related("rollout"), rollout=found, position=found.position + 1)


def _open(request: HttpRequest, found: Rollout) -> str:
    guardrails.look(found)  # what was seen a minute ago is not good enough to open more on
    position = request.POST.get("position", "")
    asked = int(position) if position.isdecimal() and len(position) < 5 else 0
    opened = actions.open_stage(rollout=found, position=asked, **_asked(request))
    return f"Stage {opened.position}, {opened.name}, is open at {opened.percent:g} %."


def _widen(request: HttpRequest, found: Rollout) -> str:
    guardrails.look(found)
    widened = actions.widen(rollout=found, **_asked(request))
    return f"{widened.name} is open to {widened.percent:g} %."


def _halt(request: HttpRequest, found: Rollout) -> str:
    halted = actions.halt(rollout=found, **_because(request))
    return "It is halted. The stages before stay as they were." if halted else "It was not open."


def _resume(request: HttpRequest, found: Rollout) -> str:
    actions.resume(rollout=found, version=version_of(request), **_because(request))
    return "It goes on where it stopped. The guardrails count anew."


def _back(request: HttpRequest, found: Rollout) -> str:
    back = actions.roll_back(rollout=found, **_because(request))
    return f"Rolled back to stage {back.position}." if back.position else "Rolled back: no stage is open."


def _shut(request: HttpRequest, found: Rollout) -> str:
    actions.shut(rollout=found, **_because(request))
    return "It is shut for everybody."


def _open_again(request: HttpRequest, found: Rollout) -> str:
    actions.open_again(rollout=found, version=version_of(request), **_because(request))
    return "It is open again to whom it was open."


def _finish(request: HttpRequest, found: Rollout) -> str:
    actions.finish(rollout=found, version=version_of(request), **_because(request))
    return "It is finished. The tiers decide from now on."


def _approve(request: HttpRequest, found: Rollout) -> str:
    one = _next_stage(found)
    actions.approve(stage=one, person=person_of(request), actor=acting(request))
    return f"You signed off “{one.name}”."


def _take_back(request: HttpRequest, found: Rollout) -> str:
    one = _next_stage(found)
    actions.take_back_approval(stage=one, person=person_of(request), actor=acting(request))
    return f"Your sign-off of “{one.name}” is taken back."


_MOVES: dict[str, Callable[[HttpRequest, Rollout], str]] = {
    "open": _open,
    "widen": _widen,
    "halt": _halt,
    "resume": _resume,
    "back": _back,
    "shut": _shut,
    "open_again": _open_again,
    "finish": _finish,
    "approve": _approve,
    "take_back": _take_back,
}


def tried(form: Any, do: Callable[[], Any]) -> Any:
    """What `do` gives; None where a rule says no, which the form then says beside its field."""
    try:
        return do()
    except AccessProblem as problem:
        field = getattr(problem, "field", None)
        form.add_error(field if field in form.fields else None, problem.message)
        return None
