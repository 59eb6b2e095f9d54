"""Takes and rollouts: what let a take in is remembered, guardrails count it, and closing a stage stops it by rule."""

from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from access import snapshot
from access.guardrails import actions as guardrails
from access.guardrails import metrics
from access.letters import actions as letters
from access.models import Guardrail, Reading, Rollout, Stage, Tier
from access.rollouts import actions as rollouts
from access.rollouts import plan, queries, targets
from access.rollouts.plan import GuardrailPlan, StagePlan
from access.rollouts.rules import bucket_of
from audit.actions import Actor
from audit.models import Record
from generation.models import Event
from quotas.queries import balance
from takes import actions, tasks
from takes.errors import NotAllowed
from takes.models import Take
from takes.wishes import Wish
from tests.factories import make_person, make_project, make_rollout, make_seat, make_studio, make_take

HOUSE = Actor.house("tests")
WHOLE = (1_000_000,)
pytestmark = pytest.mark.django_db


@pytest.fixture
def early():
    return make_seat("owner", studio=make_studio(tier="first-ten", credits=100_000))


@pytest.fixture
def late():
    return make_seat("owner", studio=make_studio(tier="studio", credits=100_000))


@pytest.fixture
def rollout():
    """Both stages open, each for one tier, watched for failed renders."""
    first = StagePlan("Trusted", (Tier.objects.get(slug="first-ten"),), WHOLE)
    second = StagePlan("Studios", (Tier.objects.get(slug="studio"),), WHOLE)
    made = make_rollout(first, second)
    for position in (1, 2):
        made.refresh_from_db()
        rollouts.open_stage(rollout=made, position=position, version=made.version, actor=HOUSE)
    return Rollout.objects.get(pk=made.pk)


def guard(rollout: Rollout, **how) -> Guardrail:
    rollout.refresh_from_db()
    chosen = GuardrailPlan(**{"metric": "failed_renders", "minimum_sample": 5, "failure_limit": 2} | how)
    made = plan.set_guardrail(rollout=rollout, version=rollout.version, plan=chosen, actor=HOUSE)
    rollout.refresh_from_db()
    return made


def ended(stage: Stage, seat, *, good: int = 0, bad: int = 0) -> None:
    """Takes that came through a stage and ended a while ago, as many as a busy lab has."""
    like = make_take(seat)
    then = timezone.now() - timedelta(seconds=40)
    for number in range(good + bad):
        state = Take.State.READY if number < good else Take.State.FAILED
        row = {field.attname: getattr(like, field.attname) for field in Take._meta.concrete_fields}
        key = f"{stage.pk}:{then.timestamp()}:{number}"
        row |= {"key": key, "number": 1000 + Take.objects.count(), "stage_id": stage.pk, "state": state}
        row |= {"created_at": then, "started_at": then, "finished_at": then, "job_id": None}
        del row["id"]
        made = Take(**row)
        made.job_id = made.pk
        made.save(force_insert=True)
    actions.cancel(seat=seat, take=like)
    Stage.objects.filter(opened_at__isnull=False).update(measured_since=timezone.now() - timedelta(minutes=5))


def look(rollout: Rollout) -> Rollout:
    rollout.refresh_from_db()
    guardrails.look(rollout)
    return Rollout.objects.get(pk=rollout.pk)


def test_a_take_remembers_the_stage_that_let_it_in(rollout, early, late):
    assert [make_take(seat).stage.name for seat in (early, late)] == ["Trusted", "Studios"]


def test_a_take_of_a_model_that_is_not_rolled_out_has_no_stage(early):
    assert make_take(early).stage is None


def test_whoever_is_not_in_yet_reads_why(rollout):
    seat = make_seat("owner", studio=make_studio(tier="lab"))
    with pytest.raises(NotAllowed, match="opened step by step, and not to your tier"):
        make_take(seat)
    rollouts.shut(rollout=rollout, reason="a leak", actor=HOUSE)
    with pytest.raises(NotAllowed, match="shut for everybody"):
        make_take(seat)


def test_a_stages_limits_hold_for_its_takes(early):
    narrow = StagePlan("Small", (Tier.objects.get(slug="first-ten"),), WHOLE, limits={"max_seconds": 1})
    made = make_rollout(narrow)
    rollouts.open_stage(rollout=made, position=1, version=made.version, actor=HOUSE)
    with pytest.raises(NotAllowed, match="longer than the 1 s"):
        make_take(early)


# --- Guardrails ------------------------------------------------------------------------------------------------------


