"""Look at the guardrails of what is open, and act on what is seen. Any number of clocks may do so at once."""

import logging
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from access.errors import AccessProblem
from access.guardrails import metrics, queries, rules, sequential
from access.guardrails.metrics import Counts, Metric, MetricMissing
from access.letters import actions as letters
from access.models import Guardrail, Reading, Rollout, Stage
from access.rollouts import actions as rollouts
from access.rollouts.moving import note
from accounts.models import Duty, Person
from audit.actions import Actor

log = logging.getLogger(__name__)

WATCHER = Actor.house("guardrails")
BASE_REACH = timedelta(days=30)  # how far back the stage before is counted
STRAGGLERS_COME_WITHIN = timedelta(minutes=2)
KEEP_EVERY_LOOK, KEEP_HOURS = timedelta(days=2), timedelta(days=90)


def watch() -> None:
    """Look at every open rollout, act where a guardrail fails, and take the ramp's next step where that is planned."""
    for rollout in Rollout.objects.filter(state=Rollout.State.OPEN, shut_at=None).order_by("pk"):
        try:
            look(rollout)
            _ramp(rollout)
        except Exception:
            # One rollout that cannot be measured must not keep the others from being watched.
            log.exception("Rollout %s could not be watched.", rollout.slug)
    lately = timezone.now() - max(2 * queries.stale_after(), STRAGGLERS_COME_WITHIN)
    for rollout in Rollout.objects.filter(changed_at__gt=lately, running_work=Rollout.RunningWork.STOP):
        rollouts.stop_stragglers(rollout, WATCHER)


def look(rollout: Rollout) -> list[Reading]:
    """Measure every guardrail of the open stage now, and do what a failing one demands."""
    stage = rollout.stages.filter(position=rollout.position).first()
    if stage is None or rollout.state != Rollout.State.OPEN:
        return []
    guardrails = list(rollout.guardrails.all())
    alpha = sequential.share_of(sum(one.compares for one in guardrails))
    before = rollout.stages.filter(position=stage.position - 1).first()
    readings = [_read(one, stage, before, alpha) for one in guardrails]
    failing = [one for one in zip(guardrails, readings, strict=True) if one[1].verdict == rules.FAIL]
    for guardrail, reading in sorted(failing, key=lambda one: one[0].action != Guardrail.Action.ROLL_BACK):
        _act(rollout, stage, guardrail, reading)
    return readings


def prune(now: datetime | None = None) -> int:
    """Thin out readings: each look for two days, one an hour for ninety. Returns how many went."""
    now = now or timezone.now()
    between = Reading.objects.filter(at__lt=now - KEEP_EVERY_LOOK, at__minute__gte=1)
    gone, _ = (between | Reading.objects.filter(at__lt=now - KEEP_HOURS)).delete()
    return gone


def _read(guardrail: Guardrail, stage: Stage, before: Stage | None, alpha: float) -> Reading:
    last, now = queries.latest(guardrail, stage), timezone.now()
    assert stage.measured_since is not None
    reading = Reading(
        guardrail=guardrail,
        stage=stage,
        since=stage.measured_since,
        at=now,
        until=last.until if last else stage.measured_since,
        bad=last.bad if last else 0,
        total=last.total if last else 0,
        base_bad=last.base_bad if last else 0,
        base_total=last.base_total if last else 0,
    )
    most_evidence, failing = (last.most_evidence, last.failing_in_a_row) if last else (0.0, 0)
    metric = metrics.get(guardrail.metric)
    try:
        if metric is None:
            raise MetricMissing("nothing measures it any more")
        _count(reading, metric, before, first=last is None, now=now)
        bounds = rules.Bounds(
            guardrail.compares, alpha, guardrail.limit_ppm, guardrail.minimum_sample, guardrail.failure_limit
        )
        if now - reading.until > queries.stale_after():
            why = "its numbers are old: something behind is late"
            seen = rules.unknown(why, most_evidence=most_evidence, failing=failing)
        else:
            base = Counts(reading.base_bad, reading.base_total) if before else None
            seen = rules.look(
                bounds,
                stage=Counts(reading.bad, reading.total),
                before=base,
                lately=_lately(guardrail, reading),
                most_evidence=most_evidence,
                failing=failing,
            )
    except MetricMissing as missing:
        seen = rules.unknown(str(missing), most_evidence=most_evidence, failing=failing)
    reading.verdict, reading.why, reading.evidence = seen.verdict, seen.why[:200], seen.evidence
    reading.most_evidence, reading.failing_in_a_row = seen.most_evidence, seen.failing_in_a_row
    reading.save(force_insert=True)
    return reading


