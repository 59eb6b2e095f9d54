"""The access lead's pages of a rollout's plan: the rollout itself, its stages, its guardrails."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from access.errors import AccessProblem
from access.lab import acting, lead
from access.models import Guardrail, Rollout, Stage
from access.rollouts import plan
from access.rollouts.forms import ChangeForm, GuardrailForm, RolloutForm, StageForm
from access.rollouts.shown import rollout_or_404, rollout_page
from access.rollouts.views import READ_OR_SEND, tried, version_of
from accounts import notices
from audit.actors import Actor


@require_http_methods(READ_OR_SEND)
@lead
def new(request: HttpRequest) -> HttpResponse:
    form = RolloutForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        made = tried(form, lambda: plan.make(actor=acting(request), **form.cleaned_data))
        if made:
            notices.done(request, f"“{made.name}” is planned. Nobody uses {made.target} until its first stage opens.")
            return redirect("lab_rollout", made.slug)
    return _form_page(request, form, title="New rollout", back=reverse("lab_rollouts"), button="Plan it")


@require_http_methods(READ_OR_SEND)
@lead
def change(request: HttpRequest, slug: str) -> HttpResponse:
    found = rollout_or_404(slug)
    start = {"name": found.name, "running_work": found.running_work, "version": found.version}
    form = ChangeForm(request.POST or None, initial=start)
    if request.method == "POST" and form.is_valid():
        how = form.cleaned_data
        if tried(form, lambda: plan.change(rollout=found, actor=acting(request), **how)):
            return redirect("lab_rollout", slug)
    return _form_page(request, form, title="Name and rule", rollout=found, button="Save it")


@require_http_methods(READ_OR_SEND)
@lead
def new_stage(request: HttpRequest, slug: str) -> HttpResponse:
    found = rollout_or_404(slug)
    form = StageForm(request.POST or None, initial={"version": found.version})
    if _sent(request, form, lambda how: plan.add_stage(rollout=found, **how)):
        return redirect("lab_rollout", slug)
    title = f"Stage {len(found.stages.all()) + 1}"
    return _form_page(request, form, title=title, rollout=found, button="Add it", template="access/rollouts/stage.html")


@require_http_methods(READ_OR_SEND)
@lead
def stage(request: HttpRequest, slug: str, position: int) -> HttpResponse:
    found = rollout_or_404(slug)
    one = get_object_or_404(Stage.objects.select_related("rollout"), rollout=found, position=position)
    form = StageForm(request.POST) if request.method == "POST" else StageForm.of(one)
    if _sent(request, form, lambda how: plan.change_stage(stage=one, **how)):
        notices.done(request, f"“{one.name}” is changed. What was signed off before is void.")
        return redirect("lab_rollout", slug)
    last = position == len(found.stages.all()) and position > found.position
    return _form_page(
        request,
        form,
        title=f"Stage {position}, {one.name}",
        rollout=found,
        button="Save it",
        template="access/rollouts/stage.html",
        remove=reverse("lab_stage_remove", args=[slug, position]) if last else "",
    )


@require_POST
@lead
def remove_stage(request: HttpRequest, slug: str, position: int) -> HttpResponse:
    found = rollout_or_404(slug)
    one = get_object_or_404(Stage, rollout=found, position=position)
    return _taken_out(
        request,
        found,
        lambda version, actor: plan.remove_stage(stage=one, version=version, actor=actor),
        f"“{one.name}” is out of the plan.",
    )


@require_http_methods(READ_OR_SEND)
@lead
def new_guardrail(request: HttpRequest, slug: str) -> HttpResponse:
    found = rollout_or_404(slug)
    form = GuardrailForm(request.POST or None, initial={"version": found.version})
    return _guardrail(request, found, form, title="A guardrail")


@require_http_methods(READ_OR_SEND)
@lead
def guardrail(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    found = rollout_or_404(slug)
    one = get_object_or_404(Guardrail.objects.select_related("rollout"), rollout=found, pk=pk)
    form = GuardrailForm(request.POST) if request.method == "POST" else GuardrailForm.of(one)
    remove = reverse("lab_guardrail_remove", args=[slug, pk])
    return _guardrail(request, found, form, title="A guardrail", remove=remove)


@require_POST
@lead
def remove_guardrail(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    found = rollout_or_404(slug)
    one = get_object_or_404(Guardrail, rollout=found, pk=pk)
    return _taken_out(
        request,
        found,
        lambda version, actor: plan.remove_guardrail(guardrail=one, version=version, actor=actor),
        "The guardrail is gone; what it saw stays in the record.",
    )


def _sent(request: HttpRequest, form: StageForm | GuardrailForm, verb: Callable[[dict[str, Any]], object]) -> bool:
    """Whether the form was sent, is right, and the verb took its plan."""
    if request.method != "POST" or not form.is_valid():
        return False
    how = {"plan": form.plan(), "version": form.cleaned_data["version"], "actor": acting(request)}
    return tried(form, lambda: verb(how)) is not None


def _guardrail(request: HttpRequest, found: Rollout, form: GuardrailForm, **page: str) -> HttpResponse:
    if _sent(request, form, lambda how: plan.set_guardrail(rollout=found, **how)):
        return redirect("lab_rollout", found.slug)
    return _form_page(
        request, form, rollout=found, button="Watch it", template="access/rollouts/guardrail.html", **page
    )


def _taken_out(request: HttpRequest, found: Rollout, verb: Callable[[int, Actor], object], said: str) -> HttpResponse:
    try:
        verb(version_of(request), acting(request))
    except AccessProblem as problem:
        return rollout_page(request, rollout_or_404(found.slug), problems=[problem.message], status=409)
    notices.done(request, said)
    return redirect("lab_rollout", found.slug)


def _form_page(
    request: HttpRequest, form: Any, *, title: str, button: str, rollout: Rollout | None = None, back: str = "",
    template: str = "access/rollouts/form.html", remove: str = "",
) -> HttpResponse:  # fmt: skip
    context = {
        "form": form,
        "title": title,
        "button": button,
        "rollout": rollout,
        "remove": remove,
        "back": back or reverse("lab_rollout", args=[rollout.slug] if rollout else []),
    }
    return render(request, template, context, status=422 if form.errors else 200)