def test_failures_halt_a_stage_by_themselves(rollout, early, late):
    lead = make_person(duties=["access_lead"])
    guard(rollout)
    ended(rollout.stages.get(position=1), early, good=80, bad=1)
    ended(rollout.stages.get(position=2), late, good=20, bad=30)
    rollout = look(rollout)
    assert rollout.state == "halted"
    (record,) = Record.objects.filter(action="rollout.halted")
    assert (record.actor_kind, record.actor_id) == ("house", "guardrails")
    assert "Failed renders worse than the stage before" in record.canonical
    assert look(rollout).state == "halted", "looking again changes nothing"
    letters.send_due()
    assert [letter.to for letter in mail.outbox] == [[lead.email]]
    assert "admits nobody until somebody resumes it" in mail.outbox[0].body


def test_a_quiet_stage_stays_open_and_its_gate_is_free(rollout, early, late):
    guard(rollout)
    for position, seat in ((1, early), (2, late)):
        ended(rollout.stages.get(position=position), seat, good=60, bad=1)
    rollout = look(rollout)
    assert rollout.state == "open"
    assert Reading.objects.latest("pk").verdict == "pass"
    assert queries.next_step(rollout) is None, "the plan has nothing further"


def test_every_take_is_counted_once_however_often_one_looks(rollout, early, late):
    guard(rollout)
    ended(rollout.stages.get(position=1), early, good=7)
    ended(rollout.stages.get(position=2), late, good=10, bad=1)
    for _ in range(3):
        look(rollout)
    assert set(Reading.objects.values_list("bad", "total", "base_bad", "base_total")) == {(1, 11, 0, 7)}


def test_a_guardrail_may_roll_back_or_only_warn(rollout, early, late):
    make_person(duties=["access_lead"])
    guard(rollout, action="warn", compares=False, limit_ppm=100_000, failure_limit=1)
    ended(rollout.stages.get(position=2), late, good=5, bad=5)
    for _ in range(3):
        assert look(rollout).state == "open"
    assert Record.objects.filter(action="rollout.warned").count() == 1
    guard(rollout, action="roll_back", compares=False, limit_ppm=100_000, failure_limit=1)
    rollout = look(rollout)
    assert (rollout.state, rollout.position) == ("open", 1)


def test_missing_numbers_hold_and_halt_nothing(rollout, late, monkeypatch):
    guard(rollout)

    def missing(*_):
        raise metrics.MetricMissing("the warehouse is down")

    monkeypatch.setitem(
        metrics._registered,
        "failed_renders",
        metrics.Metric("failed_renders", "Failed renders", "", missing, lambda now: now),
    )
    rollout = look(rollout)
    assert rollout.state == "open"
    assert Reading.objects.get().why == "the warehouse is down"
    reasons = queries.facts(rollout, timezone.now()).guards
    assert reasons == (("Failed renders", "inconclusive", "the warehouse is down"),)


def test_numbers_that_are_late_hold(rollout, late, settings):
    """An outbox that nobody reads means that failures may be waiting there."""
    guard(rollout)
    take = make_take(late)
    Stage.objects.filter(position=2).update(measured_since=timezone.now() - timedelta(hours=1))
    event = Event.objects.create(job_id=take.job_id, kind=Event.Kind.STARTED, payload={})
    Event.objects.filter(pk=event.pk).update(created_at=timezone.now() - timedelta(minutes=30))
    look(rollout)
    assert "something behind is late" in Reading.objects.get().why
    tasks.read_outbox()
    look(rollout)
    assert "counted of the" in Reading.objects.latest("pk").why


def test_a_look_that_is_old_holds(rollout, late):
    guard(rollout)
    ended(rollout.stages.get(position=1), late, good=9)
    ended(rollout.stages.get(position=2), late, good=9)
    rollout = look(rollout)
    assert queries.facts(rollout, timezone.now()).guards[0][1] == "pass"
    (held,) = queries.facts(rollout, timezone.now() + timedelta(minutes=10)).guards
    assert held[1] == "inconclusive"
    assert "last looked at" in held[2]


def test_one_rollout_that_cannot_be_watched_does_not_blind_the_others(rollout, early, late, monkeypatch):
    guard(rollout, compares=False, limit_ppm=100_000, failure_limit=1)
    ended(rollout.stages.get(position=2), late, good=5, bad=5)
    broken = make_rollout(StagePlan("All", (Tier.objects.get(slug="lab"),), WHOLE), kind="feature", model="x", name="x")
    rollouts.open_stage(rollout=broken, position=1, version=broken.version, actor=HOUSE)
    original = guardrails.look

    def look_or_break(one):
        if one.pk == broken.pk:
            raise RuntimeError
        return original(one)

    monkeypatch.setattr(guardrails, "look", look_or_break)
    guardrails.watch()
    rollout.refresh_from_db()
    assert rollout.state == "halted"


