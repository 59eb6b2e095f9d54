"""Guardrails that look every minute for a month: how often they halt a stage that is no worse, how soon one that is.

    .venv/bin/python benchmarks/bench_guardrails.py [--stages 1000] [--others 300] [--large 200] [--days 30]

A simulation with a fixed seed and no database. Of takes that come in at random, 2 % fail in the stage before, and as
many or more in the stage that is watched. Our sequential test and a z-test that is simply repeated look at the same
counts at the same moments, each at 5 % to one side. The z-test waits for 50 takes in each arm, to its favour; ours
needs no least number. A test that is right halts at most 5 % of the stages that are no worse (×1) in all its looks
together. Ends with 1 where ours surely halts more: where the whole interval is above that.
"""

import argparse
import math
import os
import platform
import sys
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "platform")]

from access.guardrails import sequential  # noqa: E402

ALPHA, Z = 0.05, 1.6449  # one-sided; Z is the normal distribution's 95th percentile
RATE = 0.02
EFFECTS = (1.0, 1.1, 1.25, 1.5, 2.0, 3.0)
LEAST_FOR_Z = 50  # takes in each arm, as guardrails ask for by default
BLOCK = 60  # looks simulated at once; the result does not depend on it but for the random numbers
LIMIT = sequential.threshold(sequential.share_of(1, ALPHA))
MARGIN = 0.01  # `evidences` finds the least over all rates to well within this


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--stages", type=int, default=1000, help="stages that are no worse, at 1 take a minute")
    options.add_argument("--others", type=int, default=300, help="stages for every other effect")
    options.add_argument("--large", type=int, default=200, help="stages that are no worse, at 7000 takes a minute")
    options.add_argument("--days", type=int, default=30)
    options.add_argument("--history", type=int, default=0, help="days the stage before was counted beforehand")
    options.add_argument("--seed", type=int, default=20)
    chosen = options.parse_args()
    print(f"{os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}, Python {platform.python_version()}, ", end="")
    print(f"numpy {np.__version__}, seed {chosen.seed}")
    print(
        f"{RATE:.0%} fail in the stage before; a look every minute for {chosen.days} days or until both tests halted,"
    )
    print("none left out. Takes are the stage's own. Quantiles are over all stages: “never” is not within that time.")
    false = []
    for words, takes, of_no_effect in (
        ("1 take a minute in each arm: a few thousand seats", 1, chosen.stages),
        ("7 000 takes a minute in each arm: a million seats", 7000, chosen.large),
    ):
        false.append(table(words, takes, of_no_effect, chosen))
    print()
    for words, (halted, stages) in zip(("1 take a minute", "7 000 takes a minute"), false, strict=True):
        low, high = wilson(halted, stages)
        print(
            f"False halts at {words}: {halted} of {stages}, {halted / stages:.1%} "
            f"(95 % interval {low:.1%} … {high:.1%}); must be at most {ALPHA:.0%}"
        )
    if any(wilson(*one)[0] > ALPHA for one in false):
        raise SystemExit(1)


def table(words: str, takes: int, of_no_effect: int, chosen: argparse.Namespace) -> tuple[int, int]:
    """Print one table. How many of the stages without a regression our test halted, and how many there were."""
    print(f"\n{words}\n")
    print(f"{'':16}|{'sequential':^58}|{'z-test, repeated':^26}|")
    heads = f"{'halted':>8} {'takes p50':>12} {'p90':>12} {'hours p50':>11} {'p90':>9}  "
    print(f"{'effect':>7} {'stages':>7} |{heads}|{'halted':>8} {'hours p50':>10} {'p90':>6} |{'took':>7}", flush=True)
    false = (0, 0)
    for number, effect in enumerate(EFFECTS):
        stages = of_no_effect if effect == 1 else chosen.others
        rng = np.random.default_rng([chosen.seed, takes, number])
        began = time.perf_counter()
        (ours, counted), (naive, _) = watch(
            effect, stages=stages, takes=takes, looks=chosen.days * 1440, history=chosen.history * 1440, rng=rng
        )
        took = time.perf_counter() - began
        if effect == 1:
            false = int(np.isfinite(ours).sum()), stages
        print(
            f"{f'×{effect:g}':>7} {stages:>7} |{np.isfinite(ours).mean():>8.1%} {quantile(counted, 0.5, ',.0f'):>12} "
            f"{quantile(counted, 0.9, ',.0f'):>12} {quantile(ours / 60, 0.5):>11} {quantile(ours / 60, 0.9):>9}  |"
            f"{np.isfinite(naive).mean():>8.1%} {quantile(naive / 60, 0.5):>10} {quantile(naive / 60, 0.9):>6} |"
            f"{took:>5.0f} s",
            flush=True,
        )
    return false


Found = tuple[np.ndarray, np.ndarray]


