"""Is a proportion worse in this stage than in the one before? Asked every minute, without crying wolf.

A test at 5 % that is repeated until it fires does so in the end, whatever is true. Here the answer is an e-value that
is valid at every moment at once: if the stage is no worse, the chance that it ever exceeds 1/α, over any number of
looks, is at most α (Ville's inequality; see Ramdas, Grünwald, Vovk, Shafer, "Game-theoretic statistics and safe
anytime-valid inference", Statistical Science 38, 2023).

For a common rate p, let each arm bet against it: the stage that its rate is p times some factor above 1, the stage
before that its own is p divided by one. Each bet is a likelihood ratio, mixed over the factors; under "the stage is no
worse" there is a p between the two rates for which neither can expect to win, so the product for that p is an
e-process. Nobody knows that p, so the least product over all p is taken: it is never above the one that counts.
"""

import math

import numpy as np

# How much worse, as factors of the rate, with equal weights: from a twelfth more to twelve times.
FACTORS = np.array([1.08, 1.15, 1.25, 1.4, 1.6, 1.85, 2.2, 2.7, 3.5, 5.0, 8.0, 12.0])
FARTHEST = 16.0  # log odds to either side of even: rates from one in nine million
COARSE, FINE, ROUNDS = 121, 17, 4  # common rates tried: first everywhere, then ever closer to the least

# Where one of the bets on the stage is no longer placed the product leaps, so both sides of each leap are tried.
_LEAPS = -np.log(FACTORS - 1)
_EVERYWHERE = np.sort(np.concatenate([np.linspace(-FARTHEST, FARTHEST, COARSE), _LEAPS - 1e-6, _LEAPS + 1e-6]))


def evidence(bad: int, total: int, base_bad: int, base_total: int) -> float:
    """The natural logarithm of the e-value against "the stage is no worse than the one before".

    `bad` of `total` in the stage, `base_bad` of `base_total` before it; cumulative since the stage opened. 0.0 where
    either has no data. Raises ValueError for counts that cannot be.
    """
    if not (0 <= bad <= total and 0 <= base_bad <= base_total):
        raise ValueError("A part cannot be greater than the whole, or less than nothing.")
    return float(evidences(*(np.array([count]) for count in (bad, total, base_bad, base_total)))[0])


def evidences(bad: np.ndarray, total: np.ndarray, base_bad: np.ndarray, base_total: np.ndarray) -> np.ndarray:
    """`evidence` for many stages at once: four arrays of shape (n,), one of the same shape back."""

    def at(odds: np.ndarray) -> np.ndarray:
        return _bet(odds, bad, total, FACTORS) + _bet(odds, base_bad, base_total, 1 / FACTORS)

    step = 2 * FARTHEST / (COARSE - 1)
    odds = np.tile(_EVERYWHERE, (len(total), 1))
    values = at(odds)
    least = values.min(axis=1)
    for _ in range(ROUNDS):
        centre = np.take_along_axis(odds, values.argmin(axis=1)[:, None], axis=1)
        odds = centre + np.linspace(-step, step, FINE)[None, :]
        step *= 2 / (FINE - 1)
        values = at(odds)
        least = np.minimum(least, values.min(axis=1))
    return np.where((total > 0) & (base_total > 0), least, 0.0)


def threshold(alpha: float) -> float:
    """What `evidence` must reach to reject at level `alpha`."""
    return -math.log(alpha)


def share_of(count: int, alpha: float = 0.05) -> float:
    """The level of each of `count` guardrails that together may cry wolf with a chance of `alpha` (Bonferroni)."""
    return alpha / max(count, 1)


def _bet(odds: np.ndarray, bad: np.ndarray, total: np.ndarray, factors: np.ndarray) -> np.ndarray:
    """The log of the mean likelihood ratio of rate·factor against the rate whose log odds are `odds`, (n, rates).

    A bet on more than certainty is not placed, and its stake kept.
    """
    rate = 1 / (1 + np.exp(-odds))
    other = rate[..., None] * factors
    possible = other < 1
    gain = np.log1p(-np.where(possible, other, 0.5)) - np.log1p(-rate)[..., None]
    ratio = bad[:, None, None] * np.log(factors) + (total - bad)[:, None, None] * gain
    ratio = np.where(possible, ratio, 0.0)
    top = ratio.max(axis=2)
    return top + np.log(np.exp(ratio - top[..., None]).mean(axis=2))
