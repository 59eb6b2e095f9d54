"""Yes or no, and why: the chain says what the resolution says, whatever the rules."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access.explanations import queries
from access.explanations.rules import ACT_WORDS, RIGHTS, Facts, Told, UnknownAct, acts, explain
from access.queries import entitlements
from access.rollouts import actions as rollouts
from access.rollouts.plan import StagePlan
from access.rollouts.rules import WHOLE, RolloutValue, StageValue
from access.rules import OverrideValue, TierLimits
from access.tiers import actions as tiers
from accounts.models import Seat
from audit.actions import Actor
from tests.factories import make_person, make_rollout, make_seat, make_studio

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
HOUSE = Actor.house("tests")


def limits(**how) -> TierLimits:
    usual = {
        "name": "Studio", "models": frozenset({"*"}), "max_pixels": 9, "max_seconds": 9, "references": True,
        "api": True, "concurrency": 1, "queue_weight": 1, "daily_takes": None,
    }  # fmt: skip
    return TierLimits(**usual | how)


exceptions = st.builds(
    lambda field, value, of_seat, age, life: Told(
        OverrideValue(
            field, value, of_seat, NOW - timedelta(hours=age), NOW - timedelta(hours=age) + timedelta(hours=life)
        ),
        "a trial",
    ),
    field=st.just("models"),
    value=st.sampled_from([["*"], ["a"], ["b"], []]),
    of_seat=st.booleans(),
    age=st.integers(0, 9),
    life=st.integers(1, 20),
) | st.builds(
    lambda field, value, of_seat, age: Told(
        OverrideValue(field, value, of_seat, NOW - timedelta(hours=age), NOW + timedelta(hours=1)), "a trial"
    ),
    field=st.sampled_from(["api", "references"]),
    value=st.booleans(),
    of_seat=st.booleans(),
    age=st.integers(0, 9),
)
openings = st.builds(
    lambda number, kind, target, state, shut, tier, ppm: RolloutValue(
        number, f"r{number}", f"R {number}", kind, target if kind == "model" else f"f{target}", "studio", f"s{number}",
        state, 0 if state == "planned" else 1, shut, (StageValue(number, 1, "First", frozenset({tier}), ppm),),
    ),
    number=st.integers(1, 5),
    kind=st.sampled_from(["model", "feature"]),
    target=st.sampled_from(["a", "b"]),
    state=st.sampled_from(["planned", "open", "halted", "finished"]),
    shut=st.booleans(),
    tier=st.integers(1, 2),
    ppm=st.sampled_from([WHOLE, WHOLE // 2]),
)  # fmt: skip
of_the_house = st.builds(
    lambda name, shut: RolloutValue(
        9, name, name, "feature", name, "studio", "x", "open", 1, shut,
        (StageValue(9, 1, "First", frozenset({1}), WHOLE),),
    ),
    name=st.sampled_from(["api", "references"]),
    shut=st.booleans(),
)  # fmt: skip
facts = st.builds(
    Facts,
    tier=st.none() | st.builds(limits, api=st.booleans(), references=st.booleans(),
                               models=st.sampled_from([frozenset({"*"}), frozenset({"a"}), frozenset()])),
    tier_id=st.integers(1, 2),
    overrides=st.lists(exceptions, max_size=4),
    role=st.sampled_from(["owner", "producer", "artist", "guest"]),
    seat_suspended=st.booleans(),
    seat_ended=st.booleans(),
    studio_suspended=st.booleans(),
    rollouts=st.lists(openings | of_the_house, max_size=3),
    listed=st.dictionaries(st.integers(1, 9), st.sampled_from(["allow", "deny"]), max_size=2),
    studio_id=st.integers(1, 99),
    person_id=st.integers(1, 99),
    now=st.just(NOW),
)  # fmt: skip


@given(facts)
def test_the_rule_that_decides_says_what_the_resolution_says(told):
    for act in [*ACT_WORDS, *RIGHTS, "model:a", "model:b", "feature:fa", "feature:none"]:
        explained = explain(act, told)
        (decides,) = [step for step in explained.steps if step.decides]
        assert decides.verdict == ("go" if explained.allowed else "stop"), (act, explained.steps)


@given(facts)
def test_whatever_can_be_asked_can_be_explained(told):
    for act, words in acts(told, {"a": "Model A"}):
        assert explain(act, told).act == act
        assert words


@pytest.mark.parametrize("act", ["", "fly", "model:", "tier:lab"])
@given(told=facts)
def test_an_act_that_is_none_is_refused_with_those_there_are(act, told):
    with pytest.raises(UnknownAct, match="Ask for one of view, submit"):
        explain(act, told)


@pytest.mark.django_db
def test_a_seats_explanations_agree_with_its_entitlements():
    seat = make_seat("owner", studio=make_studio(tier="first-ten"))
    lead = make_person("Priya Nair")
    tiers.override(
        studio=seat.studio,
        field="api",
        value=True,
        ends_at=datetime.now(tz=UTC) + timedelta(days=3),
        reason="a pilot",
        actor=Actor.of_person(lead),
    )
    from access.models import Tier

    rollout = make_rollout(StagePlan("First", (Tier.objects.get(slug="studio"),), (WHOLE,)))
    rollouts.open_stage(rollout=rollout, position=1, version=rollout.version, actor=HOUSE)
    rights = entitlements(seat)
    told = {one.act: one for one in queries.everything(seat)}
    assert told["submit"].allowed == rights.may("submit")
    assert told["api"].allowed is rights.api is True
    assert any("says yes: a pilot (Priya Nair)" in step.words for step in told["api"].steps)
    assert told["model:starter-1"].allowed is rights.allows_model("starter-1") is False
    assert told["model:starter-1"].steps[-1].words == "Starter has no stage for this tier."


@pytest.mark.django_db
def test_explaining_everything_takes_two_queries(django_assert_num_queries):
    seat = Seat.objects.select_related("studio").get(pk=make_seat().pk)
    queries.everything(seat)
    with django_assert_num_queries(2):
        queries.everything(seat)
