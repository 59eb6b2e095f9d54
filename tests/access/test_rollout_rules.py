"""Who a rollout is open to: buckets, precedence, widening; and what its gates say."""

import dataclasses
from datetime import UTC, datetime, timedelta

import mmh3
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from access.rollouts.gates import Facts, Gate, holds, holds_ramp
from access.rollouts.rules import (
    WHOLE,
    Reason,
    RolloutValue,
    StageValue,
    admits,
    bucket_of,
    narrowed,
    problems_of_stages,
)

# --- Buckets ---------------------------------------------------------------------------------------------------------

# Published in docs/flags.md, so that anybody can check an implementation of their own.
VECTORS = [
    ("a", "studio:1", 381166),
    ("salt", "studio:1", 64049),
    ("salt", "studio:2", 865939),
    ("salt", "person:1", 31468),
    ("0f3c9a5b7d1e2468", "studio:1000000", 734444),
]


@pytest.mark.parametrize(("salt", "subject", "bucket"), VECTORS)
def test_buckets_are_those_published(salt, subject, bucket):
    assert bucket_of(salt, subject) == bucket


def test_a_bucket_is_the_scaled_hash_of_salt_and_subject():
    assert mmh3.hash("foo", signed=False) == 4138058784, "the reference implementation's own value"
    hashed = mmh3.hash("salt:studio:1", signed=False)
    assert bucket_of("salt", "studio:1") == hashed * WHOLE // 2**32


def chi_square(observed: np.ndarray) -> float:
    expected = observed.sum() / observed.size
    return float(((observed - expected) ** 2 / expected).sum())


@pytest.fixture(scope="module")
def million() -> tuple[np.ndarray, np.ndarray]:
    subjects = [f"studio:{number}" for number in range(1_000_000)]
    return tuple(np.array([bucket_of(salt, subject) for subject in subjects]) for salt in ("first", "second"))


def test_buckets_of_a_million_studios_are_uniform(million):
    # 999 degrees of freedom: 1143 is exceeded by one uniform sample in a thousand.
    for buckets in million:
        assert buckets.min() >= 0
        assert buckets.max() < WHOLE
        assert chi_square(np.bincount(buckets // 1000, minlength=1000)) < 1143


def test_being_early_in_one_rollout_says_nothing_about_another(million):
    first, second = (buckets // 50_000 for buckets in million)
    # 20 × 20 cells; 399 degrees of freedom: 493 is exceeded once in a thousand.
    assert chi_square(np.bincount(first * 20 + second, minlength=400)) < 493


# --- Precedence and widening -----------------------------------------------------------------------------------------

stages = st.lists(
    st.tuples(st.frozensets(st.integers(1, 4), min_size=1), st.integers(0, WHOLE)), min_size=1, max_size=5
).map(lambda rows: tuple(StageValue(i, i, f"s{i}", tiers, ppm) for i, (tiers, ppm) in enumerate(rows, start=1)))


@st.composite
def rollouts(draw):
    own = draw(stages)
    position = draw(st.integers(0, len(own)))
    own = tuple(dataclasses.replace(stage, ppm=stage.ppm if stage.position <= position else 0) for stage in own)
    state = "planned" if position == 0 else draw(st.sampled_from(["open", "halted"]))
    return RolloutValue(
        1, "r", "R", "model", "m", "studio", draw(st.sampled_from("abcdef")), state, position, draw(st.booleans()), own
    )


subjects = st.integers(1, 10_000).map(lambda number: f"studio:{number}")
asked = {
    "subject": subjects,
    "tier_id": st.none() | st.integers(1, 4),
    "suspended": st.booleans(),
    "listed": st.sampled_from([None, "allow", "deny"]),
}


@given(rollout=rollouts(), ask=st.fixed_dictionaries(asked))
def test_precedence_holds_for_any_rules(rollout, ask):
    answer = admits(rollout, **ask)
    if rollout.shut:
        assert answer.reason == Reason.SHUT
    elif ask["suspended"]:
        assert answer.reason == Reason.SUSPENDED
    elif ask["listed"] == "deny":
        assert answer.reason == Reason.DENIED
    elif ask["listed"] == "allow":
        assert answer == admits(rollout, **ask)
        assert (answer.admitted, answer.reason) == (True, Reason.ALLOWED)
    elif answer.admitted:
        stage = answer.stage
        assert ask["tier_id"] in stage.tiers
        assert bucket_of(rollout.salt, ask["subject"]) < stage.ppm
        assert stage.position <= rollout.position
        assert not (rollout.state == "halted" and stage.position == rollout.position)
    assert answer.admitted == (answer.reason in (Reason.ALLOWED, Reason.ADMITTED))


@given(rollout=rollouts(), ask=st.fixed_dictionaries(asked), data=st.data())
def test_widening_never_drops_who_was_admitted(rollout, ask, data):
    rollout = dataclasses.replace(rollout, state="open" if rollout.position else "planned")
    before = admits(rollout, **ask)
    if rollout.position and data.draw(st.booleans()):
        stage = rollout.stages[rollout.position - 1]
        wider = dataclasses.replace(stage, ppm=data.draw(st.integers(stage.ppm, WHOLE)))
        after = tuple(wider if one.position == wider.position else one for one in rollout.stages)
        rollout = dataclasses.replace(rollout, stages=after)
    elif rollout.position < len(rollout.stages):
        opened = dataclasses.replace(rollout.stages[rollout.position], ppm=data.draw(st.integers(1, WHOLE)))
        after = tuple(opened if one.position == opened.position else one for one in rollout.stages)
        rollout = dataclasses.replace(rollout, stages=after, position=opened.position, state="open")
    assert not before.admitted or admits(rollout, **ask).admitted


@given(rollout=rollouts(), ask=st.fixed_dictionaries(asked))
def test_a_halt_keeps_what_the_stages_before_gave_and_nothing_of_its_own(rollout, ask):
    if not rollout.position:
        return
    halted = dataclasses.replace(rollout, state="halted")
    back = dataclasses.replace(rollout, state="open", position=rollout.position - 1)
    assert admits(halted, **ask).admitted == admits(back, **ask).admitted


def test_a_halted_stage_says_that_it_is_halted_and_not_that_nobody_was_invited():
    stage = StageValue(1, 1, "all", frozenset({1}), WHOLE)
    halted = RolloutValue(1, "r", "R", "model", "m", "studio", "a", "halted", 1, False, (stage,))
    ask = {"subject": "studio:1", "suspended": False, "listed": None}
    assert admits(halted, tier_id=1, **ask).reason == Reason.HALTED
    assert admits(halted, tier_id=2, **ask).reason == Reason.NOT_INVITED
    assert admits(halted, tier_id=None, **ask).reason == Reason.NO_TIER


def test_the_newest_stage_that_admits_sets_the_limits():
    small = StageValue(1, 1, "small", frozenset({1}), WHOLE, {"max_seconds": 3})
    large = StageValue(2, 2, "large", frozenset({1}), WHOLE, {"max_seconds": 8})
    rollout = RolloutValue(1, "r", "R", "model", "m", "studio", "a", "open", 2, False, (small, large))
    assert admits(rollout, subject="studio:1", tier_id=1, suspended=False, listed=None).stage == large


LIMITS = {"max_pixels": 900, "max_seconds": 10, "references": True, "concurrency": 4, "daily_takes": None}


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "max_pixels": st.integers(1, 2000),
            "references": st.booleans(),
            "daily_takes": st.none() | st.integers(1, 9),
            "queue_weight": st.integers(1, 9),
        },
    )
)
def test_a_stage_narrows_and_never_widens(by):
    got = narrowed(LIMITS, by)
    assert got["max_pixels"] == min(900, by.get("max_pixels", 900))
    assert got["references"] == by.get("references", True)
    assert got["daily_takes"] == by.get("daily_takes")
    assert "queue_weight" not in got


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        ([("A", [], [WHOLE])], "opens to no tier"),
        ([("A", [1], [])], "needs percentages"),
        ([("A", [1], [0])], "needs percentages"),
        ([("A", [1], [WHOLE + 1])], "needs percentages"),
        ([("A", [1], [500_000, 200_000])], "must rise"),
        ([("A", [1], [500_000, 500_000])], "must rise"),
        ([("A", [1], [500_000]), ("B", [1, 2], [200_000])], "never shrinks"),
    ],
)
def test_a_plan_that_shrinks_or_opens_to_nobody_is_refused(plan, words):
    assert any(words in problem for problem in problems_of_stages(plan))


