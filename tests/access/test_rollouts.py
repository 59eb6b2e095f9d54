"""What moves a rollout, and what it does to what seats may do."""

from datetime import timedelta

import pytest
from django.utils import timezone

from access.errors import GateShut, InvalidRollout, Outpaced, ReasonNeeded
from access.models import Approval, Guardrail, Listing, Rollout, Stage, Tier
from access.queries import entitlements
from access.rollouts import actions, plan, queries
from access.rollouts.plan import GuardrailPlan, StagePlan
from access.rollouts.rules import Reason
from accounts.models import Seat
from audit.actions import Actor
from audit.models import Record
from audit.queries import records_for
from tests.at_once import at_once
from tests.factories import make_person, make_rollout, make_seat, make_studio

HOUSE = Actor.house("tests")
pytestmark = pytest.mark.django_db


def tier(slug: str) -> Tier:
    return Tier.objects.get(slug=slug)


def open_next(rollout: Rollout) -> Rollout:
    rollout.refresh_from_db()
    actions.open_stage(rollout=rollout, position=rollout.position + 1, version=rollout.version, actor=HOUSE)
    return Rollout.objects.get(pk=rollout.pk)


def widen(rollout: Rollout, ppm: int | None = None) -> Rollout:
    rollout.refresh_from_db()
    actions.widen(rollout=rollout, version=rollout.version, ppm=ppm, actor=HOUSE)
    return Rollout.objects.get(pk=rollout.pk)


def may(seat: Seat) -> bool:
    return entitlements(Seat.objects.select_related("studio").get(pk=seat.pk)).allows_model("starter-1")


def reason(seat: Seat) -> Reason:
    return entitlements(Seat.objects.select_related("studio").get(pk=seat.pk)).rolling_out["starter-1"].reason


@pytest.fixture
def seats():
    """An artist in each tier."""
    return {slug: make_seat(studio=make_studio(tier=slug)) for slug in ("first-ten", "studio", "lab")}


# --- Opening ---------------------------------------------------------------------------------------------------------


def test_a_model_that_is_being_rolled_out_is_open_only_through_its_stages(seats):
    assert all(may(seat) for seat in seats.values())
    rollout = make_rollout()
    assert not any(may(seat) for seat in seats.values())
    rollout = widen(open_next(rollout))
    assert {slug: may(seat) for slug, seat in seats.items()} == {"first-ten": True, "studio": False, "lab": False}
    open_next(rollout)
    assert {slug: may(seat) for slug, seat in seats.items()} == {"first-ten": True, "studio": True, "lab": False}
    assert reason(seats["lab"]) == Reason.NOT_INVITED


def test_stages_open_one_after_the_other(seats):
    rollout = make_rollout()
    with pytest.raises(InvalidRollout, match="would skip stage 1"):
        actions.open_stage(rollout=rollout, position=2, version=rollout.version, actor=HOUSE)
    rollout = open_next(rollout)
    with pytest.raises(InvalidRollout, match="is open already"):
        actions.open_stage(rollout=rollout, position=1, version=rollout.version, actor=HOUSE)
    with pytest.raises(GateShut, match="Take it to its end first"):
        actions.open_stage(rollout=rollout, position=2, version=rollout.version, actor=HOUSE)
    with pytest.raises(InvalidRollout, match="has no stage 9"):
        actions.open_stage(rollout=rollout, position=9, version=rollout.version, actor=HOUSE)


def test_a_percentage_never_shrinks():
    rollout = open_next(make_rollout())
    for ppm in (500_000, 100_000, 0):
        with pytest.raises(InvalidRollout, match="never shrinks"):
            widen(rollout, ppm)
    assert widen(rollout, 700_000).stages.get(position=1).reached_ppm == 700_000
    assert widen(rollout).stages.get(position=1).reached_ppm == 1_000_000
    with pytest.raises(InvalidRollout, match="end of its ramp"):
        widen(rollout)