def watch(
    effect: float, *, stages: int, takes: int, looks: int, history: int, rng: np.random.Generator
) -> tuple[Found, Found]:
    """For our test and for the z-test, of shape (stages,): the minute of the halt, and the takes the stage had by then.
    Both are infinite where there was none. A stage is followed until both have halted it."""
    tests = (first_of_ours, first_of_z)
    minute, counted = np.full((2, stages), np.inf), np.full((2, stages), np.inf)
    # Rows: failed and succeeded in the stage, failed and succeeded in the one before. Arrivals are Poisson, so what
    # fails and what succeeds are independent Poisson counts.
    means = takes * np.array([RATE * effect, 1 - RATE * effect, RATE, 1 - RATE])
    counts = np.zeros((4, stages), int)
    counts[2:] = rng.poisson(history * means[2:, None], (2, stages))
    followed = np.arange(stages)
    for start in range(0, looks, BLOCK):
        shape = (4, len(followed), min(BLOCK, looks - start))
        seen = counts[:, followed, None] + rng.poisson(means[:, None, None], shape).cumsum(axis=2)
        counts[:, followed] = seen[..., -1]
        for test, first in enumerate(tests):
            watched = np.flatnonzero(np.isinf(minute[test, followed]))
            look = first(seen[:, watched])
            halted = look >= 0
            which = followed[watched[halted]]
            minute[test, which] = start + look[halted] + 1
            counted[test, which] = seen[:2, watched[halted], look[halted]].sum(axis=0)
        followed = followed[np.isinf(minute[:, followed]).any(axis=0)]
        if not len(followed):
            break
    return (minute[0], counted[0]), (minute[1], counted[1])


def first_of_ours(seen: np.ndarray) -> np.ndarray:
    """The first look, of counts (4, stages, looks), at which each stage is halted; -1 where none is.

    `evidences` is the least of a product over all common rates, so the product at any one rate is an upper bound of
    it. Where that bound stays below the limit the look cannot halt, and only the others are computed in full: every
    look is judged as `evidences` judges it, and most at a small part of the cost.
    """
    open_looks = bound(seen) >= LIMIT - MARGIN
    found = np.full(seen.shape[1], -1)
    while len(stages := np.flatnonzero(open_looks.any(axis=1))):
        looks = open_looks[stages].argmax(axis=1)
        bad, good, base_bad, base_good = seen[:, stages, looks]
        halted = sequential.evidences(bad, bad + good, base_bad, base_bad + base_good) >= LIMIT
        found[stages[halted]] = looks[halted]
        open_looks[stages, looks] = False
        open_looks[stages[halted]] = False
    return found


def bound(seen: np.ndarray) -> np.ndarray:
    """At least the evidence at every look, (stages, looks): the product at the rate that both arms together have at the
    block's end. Which rate is chosen decides how near the bound is, not whether it is one."""
    last = seen[..., -1]
    rate = (last[0] + last[2] + 0.5) / (last.sum(axis=0) + 1)
    return bet(rate, seen[0], seen[1], sequential.FACTORS) + bet(rate, seen[2], seen[3], 1 / sequential.FACTORS)


def bet(rate: np.ndarray, bad: np.ndarray, good: np.ndarray, factors: np.ndarray) -> np.ndarray:
    """The log of the mean likelihood ratio of rate·factor against `rate`, one for each stage, at every look."""
    other = rate[:, None] * factors
    placed = other < 1
    gain = np.where(placed, np.log1p(-np.where(placed, other, 0.5)) - np.log1p(-rate)[:, None], 0.0)
    weight = np.where(placed, np.log(factors), 0.0)
    ratio = bad[..., None] * weight[:, None] + good[..., None] * gain[:, None]
    top = ratio.max(axis=2)
    ratio -= top[..., None]
    return top + np.log(np.exp(ratio, out=ratio).mean(axis=2))


def first_of_z(seen: np.ndarray) -> np.ndarray:
    """The same for a two-proportion z-test with a pooled rate, asked anew at every look as if it were the only one."""
    bad, good, base_bad, base_good = seen
    total, base_total = bad + good, base_bad + base_good
    enough = (total >= LEAST_FOR_Z) & (base_total >= LEAST_FOR_Z)
    n, m = np.maximum(total, 1), np.maximum(base_total, 1)
    pooled = (bad + base_bad) / (n + m)
    spread = np.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))
    beyond = enough & (bad / n - base_bad / m > Z * spread)
    return np.where(beyond.any(axis=1), beyond.argmax(axis=1), -1)


def quantile(values: np.ndarray, share: float, form: str = ".2f") -> str:
    value = float(np.quantile(values, share, method="inverted_cdf"))
    return format(value, form) if math.isfinite(value) else "never"


def wilson(found: int, of: int) -> tuple[float, float]:
    """The 95 % interval of a share."""
    z, share = 1.96, found / of
    centre, reach = share + z * z / (2 * of), z * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    return max(0.0, centre - reach) / (1 + z * z / of), (centre + reach) / (1 + z * z / of)


if __name__ == "__main__":
    main()
