"""The fair order across lanes, as arithmetic.

Each job gets a rank when it is enqueued: the moment, on a clock of work instead of seconds, at which it would be
finished if every lane with work were served at once, each in proportion to its weight (self-clocked fair queueing).
Rendering the lowest rank first then gives every lane its share, without looking at lanes when claiming.
"""

SCALE = 10_000  # keeps the quotient of small estimates and large weights apart in whole numbers
MAX_WEIGHT = 1_000


def rank(*, reached: int, last: int | None, estimate: int, weight: int) -> int:
    """The rank of a lane's next job.

    `reached` is the highest rank that was ever begun; a lane that was idle joins there, and gains nothing by having
    waited. `last` is the rank of the lane's last unfinished job, if it has one. `estimate` is the job's cost in any
    unit, the same for all lanes. `weight` is the lane's share, 1 … MAX_WEIGHT.
    """
    start = reached if last is None else max(reached, last)
    return start + max(1, max(1, estimate) * SCALE // min(max(1, weight), MAX_WEIGHT))
