"""What the page of one rollout shows, gathered from the queries."""

from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from access.guardrails.queries import Standing, series, standings
from access.models import Rollout, Stage
from access.rollouts import queries, targets
from access.rollouts.charts import chart
from access.rollouts.forecast import Demand, forecast, workers_needed
from access.rollouts.forms import WhatIfForm
from access.rollouts.sentences import sentence, tone
from accounts.paging import Page


def rollout_or_404(slug: str) -> Rollout:
    try:
        return queries.rollout_with_plan(slug)
    except Rollout.DoesNotExist:
        raise Http404 from None


def rollout_page(
    request: HttpRequest, found: Rollout, *, problems: list[str] | None = None, status: int = 200
) -> HttpResponse:
    now = timezone.now()
    stages = list(found.stages.all())
    current = next((one for one in stages if one.position == found.position), None)
    step = queries.next_step(found, now)
    guards = standings(found, current if found.state != Rollout.State.FINISHED else None, now)
    page, audiences = queries.history(found), queries.Audiences(found)
    context = {
        "rollout": found,
        "current": current,
        "steps": [_step(found, one, audiences) for one in stages],
        "next": step,
        "guards": [_guard(one, current) for one in guards],
        "guardrails": [] if guards else list(found.guardrails.all()),
        "failing": any(one.verdict == "fail" for one in guards),
        "unsure": any(one.verdict == "inconclusive" for one in guards),
        "mine": step and step.opens and any(one.person_id == request.user.pk for one in step.stage.approvals.all()),
        "previous": found.position - 1,
        "happened": told(page),
        "more": page.next,
        "problems": problems or [],
        "forecast": _forecast(request, found, step, audiences),
    }
    return render(request, "access/rollouts/rollout.html", context, status=status)


def _step(found: Rollout, one: Stage, audiences: queries.Audiences) -> dict[str, Any]:
    """A step of the ladder."""
    place = "now" if one.position == found.position else "past" if one.position < found.position else "next"
    wait = f"{one.wait_hours // 24} days" if one.wait_hours >= 48 else f"{one.wait_hours} hours"
    gate = [
        *([wait] if one.wait_hours else []),
        *([f"{one.minimum_sample:,} takes"] if one.minimum_sample else []),
        *([f"{one.approvals_needed} sign-offs"] if one.approvals_needed else []),
    ]
    counted = audiences.of(one, one.reached_ppm or one.ramp[-1])
    limits = [f"{value:,} {name.replace('_', ' ')}" for name, value in one.limits.items() if name != "references"]
    if one.limits.get("references") is False:
        limits.append("no references")
    return {"stage": one, "place": place, "gate": ", ".join(gate), "audience": counted, "limits": ", ".join(limits)}


def _guard(one: Standing, current: Stage | None) -> dict[str, Any]:
    readings = series(one.guardrail, current) if current else []
    shares = [reading.bad / reading.total for reading in readings if reading.total]
    limit = one.guardrail.limit_ppm
    before = None if one.base_rate is None else one.base_rate / 100
    drawn = chart(shares, limit=None if limit is None else limit / 1_000_000, before=before)
    return {"standing": one, "chart": drawn, "limit": None if limit is None else limit / 10_000}


def told(page: Page[queries.Happening]) -> list[dict[str, Any]]:
    return [{"line": one, "tone": tone(one.action), "said": sentence(one.action, one.facts)} for one in page.rows]


def _forecast(
    request: HttpRequest, found: Rollout, step: queries.NextStep | None, audiences: queries.Audiences
) -> dict[str, Any] | None:
    """What the next step would ask of the machines, with what was measured or what somebody would rather assume."""
    if step is None:
        return None
    load = targets.load(found.target if found.kind == Rollout.Kind.MODEL else "")
    form = WhatIfForm(request.GET if request.GET else None)
    asked = form.cleaned_data if form.is_valid() else {}
    measured = {
        "workers": load.workers if load else 0,
        "per_hour": load.per_studio_hour if load else None,
        "seconds": load.seconds if load else None,
    }
    used = {name: asked.get(name) if asked.get(name) is not None else value for name, value in measured.items()}
    studios = audiences.after(step)
    context: dict[str, Any] = {"form": form, "load": load, "used": used, "studios": studios, "step": step}
    if used["per_hour"] is None or used["seconds"] is None:
        return context
    demand = Demand(used["per_hour"] * studios.admitted, used["seconds"], load.scv if load and load.renders else 1.0)
    limit = settings.QUEUE_WAIT_LIMIT
    return context | {
        "demand": demand,
        "with_these": forecast(demand, int(used["workers"] or 0)),
        "needed": workers_needed(demand, limit),
        "limit": limit,
    }