def test_whoever_looked_at_an_older_version_is_told():
    rollout = make_rollout()
    seen = rollout.version
    open_next(rollout)
    with pytest.raises(Outpaced):
        actions.open_stage(rollout=rollout, position=1, version=seen, actor=HOUSE)
    with pytest.raises(Outpaced):
        plan.add_stage(rollout=rollout, version=seen, plan=StagePlan("x", (tier("lab"),), (1,)), actor=HOUSE)


@pytest.mark.django_db(transaction=True)
def test_of_two_leads_who_advance_at_once_one_is_told():
    rollout = open_next(make_rollout())

    def advance() -> int:
        return actions.widen(rollout=rollout, version=rollout.version, actor=HOUSE).reached_ppm

    done, told = sorted(at_once(advance, advance), key=lambda got: isinstance(got, Outpaced))
    assert done == 1_000_000
    assert isinstance(told, Outpaced)
    assert Stage.objects.get(rollout=rollout, position=1).reached_ppm == 1_000_000


def test_a_gate_asks_for_sign_offs_by_different_people():
    needs = StagePlan("Trusted", (tier("first-ten"),), (1_000_000,), approvals_needed=2)
    rollout, (one, other) = make_rollout(needs), (make_person(), make_person())
    stage = rollout.stages.get()
    for _ in range(2):
        actions.approve(stage=stage, person=one, actor=Actor.of_person(one))
    with pytest.raises(GateShut, match="1 more sign-off"):
        open_next(rollout)
    actions.approve(stage=stage, person=other, actor=Actor.of_person(other))
    actions.take_back_approval(stage=stage, person=one, actor=Actor.of_person(one))
    with pytest.raises(GateShut):
        open_next(rollout)
    actions.approve(stage=stage, person=one, actor=Actor.of_person(one))
    assert open_next(rollout).position == 1


def test_a_change_of_the_stage_voids_its_sign_offs():
    rollout = make_rollout()
    stage = rollout.stages.get(position=1)
    actions.approve(stage=stage, person=make_person(), actor=HOUSE)
    plan.change_stage(
        stage=stage,
        version=rollout.version,
        plan=StagePlan("Trusted", (tier("first-ten"),), (200_000,)),
        actor=HOUSE,
    )
    assert not Approval.objects.exists()


def test_a_stage_waits_for_its_hour_and_its_days():
    hour = timezone.now().hour
    later = StagePlan("Later", (tier("lab"),), (1_000_000,), hour_from=(hour + 1) % 24, hour_until=(hour + 1) % 24 + 1)
    with pytest.raises(GateShut, match="It opens between"):
        open_next(make_rollout(later))
    first = StagePlan("First", (tier("lab"),), (1_000_000,))
    patient = StagePlan("Second", (tier("studio"),), (1_000_000,), wait_hours=48)
    rollout = open_next(make_rollout(first, patient, model="another", kind="feature", name="Another"))
    with pytest.raises(GateShut, match="waits until"):
        open_next(rollout)
    Stage.objects.filter(rollout=rollout, position=1).update(widened_at=timezone.now() - timedelta(hours=49))
    assert open_next(rollout).position == 2


# --- Limits and lists ------------------------------------------------------------------------------------------------


def test_a_stage_narrows_the_limits_of_its_model_only(seats):
    narrow = StagePlan("Small", (tier("studio"),), (1_000_000,), limits={"max_seconds": 3, "references": False})
    open_next(make_rollout(narrow))
    rights = entitlements(seats["studio"])
    assert (rights.max_seconds, rights.references) == (10, True)
    mine = rights.for_model("starter-1")
    assert (mine.max_seconds, mine.references) == (3, False)
    assert rights.stage_of("starter-1") == Stage.objects.get().pk
    assert rights.for_model("other") == rights


