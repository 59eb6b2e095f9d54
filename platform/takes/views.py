"""The pages of projects and takes. They speak; what is done and whether it may be done is said in `actions`."""

import json
import uuid
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.notices import done
from generation import catalogue
from takes import actions, project_actions, queries
from takes.doors import door, project_or_404, take_or_404, too_fast
from takes.errors import Conflict, Problem
from takes.forms import AgainForm, ComposeForm, NameForm, compose, new_key, offers, recent_references
from takes.models import Project, Take
from takes.purse import purse
from takes.stills import Still, duration, stills

EXAMPLES = (
    "a red balloon rises over the sea at night",
    "a white sailboat drifts right across a calm ocean at dusk, slow push in",
    "a yellow kite climbs above snowy mountains at dawn",
)

# --- Projects --------------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@door
def projects(request: HttpRequest) -> HttpResponse:
    """The studio's projects; POST makes one."""
    if request.method != "POST":
        return _projects_page(request)
    try:
        made = project_actions.create_project(seat=request.seat, **NameForm(request.POST).checked())
    except Problem as problem:
        return _projects_page(request, problem, request.POST.get("name", ""))
    return redirect("takes:project", made.pk)


@require_POST
@door
def rename(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    project = project_or_404(request, pk)
    try:
        project_actions.rename_project(
            seat=request.seat, project=project, name=NameForm(request.POST).checked()["name"]
        )
    except Problem as problem:
        return _project_page(request, project, problems=[problem], new_name=request.POST.get("name", ""))
    return redirect("takes:project", pk)


@require_POST
@door
def archive(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    project = project_or_404(request, pk)
    try:
        project_actions.archive_project(seat=request.seat, project=project)
    except Problem as problem:
        return _project_page(request, project, problems=[problem])
    done(request, f"“{project.name}” is archived.", undo=reverse("takes:restore", args=[pk]))
    return redirect("takes:projects")


@require_POST
@door
def restore(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    project = project_or_404(request, pk)
    try:
        project_actions.restore_project(seat=request.seat, project=project)
    except Problem as problem:
        return _project_page(request, project, problems=[problem])
    done(request, f"“{project.name}” is back.")
    return redirect("takes:project", pk)


# --- One project: words in, takes out --------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@door
def project(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """The compose card over the wall of takes. POST sends the card; with `intent=check` it only asks what would be."""
    found = project_or_404(request, pk)
    if request.method != "POST":
        return _project_page(request, found)
    form = ComposeForm(request.POST, request.FILES)
    if not form.is_valid():
        return _project_page(request, found, form=form, problems=form.problems())
    try:
        reference = form.chosen_reference(found)
        if upload := form.cleaned_data["file"]:
            reference = project_actions.add_reference(seat=request.seat, project=found, upload=upload, name=upload.name)
            form = _with_reference(request, reference.pk)
        if request.POST.get("intent") == "check":
            return _project_page(request, found, form=form)
        sent = actions.submit(
            seat=request.seat,
            project=found,
            prompt=form.words,
            wish=form.wish(),
            key=form.cleaned_data["key"],
            reference=reference,
        )
    except Problem as problem:
        return _project_page(request, found, form=form, problems=[problem])
    return redirect(f"{reverse('takes:project', args=[pk])}#take-{sent.number}")


@require_POST
@door
def preflight(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """What the house knows about a prompt, while it is typed. Writes nothing."""
    found = project_or_404(request, pk)
    if too_fast(request):
        problem = Problem("You ask faster than the house answers. Wait a moment; sending still works.")
        return render(request, "takes/_preflight.html", {"problems": [problem], "oob": True}, status=429)
    form = ComposeForm(request.POST)
    context = _preflight(request, found, form)
    return render(request, "takes/_preflight.html", context | {"oob": True}, status=context["status"])


@require_POST
@door
def add_reference(request: HttpRequest, pk: uuid.UUID) -> JsonResponse:
    """POST `file` → 201 {id, name, url}, or {message} with the status that says the same."""
    found = project_or_404(request, pk)
    upload = request.FILES.get("file")
    if upload is None:
        return JsonResponse({"message": "Choose an image first."}, status=422)
    try:
        added = project_actions.add_reference(seat=request.seat, project=found, upload=upload, name=upload.name or "")
    except Problem as problem:
        return JsonResponse({"message": problem.message}, status=problem.status)
    url = reverse("takes:reference", args=[added.pk])
    return JsonResponse({"id": str(added.pk), "name": added.name, "url": url}, status=201)


# --- One take --------------------------------------------------------------------------------------------------------


@require_GET
@door
def take(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    return _take_page(request, take_or_404(request, pk))


@require_POST
@door
def cancel(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    found = take_or_404(request, pk)
    try:
        actions.cancel(seat=request.seat, take=found)
    except Problem as problem:
        return _take_page(request, found, [problem])
    return _back(request, found)


@require_POST
@door
def retry(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Send the same words again. Without a key of its own a second click would be a second take."""
    found = take_or_404(request, pk)
    try:
        key = AgainForm(request.POST).checked()["key"] or f"retry:{found.pk}"
        again = actions.retry(seat=request.seat, take=found, key=key)
    except Problem as problem:
        return _take_page(request, found, [problem])
    return _back(request, again)


@require_POST
@door
def remix(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    found = take_or_404(request, pk)
    try:
        made = actions.remix(seat=request.seat, take=found, **AgainForm(request.POST).checked())
    except Problem as problem:
        return _take_page(request, found, [problem], request.POST.get("prompt", ""))
    return redirect("takes:take", made.pk)


@require_GET
@door
def vocabulary(request: HttpRequest, model: str) -> HttpResponse:
    """The words that a model was taught, for a model that was taught few."""
    try:
        entry = catalogue.get(model)
    except catalogue.UnknownModel:
        raise Http404 from None
    taught = entry.words()
    if taught is None:
        raise Http404
    return render(request, "takes/vocabulary.html", {"entry": entry, "groups": taught.GROUPS, "examples": EXAMPLES})


# --- What pages show -------------------------------------------------------------------------------------------------


def _projects_page(request: HttpRequest, problem: Problem | None = None, name: str = "") -> HttpResponse:
    archived = request.GET.get("archived") == "1"
    page = queries.projects_for(request.seat, archived=archived, after=request.GET.get("after"))
    context = {
        "page": page,
        "archived": archived,
        "problem": problem,
        "name": name,
        "key": new_key(),
        "may_edit": request.entitlements.may("edit_projects"),
    }
    return render(request, "takes/projects.html", context, status=problem.status if problem else 200)


def _project_page(
    request: HttpRequest,
    project: Project,
    *,
    form: ComposeForm | None = None,
    problems: list[Problem] | None = None,
    new_name: str | None = None,
) -> HttpResponse:
    now = timezone.now()
    problems = problems or []
    form = form or compose(request.entitlements, {"prompt": request.GET.get("prompt", "")})
    page = queries.takes_page(project, after=request.GET.get("after"))
    context = {
        "project": project,
        "page": page,
        "stills": stills(page.rows),
        "is_first_page": "after" not in request.GET,
        "purse": purse(request.seat.studio),
        "problems": problems,
        "new_name": project.name if new_name is None else new_name,
        "since": now.isoformat(),
        "examples": EXAMPLES,
        "may_submit": request.entitlements.may("submit"),
        "may_edit": request.entitlements.may("edit_projects"),
    }
    if context["may_submit"] and not project.archived_at:
        models = offers(request.entitlements)
        takes_images = request.entitlements.references and any(offer.entry.accepts_reference for offer in models)
        context |= {
            "form": form,
            # A card that was refused goes out again as another request, so that correcting it is no conflict.
            "key": new_key(),
            "was_sent_before": any(isinstance(one, Conflict) and one.code == "key_reused" for one in problems),
            "offers": models,
            "takes_images": takes_images,
            "references": recent_references(project) if takes_images else [],
            "invalid": {problem.field for problem in problems},
            "before": _preflight(request, project, form),
        }
    return render(request, "takes/project.html", context, status=problems[0].status if problems else 200)


def _take_page(
    request: HttpRequest, take: Take, problems: list[Problem] | None = None, words: str | None = None
) -> HttpResponse:
    problems = problems or []
    still = stills([take])[0]
    clip = still.card.artifacts.get("clip")
    context = {
        "take": take,
        "still": still,
        "project": take.project,
        "clip": clip,
        "fps": f"{clip.fps_num / clip.fps_den:g}" if clip else "",
        "last_frame": clip.frames - 1 if clip else 0,
        "sprite": _sprite(still),
        "entry": catalogue.entries().get(take.spec["model"]),
        "seconds": _render_seconds(take),
        "remixes": queries.remixes(take, limit=12),
        "problems": problems,
        "words": take.prompt if words is None else words,
        "key": new_key(),
        "since": timezone.now().isoformat(),
        "may_submit": request.entitlements.may("submit") and not take.project.archived_at,
    }
    return render(request, "takes/take.html", context, status=problems[0].status if problems else 200)


def _preflight(request: HttpRequest, project: Project, form: ComposeForm) -> dict[str, Any]:
    """What _preflight.html needs: the answer, or what stands in the way of one; and the status that says the same."""
    empty: dict[str, Any] = {"problems": [], "answer": None, "status": 200}
    if not form.words.strip():
        return empty
    if form.is_bound and not form.is_valid():
        return empty | {"problems": form.problems()}
    if not form.is_bound:
        form = ComposeForm({**form.initial})
        form.is_valid()
    try:
        reference = form.chosen_reference(project)
        answer = actions.preflight(
            seat=request.seat, project=project, prompt=form.words, wish=form.wish(), reference=reference
        )
    except Problem as problem:
        return empty | {"problems": [problem], "status": problem.status if problem.status == 403 else 200}
    words = answer.plan.spec.prompt
    return {
        "answer": answer,
        "problems": answer.problems,
        "findings": [(finding, words[finding.start : finding.end]) for finding in answer.decision.findings],
        "wait": None if answer.wait_seconds is None else duration(answer.wait_seconds),
        "status": 200,
    }


def _with_reference(request: HttpRequest, reference: uuid.UUID) -> ComposeForm:
    """The same card with its file taken in: what is sent or shown next names the stored image instead."""
    data = request.POST.copy()
    data["reference"] = str(reference)
    form = ComposeForm(data)
    form.is_valid()
    return form


def _sprite(still: Still) -> str:
    """What the scrubber must know of the sprite sheet, as JSON: {src, columns, tile: [width, height], frames: […]}."""
    sheet = still.card.artifacts.get("sprite")
    if sheet is None:
        return ""
    place = {"src": reverse("takes:sprite", args=[still.take.pk])}
    return json.dumps(place | {name: sheet.meta[name] for name in ("columns", "tile", "frames")})


def _render_seconds(take: Take) -> str:
    if take.state != Take.State.READY or not (take.started_at and take.finished_at):
        return ""
    return f"{(take.finished_at - take.started_at).total_seconds():.1f} s"


def _back(request: HttpRequest, take: Take) -> HttpResponse:
    """To the page the button stood on: the wall, or the take's own."""
    if request.POST.get("from") == "project":
        return redirect(f"{reverse('takes:project', args=[take.project_id])}#take-{take.number}")
    return redirect("takes:take", take.pk)
