"""What a clip costs. Pure: whole credits, rounded up, never less than one."""

from fractions import Fraction
from math import ceil


def price(*, rate: int, frames: int, fps: Fraction | int) -> int:
    """Credits for `frames` frames shown at `fps` frames a second, where one second costs `rate` credits."""
    if rate < 0 or frames < 1 or fps <= 0:
        raise ValueError(f"No price for rate {rate}, {frames} frames at {fps} a second: each must be above zero.")
    return max(1, ceil(Fraction(rate) * frames / Fraction(fps)))


def explain(*, rate: int, frames: int, fps: Fraction | int) -> str:
    """The price as a sum that people can follow: "4 credits a second × 2.13 s, rounded up: 9 credits"."""
    exact = Fraction(rate) * frames / Fraction(fps)
    total = price(rate=rate, frames=frames, fps=fps)
    seconds = f"{float(Fraction(frames) / Fraction(fps)):.2f}".rstrip("0").rstrip(".")
    rounded = "" if exact == total else ", rounded up"
    return f"{_credits(rate)} a second × {seconds} s{rounded}: {_credits(total)}"


def _credits(amount: int) -> str:
    return f"{amount} credit" if amount == 1 else f"{amount} credits"