def test_names_on_the_lists_come_before_stages(seats):
    rollout = open_next(make_rollout(StagePlan("All", (tier("studio"),), (1_000_000,))))
    ask = {"rollout": rollout, "reason": "asked for it", "actor": HOUSE}
    allowed = actions.list_by_name(kind="allow", studio=seats["lab"].studio, **ask)
    denied = actions.list_by_name(kind="deny", studio=seats["studio"].studio, **ask)
    assert may(seats["lab"])
    assert not may(seats["studio"])
    assert actions.list_by_name(kind="deny", studio=seats["studio"].studio, **ask) == denied
    actions.unlist(listing=allowed, actor=HOUSE)
    actions.list_by_name(kind="allow", studio=seats["studio"].studio, **ask)
    assert not may(seats["lab"])
    assert may(seats["studio"])
    assert Listing.objects.filter(ended_at=None).count() == 1


def test_the_kill_switch_shuts_out_even_those_let_in_by_name(seats):
    rollout = open_next(make_rollout(StagePlan("All", (tier("studio"),), (1_000_000,))))
    actions.list_by_name(rollout=rollout, kind="allow", studio=seats["lab"].studio, reason="pilot", actor=HOUSE)
    actions.shut(rollout=rollout, reason="a leak", actor=HOUSE)
    actions.shut(rollout=rollout, reason="again", actor=HOUSE)
    assert not any(may(seat) for seat in seats.values())
    assert reason(seats["lab"]) == Reason.SHUT
    rollout.refresh_from_db()
    actions.open_again(rollout=rollout, version=rollout.version, reason="mended", actor=HOUSE)
    assert may(seats["lab"])
    assert may(seats["studio"])


def test_a_person_may_be_the_subject():
    rollout = make_rollout(StagePlan("Half", (tier("studio"),), (500_000,)), subject="person")
    open_next(rollout)
    studio = make_studio(tier="studio")
    mates = [make_seat(studio=studio) for _ in range(40)]
    assert {may(seat) for seat in mates} == {True, False}


def test_a_whole_studio_gets_one_answer():
    open_next(make_rollout(StagePlan("Half", (tier("studio"),), (500_000,))))
    for _ in range(5):
        studio = make_studio(tier="studio")
        assert len({may(make_seat(studio=studio)) for _ in range(4)}) == 1


def test_a_feature_is_opened_by_its_name():
    seat = make_seat(studio=make_studio(tier="first-ten"))
    all_of_them = StagePlan("All", (tier("first-ten"),), (1_000_000,))
    assert not entitlements(seat).references
    open_next(make_rollout(all_of_them, kind="feature", model="references", name="References"))
    open_next(make_rollout(all_of_them, kind="feature", model="story-board", name="Story board"))
    rights = entitlements(seat)
    assert rights.features == {"references", "story-board"}
    assert rights.references


# --- Halting, rolling back, finishing --------------------------------------------------------------------------------


def test_a_halt_takes_the_open_stage_and_leaves_those_before(seats):
    rollout = open_next(widen(open_next(make_rollout())))
    assert actions.halt(rollout=rollout, reason="too many failures", actor=HOUSE)
    assert not actions.halt(rollout=rollout, reason="again", actor=HOUSE)
    assert may(seats["first-ten"])
    assert not may(seats["studio"])
    assert reason(seats["studio"]) == Reason.HALTED
    rollout.refresh_from_db()
    with pytest.raises(GateShut, match="It is halted"):
        open_third(rollout)
    rollout.refresh_from_db()
    before = rollout.stages.get(position=2).measured_since
    actions.resume(rollout=rollout, version=rollout.version, reason="policy 12", actor=HOUSE)
    assert may(seats["studio"])
    assert rollout.stages.get(position=2).measured_since > before


def open_third(rollout: Rollout) -> None:
    plan.add_stage(
        rollout=rollout, version=rollout.version, plan=StagePlan("Lab", (tier("lab"),), (1_000_000,)), actor=HOUSE
    )
    open_next(rollout)


