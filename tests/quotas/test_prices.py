from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quotas.prices import explain, price

rates, lengths = st.integers(0, 500), st.integers(1, 2000)
speeds = st.fractions(min_value=Fraction(1, 2), max_value=120, max_denominator=1001)


@given(rates, lengths, speeds)
def test_a_price_is_whole_covers_the_clip_and_is_never_a_credit_too_much(rate, frames, fps):
    exact = rate * frames / fps
    assert isinstance(price(rate=rate, frames=frames, fps=fps), int)
    assert max(1, exact) <= price(rate=rate, frames=frames, fps=fps) < max(1, exact + 1) + (exact < 1)


@given(rates, lengths, speeds)
def test_a_longer_clip_never_costs_less(rate, frames, fps):
    assert price(rate=rate, frames=frames + 1, fps=fps) >= price(rate=rate, frames=frames, fps=fps)


def test_a_third_of_a_frame_rate_loses_no_credit():
    # 1000 frames at 24000/1001 a second, 24 credits each: 1001 exactly, where floating point may say a little more.
    assert price(rate=24, frames=1000, fps=Fraction(24000, 1001)) == 1001
    assert price(rate=3, frames=8, fps=Fraction(8)) == 3


@pytest.mark.parametrize("bad", [{"rate": -1}, {"frames": 0}, {"fps": 0}, {"fps": -8}])
def test_a_clip_that_cannot_be_has_no_price(bad):
    with pytest.raises(ValueError, match="No price"):
        price(**{"rate": 1, "frames": 17, "fps": 8} | bad)


def test_the_sum_can_be_followed():
    assert explain(rate=4, frames=17, fps=8) == "4 credits a second × 2.12 s, rounded up: 9 credits"
    assert explain(rate=1, frames=8, fps=8) == "1 credit a second × 1 s: 1 credit"