def _count(reading: Reading, metric: Metric, before: Stage | None, *, first: bool, now: datetime) -> None:
    """Add what happened since the last look, so that a look costs as much as a minute does, not a month."""
    since, until = reading.until, metric.complete_until(now)
    if until > since:
        counted = metric.counts(reading.stage_id, since, until)
        reading.bad, reading.total = reading.bad + counted.bad, reading.total + counted.total
        if before is not None:
            base_since = max(before.measured_since or since, since - BASE_REACH) if first else since
            base = metric.counts(before.pk, base_since, until)
            reading.base_bad, reading.base_total = reading.base_bad + base.bad, reading.base_total + base.total
        reading.until = until


def _lately(guardrail: Guardrail, reading: Reading) -> Counts:
    """What happened within the guardrail's window: the difference to the last look before it."""
    edge = reading.at - timedelta(minutes=guardrail.window_minutes)
    earlier = Reading.objects.filter(guardrail=guardrail, stage=reading.stage_id, since=reading.since, at__lte=edge)
    start = earlier.order_by("-at", "-pk").values_list("bad", "total").first() or (0, 0)
    return Counts(reading.bad - start[0], reading.total - start[1])


def _act(rollout: Rollout, stage: Stage, guardrail: Guardrail, reading: Reading) -> None:
    metric = metrics.get(guardrail.metric)
    reason = f"{metric.title if metric else guardrail.metric} {reading.why}"[:300]
    if guardrail.action == Guardrail.Action.WARN:
        _warn(rollout, stage, reading, reason)
        return
    try:
        with transaction.atomic():
            fresh = Rollout.objects.select_for_update(no_key=True).get(pk=rollout.pk)
            if fresh.state != Rollout.State.OPEN or fresh.position != stage.position:
                return  # somebody was faster
            if guardrail.action == Guardrail.Action.ROLL_BACK:
                rollouts.roll_back(rollout=fresh, reason=reason, actor=WATCHER)
            else:
                rollouts.halt(rollout=fresh, reason=reason, actor=WATCHER)
            fresh.refresh_from_db()
            _tell_leads(fresh, stage, reason, f"{guardrail.action}:{reading.pk}")
    except AccessProblem as problem:
        log.warning("Rollout %s: %s", rollout.slug, problem.message)
    rollout.refresh_from_db()


def _warn(rollout: Rollout, stage: Stage, reading: Reading, reason: str) -> None:
    """Once for each time the stage is measured: a warning every minute is none."""
    same = Reading.objects.filter(guardrail=reading.guardrail_id, stage=stage, since=reading.since, verdict=rules.FAIL)
    if same.exclude(pk=reading.pk).exists():
        return
    with transaction.atomic():
        note(rollout, "rollout.warned", WATCHER, stage=stage.position, reason=reason)
        _tell_leads(rollout, stage, reason, f"warn:{reading.pk}")


def _tell_leads(rollout: Rollout, stage: Stage, reason: str, key: str) -> None:
    for lead in Person.objects.filter(duties__kind=Duty.Kind.ACCESS_LEAD, is_active=True).order_by("pk"):
        words = {"rollout": rollout, "stage": stage, "reason": reason, "lead": lead}
        letters.write(key=f"{key}:{lead.pk}", to=lead.email, template="access/letters/guardrail.txt", words=words)


def _ramp(rollout: Rollout) -> None:
    """The next step of a ramp that goes by itself, where its gate is open."""
    rollout.refresh_from_db()
    if rollout.state != Rollout.State.OPEN:
        return
    stage = rollout.stages.get(position=rollout.position)
    if stage.ramps_by_itself and stage.next_ppm is not None:
        try:
            rollouts.widen(rollout=rollout, version=rollout.version, actor=Actor.house("ramp"))
        except AccessProblem as problem:
            log.debug("Rollout %s stays where it is: %s", rollout.slug, problem.message)
