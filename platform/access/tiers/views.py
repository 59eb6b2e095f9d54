"""The lab's pages on tiers: what each says and said, who stands in it, and its form."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from access.errors import AccessProblem
from access.forms import ReasonForm, end_of
from access.lab import acting, lead
from access.models import Tier, TierVersion
from access.tiers import actions, queries
from access.tiers.forms import DayForm, TierForm
from access.tiers.limits import LIMITS, Change, changes, said
from accounts.notices import done
from accounts.paging import Part, part

PAGE = 50


@require_safe
@lead
def tiers(request: HttpRequest) -> HttpResponse:
    """Every tier by its rank; `?after=RANK` for those behind it."""
    after = request.GET.get("after", "")
    found = queries.tiers_with_studios()
    if after.isdecimal() and len(after) < 6:
        found = found.filter(rank__gt=int(after))
    rows = list(found[: PAGE + 1])
    shown = [(tier, [(LIMITS[name].label, said(name, getattr(tier, name))) for name in SHOWN]) for tier in rows[:PAGE]]
    older = f"?after={rows[PAGE - 1].rank}" if len(rows) > PAGE else ""
    context = {"tiers": Part(shown, older, not after)}
    return render(request, "access/lab/tiers.html", context)


SHOWN = ("models", "max_pixels", "max_seconds", "concurrency", "monthly_credits")


@require_http_methods(["GET", "HEAD", "POST"])
@lead
def new(request: HttpRequest) -> HttpResponse:
    """A new tier; `?like=SLUG` fills the form from another."""
    if request.method != "POST":
        like = Tier.objects.filter(slug=request.GET.get("like", "")).first() or Tier.objects.order_by("rank").first()
        limits = queries.said(like) | {"name": "", "rank": queries.next_rank()} if like else {}
        return render(request, "access/lab/new_tier.html", {"form": TierForm.of(limits, 1)})
    form = TierForm(request.POST)
    if form.is_valid():
        try:
            made = actions.make_tier(limits=form.values(), reason=form.cleaned_data["reason"], actor=acting(request))
        except AccessProblem as problem:
            form.refuse(problem)
        else:
            done(request, f"“{made.name}” is ready. Move studios to it, or invite to it.")
            return redirect("lab_tier", made.slug)
    return render(request, "access/lab/new_tier.html", {"form": form}, status=422)


@require_http_methods(["GET", "HEAD", "POST"])
@lead
def tier(request: HttpRequest, slug: str) -> HttpResponse:
    """One tier; POST changes it."""
    found = _tier(slug)
    if request.method != "POST":
        return _page(request, found)
    form = TierForm(request.POST)
    if not form.is_valid():
        return _page(request, found, form=form)
    try:
        actions.change_tier(
            tier=found,
            changes=form.values(),
            reason=form.cleaned_data["reason"],
            seen=form.cleaned_data["seen"],
            actor=acting(request),
        )
    except AccessProblem as problem:
        form.refuse(problem)
        return _page(request, found, form=form)
    done(request, f"“{form.values()['name'].strip()}” says so now, for every studio in it.")
    return redirect("lab_tier", slug)


@require_POST
@lead
def retire(request: HttpRequest, slug: str) -> HttpResponse:
    found, form = _tier(slug), ReasonForm(request.POST, auto_id="retire_%s")
    if not form.is_valid():
        return _page(request, found, retire=form)
    actions.retire_tier(tier=found, reason=form.cleaned_data["reason"], actor=acting(request))
    text = f"“{found.name}” is retired: nobody is placed in it any more. Who stands in it stays."
    done(request, text, undo=reverse("lab_tier_return", args=[slug]))
    return redirect("lab_tier", slug)


@require_POST
@lead
def bring_back(request: HttpRequest, slug: str) -> HttpResponse:
    found = _tier(slug)
    actions.bring_back_tier(tier=found, actor=acting(request))
    done(request, f"“{found.name}” is back.")
    return redirect("lab_tier", slug)


# --- What the page shows ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Told:
    """A version and what it changed; nothing for a tier's first."""

    version: TierVersion
    changes: list[Change]


def _tier(slug: str) -> Tier:
    return get_object_or_404(Tier.objects.select_related("invitation_tier"), slug=slug)


def _page(request: HttpRequest, found: Tier, **bound: Any) -> HttpResponse:
    versions = part(queries.versions_of(found), request.GET, "versions", 10)
    day = DayForm(request.GET)
    on = day.cleaned_data.get("on") if day.is_valid() else None
    now = queries.said(found)
    context = {
        "tier": found,
        "form": TierForm.of(now, queries.version_number(found)),
        "retire": ReasonForm(auto_id="retire_%s"),
        "invitations": queries.open_invitations(found),
        "versions": versions,
        "told": _told(found, versions.rows),
        "day": day,
        "on": on,
        "then": _words(queries.said_on(found, end_of(on))) if on else [],
        "standings": part(queries.standings_in(found), request.GET, "studios", 25),
    } | bound
    return render(request, "access/lab/tier.html", context, status=422 if bound else 200)


def _told(found: Tier, rows: Any) -> list[Told]:
    before = {one.number: one.limits for one in rows}
    missing = [one.number - 1 for one in rows if one.number - 1 not in before]
    before |= dict(found.versions.filter(number__in=missing).values_list("number", "limits"))
    return [Told(one, changes(before.get(one.number - 1, {}), one.limits)) for one in rows]


def _words(limits: Any) -> list[tuple[str, str]]:
    return [(limit.label, said(name, limits[name])) for name, limit in LIMITS.items() if name in limits]
