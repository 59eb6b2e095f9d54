"""The wait that a stage would bring, reckoned before it opens; and how readings are drawn and told."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access.rollouts.charts import HEIGHT, WIDTH, chart
from access.rollouts.forecast import Demand, forecast, workers_needed
from access.rollouts.sentences import sentence

demands = st.builds(Demand, st.floats(0.01, 5000), st.floats(0.1, 600), st.floats(0, 4))


def test_one_worker_with_exponential_times_waits_as_the_textbook_says():
    # M/M/1, ρ = 0.5: everybody waits with probability 0.5, on average ρS / (1 - ρ).
    found = forecast(Demand(per_hour=180, seconds=10), 1)
    assert found.busy == pytest.approx(0.5)
    assert found.mean == pytest.approx(10.0)
    assert found.p95 == pytest.approx(20 * math.log(0.5 / 0.05))


def test_constant_times_halve_the_wait():
    assert forecast(Demand(180, 10, scv=0), 1).mean == pytest.approx(5.0)


def test_erlang_c_of_a_published_example():
    # Two workers offered one erlang: C = 1/3.
    assert forecast(Demand(3600, 1), 2).mean == pytest.approx(1 / 3)


def test_more_than_there_is_only_grows():
    found = forecast(Demand(3600, 2), 2)
    assert found.grows
    assert found.busy == 1.0
    assert forecast(Demand(1, 1), 0).grows


def test_nothing_asked_waits_for_nothing():
    assert forecast(Demand(0, 10), 0).p95 == 0.0


def test_a_negative_demand_is_refused():
    with pytest.raises(ValueError, match="not negative"):
        forecast(Demand(-1, 1), 1)


@given(demands, st.integers(1, 400))
def test_another_worker_never_lengthens_the_wait(demand, workers):
    fewer, more = forecast(demand, workers), forecast(demand, workers + 1)
    assert more.mean <= fewer.mean + 1e-9
    assert more.p95 <= fewer.p95 + 1e-9


@given(demands, st.floats(1, 600))
def test_the_workers_needed_are_the_fewest_that_do(demand, limit):
    needed = workers_needed(demand, limit)
    assert forecast(demand, needed).p95 <= limit
    assert needed == 1 or forecast(demand, needed - 1).p95 > limit


@given(st.lists(st.floats(0, 1), max_size=60), st.none() | st.floats(0, 1), st.none() | st.floats(0, 1))
def test_a_chart_stays_in_its_box(shares, limit, before):
    drawn = chart(shares, limit=limit, before=before)
    points = [float(number) for number in drawn.line.replace("M", "").replace("L", "").split()]
    assert all(0 <= x <= WIDTH for x in points[::2])
    assert all(0 <= y <= HEIGHT for y in [*points[1::2], drawn.limit or 0, drawn.before or 0])
    assert bool(drawn.line) == bool(shares)


@pytest.mark.parametrize(
    ("action", "facts", "said"),
    [
        (
            "halted",
            {"stage": 3, "ppm": 400_000, "reason": "harm reports 1.9 per 1 000", "work": "finish"},
            "Halted stage 3 at 40 %: harm reports 1.9 per 1 000. What was accepted finishes.",
        ),
        (
            "rolled_back",
            {"to": 0, "work": "stop"},
            "Rolled back to before its first stage. What waited or ran was stopped.",
        ),
        ("widened", {"stage": 3, "before": 200_000, "ppm": 605_000}, "Widened stage 3 from 20 % to 60.5 %"),
        ("something_new", {}, "Something new"),
    ],
)  # fmt: skip
def test_what_happened_is_said_in_a_sentence(action, facts, said):
    assert sentence(action, facts) == said