def test_a_rollback_skips_every_gate_and_voids_sign_offs(seats):
    rollout = open_next(widen(open_next(make_rollout())))
    actions.roll_back(rollout=rollout, reason="regression", actor=HOUSE)
    rollout.refresh_from_db()
    assert (rollout.state, rollout.position) == ("open", 1)
    assert may(seats["first-ten"])
    assert not may(seats["studio"])
    actions.roll_back(rollout=rollout, reason="all of it", actor=HOUSE)
    rollout.refresh_from_db()
    assert (rollout.state, rollout.position) == ("planned", 0)
    assert not any(may(seat) for seat in seats.values())
    with pytest.raises(InvalidRollout, match="nothing to roll back"):
        actions.roll_back(rollout=rollout, reason="once more", actor=HOUSE)


def test_every_act_has_its_record_and_a_reason_where_it_takes_something(seats):
    rollout = open_next(make_rollout())
    for verb in (actions.halt, actions.roll_back, actions.shut):
        with pytest.raises(ReasonNeeded):
            verb(rollout=rollout, reason=" ", actor=HOUSE)
    actions.halt(rollout=rollout, reason="too many failures", actor=HOUSE)
    said = [record.action for record in records_for(rollout)]
    assert said == [
        "rollout.made",
        "rollout.stage_added",
        "rollout.stage_added",
        "rollout.stage_opened",
        "rollout.halted",
    ]
    happened = queries.history(rollout).rows
    assert happened[0].facts["reason"] == "too many failures"


def test_a_finished_rollout_leaves_the_model_to_the_tiers(seats):
    whole = StagePlan("All", (tier("first-ten"), tier("studio")), (1_000_000,))
    rollout = open_next(make_rollout(whole))
    Tier.objects.filter(slug="first-ten").update(models=["another"])
    with pytest.raises(InvalidRollout, match="First ten does not list starter-1"):
        actions.finish(rollout=rollout, version=rollout.version, reason="it is good", actor=HOUSE)
    Tier.objects.filter(slug="first-ten").update(models=["starter-1"])
    actions.finish(rollout=rollout, version=rollout.version, reason="it is good", actor=HOUSE)
    assert all(may(seat) for seat in seats.values())
    assert not Record.objects.filter(action="rollout.halted").exists()
    make_rollout(name="Starter again")


def test_a_finished_feature_is_everybodys_until_another_rollout_takes_it_up():
    seat = make_seat(studio=make_studio(tier="first-ten"))
    whole = StagePlan("All", (tier("lab"),), (1_000_000,))
    rollout = open_next(make_rollout(whole, kind="feature", model="story-board", name="Story board"))
    assert "story-board" not in entitlements(seat).features
    actions.finish(rollout=rollout, version=rollout.version, reason="it is good", actor=HOUSE)
    assert "story-board" in entitlements(seat).features
    make_rollout(whole, kind="feature", model="story-board", name="Story board again")
    assert "story-board" not in entitlements(seat).features


def test_a_rollout_with_steps_left_is_not_finished():
    rollout = open_next(make_rollout())
    with pytest.raises(InvalidRollout, match="steps left"):
        actions.finish(rollout=rollout, version=rollout.version, reason="too early", actor=HOUSE)


# --- Plans -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("how", "field", "words"),
    [
        ({"name": ""}, "name", "up to 80"),
        ({"slug": "Not A Slug"}, "slug", "small letters"),
        ({"kind": "thing"}, "kind", "a model or a feature"),
        ({"target": "no-such-model"}, "target", "no model “no-such-model”"),
        ({"kind": "feature", "target": "Not A Name"}, "target", "small letters"),
    ],
)
def test_a_rollout_that_cannot_be_is_refused_with_its_field(how, field, words):
    asked = {"name": "Wan", "kind": "model", "target": "starter-1"} | how
    with pytest.raises(InvalidRollout, match=words) as refused:
        plan.make(actor=HOUSE, **asked)
    assert refused.value.field == field