def test_a_plan_that_widens_is_fine():
    assert problems_of_stages([("A", [1], [WHOLE]), ("B", [1, 2], [WHOLE]), ("C", [3], [200_000, WHOLE])]) == []


# --- Gates -----------------------------------------------------------------------------------------------------------

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
OPEN = Gate(timedelta(), 0, 24, 0, 0)
READY = Facts(NOON, NOON - timedelta(days=2), "", 100, 2, False, False, (("Failed renders", "pass", ""),))


@pytest.mark.parametrize(
    ("gate", "facts", "words"),
    [
        (dataclasses.replace(OPEN, wait=timedelta(hours=49)), READY, "waits until 25 Nov 13:00"),
        (dataclasses.replace(OPEN, hour_from=13, hour_until=18), READY, "between 13:00 and 18:00"),
        (dataclasses.replace(OPEN, hour_from=8, hour_until=12), READY, "between 08:00 and 12:00"),
        (dataclasses.replace(OPEN, minimum_sample=101), READY, "100 of the 101"),
        (dataclasses.replace(OPEN, approvals_needed=3), READY, "1 more sign-off"),
        (OPEN, dataclasses.replace(READY, guards=(("Refusals", "fail", "worse"),)), "Refusals fails: worse"),
        (OPEN, dataclasses.replace(READY, guards=(("Refusals", "inconclusive", ""),)), "cannot be told yet"),
        (OPEN, dataclasses.replace(READY, halted=True), "is halted"),
        (OPEN, dataclasses.replace(READY, shut=True), "shut for everybody"),
        (OPEN, dataclasses.replace(READY, unfinished="Take it to its end first."), "to its end first"),
    ],
)
def test_a_gate_says_everything_that_holds_it(gate, facts, words):
    assert holds(OPEN, READY) == []
    assert any(words in reason for reason in holds(gate, facts))


def test_the_first_stage_has_no_stage_to_wait_for():
    gate = Gate(timedelta(days=9), 0, 24, 1000, 0)
    assert holds(gate, dataclasses.replace(READY, since=None, sample=0)) == []


def test_a_step_of_a_ramp_waits_its_hours():
    ask = {"hour_from": 0, "hour_until": 24, "facts": READY}
    assert holds_ramp(wait=timedelta(hours=48), **ask) == []
    assert holds_ramp(wait=timedelta(hours=49), **ask)
