"""A test that may be looked at every minute: it does not cry wolf, and it sees what is there."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from access.guardrails import rules, sequential
from access.guardrails.metrics import Counts
from access.guardrails.sequential import evidence, evidences, threshold

totals = st.integers(1, 100_000)


@given(data=st.data(), total=totals, base_total=totals)
def test_the_least_over_all_rates_is_found(data, total, base_total):
    bad, base_bad = data.draw(st.integers(0, total)), data.draw(st.integers(0, base_total))
    counts = [np.array([one]) for one in (bad, total, base_bad, base_total)]
    odds = np.linspace(-sequential.FARTHEST, sequential.FARTHEST, 4001)[None, :]
    dense = sequential._bet(odds, *counts[:2], sequential.FACTORS)
    dense = dense + sequential._bet(odds, *counts[2:], 1 / sequential.FACTORS)
    assert evidence(bad, total, base_bad, base_total) <= dense.min() + 1e-3


@given(total=totals, base_total=totals, data=st.data())
def test_more_failures_are_never_less_evidence(total, base_total, data):
    bad, base_bad = data.draw(st.integers(0, total - 1)), data.draw(st.integers(0, base_total))
    more = evidence(bad + 1, total, base_bad, base_total)
    assert more >= evidence(bad, total, base_bad, base_total) - 1e-6


@given(data=st.data(), total=st.integers(1, 50_000))
def test_a_stage_like_the_one_before_is_no_evidence(data, total):
    bad = data.draw(st.integers(0, total))
    assert evidence(bad, total, bad, total) <= 1e-6


def test_many_at_once_are_as_one_by_one():
    rng = np.random.default_rng(7)
    total, base_total = rng.integers(1, 5000, 20), rng.integers(1, 5000, 20)
    bad, base_bad = rng.binomial(total, 0.04), rng.binomial(base_total, 0.02)
    together = evidences(bad, total, base_bad, base_total)
    alone = [evidence(*map(int, row)) for row in zip(bad, total, base_bad, base_total, strict=True)]
    assert together == pytest.approx(alone)


@pytest.mark.parametrize("counts", [(1, 0, 0, 0), (-1, 5, 0, 5), (0, 5, 6, 5)])
def test_counts_that_cannot_be_are_refused(counts):
    with pytest.raises(ValueError, match="part cannot be greater"):
        evidence(*counts)


def test_nothing_counted_is_no_evidence():
    assert evidence(0, 0, 3, 100) == evidence(3, 100, 0, 0) == 0.0


def watched(rate: float, base: float, *, stages: int, takes: int, looks: int, seed: int) -> np.ndarray:
    """The greatest evidence of each stage over all looks; `takes` in each arm between two looks."""
    rng, most = np.random.default_rng(seed), np.zeros(stages)
    bad = base_bad = np.zeros(stages, int)
    for look in range(1, looks + 1):
        bad = bad + rng.binomial(takes, rate, stages)
        base_bad = base_bad + rng.binomial(takes, base, stages)
        counted = np.full(stages, look * takes)
        most = np.maximum(most, evidences(bad, counted, base_bad, counted))
    return most


def test_no_difference_is_seldom_called_one_however_often_one_looks():
    most = watched(0.02, 0.02, stages=150, takes=50, looks=80, seed=1)
    assert (most >= threshold(0.05)).mean() <= 0.05


def test_a_better_stage_is_never_called_worse():
    most = watched(0.01, 0.02, stages=100, takes=50, looks=60, seed=2)
    assert not (most >= threshold(0.05)).any()


def test_a_doubled_failure_rate_is_seen():
    most = watched(0.04, 0.02, stages=50, takes=50, looks=120, seed=3)
    assert (most >= threshold(0.05)).mean() > 0.9


def test_levels_are_shared_among_guardrails():
    assert sequential.share_of(5) == pytest.approx(0.01)
    assert sequential.share_of(0) == 0.05
    assert threshold(0.05) == pytest.approx(math.log(20))


# --- One look --------------------------------------------------------------------------------------------------------

BOUNDS = rules.Bounds(compares=True, alpha=0.05, limit_ppm=50_000, minimum_sample=50, failure_limit=2)
QUIET = Counts(1, 100)


def look(bounds=BOUNDS, stage=QUIET, before=QUIET, lately=QUIET, most_evidence=0.0, failing=0):
    return rules.look(bounds, stage=stage, before=before, lately=lately, most_evidence=most_evidence, failing=failing)


def test_a_quiet_stage_holds():
    assert look().verdict == rules.PASS


def test_a_stage_that_is_worse_fails_and_stays_failed():
    seen = look(stage=Counts(60, 600), before=Counts(6, 600), lately=QUIET)
    assert seen.verdict == rules.FAIL
    assert "worse than the stage before: 10 % against 1 %" in seen.why
    assert look(most_evidence=seen.most_evidence).verdict == rules.FAIL


def test_a_limit_fails_after_as_many_looks_as_it_says():
    over = Counts(6, 100)
    first = look(lately=over)
    assert (first.verdict, first.failing_in_a_row) == (rules.INCONCLUSIVE, 1)
    second = look(lately=over, failing=first.failing_in_a_row)
    assert second.verdict == rules.FAIL
    assert "at most 5 %" in second.why
    assert look(failing=1).failing_in_a_row == 0, "one look below it begins again"


@pytest.mark.parametrize(
    ("case", "words"),
    [
        ({"stage": Counts(0, 49)}, "49 counted of the 50"),
        ({"before": Counts(0, 10)}, "the stage before has 10"),
    ],
)
def test_too_little_data_is_inconclusive(case, words):
    seen = look(**case)
    assert seen.verdict == rules.INCONCLUSIVE
    assert words in seen.why


def test_the_first_stage_is_held_by_its_limit_alone():
    assert look(before=None).verdict == rules.PASS
    assert look(before=None, lately=Counts(9, 100), failing=1).verdict == rules.FAIL


def test_what_cannot_be_measured_is_inconclusive_and_forgets_nothing():
    seen = rules.unknown("gone", most_evidence=2.5, failing=1)
    assert (seen.verdict, seen.most_evidence, seen.failing_in_a_row) == (rules.INCONCLUSIVE, 2.5, 1)