def test_a_model_is_rolled_out_once_at_a_time():
    make_rollout()
    with pytest.raises(InvalidRollout, match="being rolled out already"):
        make_rollout(name="Another")
    with pytest.raises(InvalidRollout, match="There is a rollout under the key"):
        make_rollout(model="x", kind="feature")


def test_an_open_stage_can_grow_and_not_shrink():
    rollout = widen(open_next(make_rollout()))
    stage = rollout.stages.get(position=1)
    wider = StagePlan("Trusted", (tier("first-ten"), tier("lab")), (500_000, 1_000_000))
    with pytest.raises(InvalidRollout, match="not leave it"):
        plan.change_stage(
            stage=stage, version=rollout.version, plan=StagePlan("T", (tier("lab"),), (1_000_000,)), actor=HOUSE
        )
    with pytest.raises(InvalidRollout, match="never shrinks"):
        plan.change_stage(
            stage=stage, version=rollout.version, plan=StagePlan("T", (tier("first-ten"),), (900_000,)), actor=HOUSE
        )
    plan.change_stage(stage=stage, version=rollout.version, plan=wider, actor=HOUSE)
    with pytest.raises(InvalidRollout, match="is open"):
        plan.remove_stage(stage=stage, version=rollout.version + 1, actor=HOUSE)
    plan.remove_stage(stage=rollout.stages.get(position=2), version=rollout.version + 1, actor=HOUSE)


def test_a_stage_narrows_only_what_can_be_narrowed():
    for limits, words in (({"colour": 1}, "can narrow"), ({"max_seconds": 0}, "whole number above zero")):
        with pytest.raises(InvalidRollout, match=words):
            make_rollout(
                StagePlan("x", (tier("lab"),), (1_000_000,), limits=limits),
                kind="feature",
                model=words[:4],
                name=words[:4],
            )


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"metric": "no_such"}, "Nothing here measures “no_such”. What is measured: "),
        ({"metric": "refusals", "compares": False}, "set a limit"),
        ({"metric": "refusals", "limit_ppm": 1_000_000}, "a share from 0"),
        ({"metric": "refusals", "window_minutes": 0}, "from 1 to"),
        ({"metric": "refusals", "action": "explode"}, "Choose what it does"),
    ],
)
def test_a_guardrail_that_cannot_watch_is_refused(how, words):
    rollout = make_rollout()
    with pytest.raises(InvalidRollout, match=words):
        plan.set_guardrail(rollout=rollout, version=rollout.version, plan=GuardrailPlan(**how), actor=HOUSE)
    assert not Guardrail.objects.exists()


# --- What is seen where ----------------------------------------------------------------------------------------------


def test_a_change_is_seen_without_anybody_being_told(seats, django_assert_num_queries, monkeypatch):
    """Another process's snapshot learns of it from the edition's mark, which it looks at once a second."""
    from access import snapshot

    rollout = open_next(make_rollout(StagePlan("All", (tier("studio"),), (1_000_000,))))
    assert may(seats["studio"])
    kept = snapshot.current()
    actions.halt(rollout=rollout, reason="too many failures", actor=HOUSE)
    monkeypatch.setattr(snapshot, "_kept", kept)  # as another process would still have it
    monkeypatch.setattr(snapshot, "_looked_at", snapshot.time.monotonic())
    assert may(seats["studio"]), "within the second it has not looked yet"
    monkeypatch.setattr(snapshot, "_looked_at", snapshot.time.monotonic() - snapshot.LOOK_EVERY)
    assert not may(seats["studio"])


def test_an_audience_is_counted():
    for _ in range(6):
        make_seat(studio=make_studio(tier="studio"))
    rollout = open_next(make_rollout(StagePlan("Half", (tier("studio"),), (500_000,))))
    stage, counted = rollout.stages.get(), queries.Audiences(rollout)
    found = counted.of(stage)
    assert found.whole == 6
    assert 0 <= found.admitted <= 6
    everybody = counted.of(stage, 1_000_000)
    assert (everybody.admitted, everybody.people, everybody.about) == (6, 6, False)