def test_a_ramp_goes_by_itself_while_its_guardrails_hold(late):
    ramp = StagePlan(
        "Studios", (Tier.objects.get(slug="studio"),), (200_000, 600_000, 1_000_000), 0, ramps_by_itself=True
    )
    made = make_rollout(ramp)
    early_enough = next(salt for salt in map(str, range(999)) if bucket_of(salt, f"studio:{late.studio_id}") < 200_000)
    Rollout.objects.update(salt=early_enough)
    rollouts.open_stage(rollout=made, position=1, version=made.version, actor=HOUSE)
    guard(made, compares=False, limit_ppm=100_000)
    guardrails.watch()
    assert made.stages.get().reached_ppm == 200_000, "nothing is known yet, so it stays"
    ended(made.stages.get(), late, good=20)
    for reached in (600_000, 1_000_000, 1_000_000):
        guardrails.watch()
        assert made.stages.get().reached_ppm == reached


def test_readings_thin_out(rollout, late):
    guard(rollout)
    look(rollout)
    like, now = Reading.objects.get(), timezone.now()
    long_ago = (now - timedelta(days=3)).replace(minute=0)
    moments = (now - timedelta(minutes=10), long_ago, long_ago + timedelta(minutes=7), now - timedelta(days=91))
    for moment in moments:
        like.pk, like.at = None, moment
        like.save(force_insert=True)
    assert guardrails.prune(now) == 2
    assert set(Reading.objects.exclude(pk=like.pk).values_list("at", flat=True)) >= {moments[0], long_ago}


def test_your_own_metric_is_registered_once():
    one = metrics.Metric("mine", "Mine", "", lambda *_: metrics.Counts(0, 1), lambda now: now)
    metrics.register(one)
    metrics.register(one)
    with pytest.raises(ValueError, match="Two metrics"):
        metrics.register(metrics.Metric("mine", "Other", "", one.counts, one.complete_until))
    del metrics._registered["mine"]


def test_a_sample_is_counted_up_to_what_is_needed(rollout, late):
    ended(rollout.stages.get(position=2), late, good=6)
    stage = rollout.stages.get(position=2)
    assert targets.sample(stage.pk, 4) == 4
    assert targets.sample(stage.pk, 100) == 6


# --- Work under way --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", [rollouts.halt, rollouts.roll_back, rollouts.shut])
@pytest.mark.parametrize("rule", ["finish", "stop"])
def test_work_under_way_finishes_or_stops_as_the_rollout_says(rollout, early, late, verb, rule):
    Rollout.objects.update(running_work=rule)
    before = balance(late.studio).available
    take = make_take(late)
    verb(rollout=rollout, reason="a regression", actor=HOUSE)
    tasks.read_outbox()
    take.refresh_from_db()
    if rule == "finish":
        assert take.state == Take.State.QUEUED
    else:
        assert take.state == Take.State.CANCELLED
        assert balance(late.studio).available == before
        (record,) = Record.objects.filter(action="take.withdrawn")
        assert record.studio_id == late.studio_id


def test_a_halt_stops_nothing_of_the_stages_before(rollout, early, late):
    Rollout.objects.update(running_work="stop")
    kept = make_take(early)
    rollouts.halt(rollout=rollout, reason="a regression", actor=HOUSE)
    tasks.read_outbox()
    kept.refresh_from_db()
    assert kept.state == Take.State.QUEUED


def test_what_slipped_in_as_a_stage_closed_is_stopped_too(rollout, late, monkeypatch):
    Rollout.objects.update(running_work="stop")
    kept = snapshot.current()
    rollouts.halt(rollout=rollout, reason="a regression", actor=HOUSE)
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(snapshot, "current", lambda: kept)  # a process that has not heard of it yet
        take = make_take(late)
    guardrails.watch()
    tasks.read_outbox()
    take.refresh_from_db()
    assert take.state == Take.State.CANCELLED


def test_a_retry_after_a_halt_is_refused_in_words(rollout, late):
    take = make_take(late, project=make_project(late))
    actions.cancel(seat=late, take=take)
    tasks.read_outbox()
    take.refresh_from_db()
    rollouts.halt(rollout=rollout, reason="a regression", actor=HOUSE)
    with pytest.raises(NotAllowed, match="is paused"):
        actions.submit(seat=late, project=take.project, prompt=take.prompt, wish=Wish(), key="again")
