"""The fair order: shares follow weights, nobody waits behind another's long queue, nobody saves up by waiting."""

import heapq
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generation import actions, order, queue
from generation.models import Job

LANES = st.lists(st.integers(1, 8), min_size=2, max_size=5)


@dataclass
class Shop:
    """The queue as arithmetic alone: one list of (rank, order of arrival, lane, cost)."""

    weights: list[int]
    reached: int = 0
    waiting: list[tuple[int, int, int, int]] = field(default_factory=list)
    arrived: int = 0

    def enqueue(self, lane: int, cost: int) -> None:
        last = max((rank for rank, _, owner, _ in self.waiting if owner == lane), default=None)
        rank = order.rank(reached=self.reached, last=last, estimate=cost, weight=self.weights[lane])
        self.arrived += 1
        heapq.heappush(self.waiting, (rank, self.arrived, lane, cost))

    def serve(self) -> tuple[int, int]:
        rank, _, lane, cost = heapq.heappop(self.waiting)
        self.reached = max(self.reached, rank)
        return lane, cost


@settings(max_examples=60, deadline=None)
@given(weights=LANES, data=st.data())
def test_lanes_that_always_have_work_are_served_in_proportion_to_their_weights(weights, data):
    shop = Shop(weights)
    costs = st.integers(1, 9)
    for lane in range(len(weights)):
        for _ in range(3):
            shop.enqueue(lane, data.draw(costs))
    served = [0] * len(weights)
    for _ in range(150):
        lane, cost = shop.serve()
        served[lane] += cost
        shop.enqueue(lane, 1 + (7 * served[lane] + lane) % 9)
        shares = [done / weight for done, weight in zip(served, weights, strict=True)]
        # Self-clocked fair queueing (Golestani 1994): two lanes never drift apart by more than a largest job of each.
        for one in range(len(weights)):
            for other in range(len(weights)):
                assert shares[one] - shares[other] <= 9.1 / weights[one] + 9.1 / weights[other]


@given(backlog=st.integers(1, 200), cost=st.integers(1, 50))
def test_a_lane_that_comes_late_does_not_wait_behind_anothers_backlog(backlog, cost):
    shop = Shop([1, 1])
    for _ in range(backlog):
        shop.enqueue(0, cost)
    shop.serve()
    shop.enqueue(1, cost)
    assert 1 in [shop.serve()[0] for _ in range(min(2, len(shop.waiting)))]


@given(idle=st.integers(1, 200))
def test_a_lane_that_waited_gains_nothing_by_it(idle):
    shop = Shop([1, 1])
    for _ in range(idle):
        shop.enqueue(0, 5)
        shop.serve()
    for _ in range(6):
        shop.enqueue(0, 5)
        shop.enqueue(1, 5)
    assert sorted(shop.serve()[0] for _ in range(4)) == [0, 0, 1, 1]


@given(
    reached=st.integers(0, 2**50),
    last=st.none() | st.integers(0, 2**50),
    estimate=st.integers(-5, 10**9),
    weight=st.integers(-5, 10**6),
)
def test_a_rank_always_moves_on_and_fits_its_column(reached, last, estimate, weight):
    given_rank = order.rank(reached=reached, last=last, estimate=estimate, weight=weight)
    assert max(reached, last or 0) < given_rank < 2**63


@pytest.mark.django_db
def test_jobs_are_claimed_in_fair_order(put, worker_row):
    for _ in range(6):
        put("busy")
    for _ in range(2):
        put("quiet")
    heavy = [put("heavy", weight=2) for _ in range(4)]
    claimed = [queue.claim(worker_row).job for _ in range(8)]
    assert [job.lane_id for job in claimed].count("quiet") == 2
    assert set(heavy) < set(claimed)


@pytest.mark.django_db
def test_within_a_lane_jobs_keep_their_order(put, worker_row):
    jobs = [put("a", estimate=estimate) for estimate in (5, 1, 3)]
    assert [queue.claim(worker_row).job for _ in jobs] == jobs


@pytest.mark.django_db
def test_a_lane_does_not_pay_for_what_it_cancelled(put):
    other = [put("other") for _ in range(3)]
    for job in [put("fickle") for _ in range(10)]:
        actions.cancel(job.pk)
    assert put("fickle").rank == other[0].rank


@pytest.mark.django_db
def test_a_retried_job_is_next_again(put, worker_row):
    first = put("a")
    put("b"), put("a")
    queue.fail(queue.claim(worker_row), "x", "y", retry=True)
    assert queue.claim(worker_row).job == first
    assert Job.objects.get(pk=first.pk).rank == first.rank
