"""What a stage will ask of the machines, said before it opens. Pure.

Takes come at random, times of a render vary, a number of workers serve one queue: M/G/c. The chance to wait is Erlang's
C; the mean wait is that of M/M/c scaled by (1 + squared coefficient of variation) / 2 (Allen and Cunneen; see Bolch,
Greiner, de Meer, Trivedi, "Queueing Networks and Markov Chains", 6.1.3), and the wait of those who wait is taken as
exponential. A forecast, not a promise: it says whether one worker more or ten are needed.
"""

import math
from dataclasses import dataclass

MOST_WORKERS = 100_000


@dataclass(frozen=True)
class Demand:
    """`per_hour` takes come in all, each renders `seconds` with squared coefficient of variation `scv`."""

    per_hour: float
    seconds: float
    scv: float = 1.0

    @property
    def offered(self) -> float:
        """Workers that would be busy if nobody ever waited (erlangs)."""
        return self.per_hour / 3600 * self.seconds


@dataclass(frozen=True)
class Forecast:
    """`mean` and `p95` are seconds of waiting; infinite where the queue would only grow. `busy` is a share of 1."""

    workers: int
    busy: float
    mean: float
    p95: float

    @property
    def grows(self) -> bool:
        return math.isinf(self.mean)


def forecast(demand: Demand, workers: int) -> Forecast:
    """The wait with this many workers. Raises ValueError for a negative demand."""
    if demand.per_hour < 0 or demand.seconds < 0 or demand.scv < 0:
        raise ValueError("A demand is not negative.")
    if not demand.offered:
        return Forecast(workers, 0.0, 0.0, 0.0)
    if workers <= 0 or demand.offered >= workers:
        return Forecast(workers, 1.0, math.inf, math.inf)
    waits = _erlang_c(demand.offered, workers)
    busy = demand.offered / workers
    # How long somebody waits who waits at all.
    wait = demand.seconds * (1 + demand.scv) / 2 / (workers * (1 - busy))
    return Forecast(workers, busy, waits * wait, wait * math.log(waits / 0.05) if waits > 0.05 else 0.0)


def workers_needed(demand: Demand, p95: float) -> int:
    """The fewest workers with which 95 of 100 takes wait at most `p95` seconds; at most MOST_WORKERS."""
    low = math.floor(demand.offered) + 1
    high = low
    while forecast(demand, high).p95 > p95 and high < MOST_WORKERS:
        low, high = high + 1, min(2 * high, MOST_WORKERS)
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if forecast(demand, middle).p95 <= p95 else (middle + 1, high)
    return high


def _erlang_c(offered: float, workers: int) -> float:
    blocked = 1.0
    for number in range(1, workers + 1):
        blocked = offered * blocked / (number + offered * blocked)
    return blocked / (1 - offered / workers * (1 - blocked))
