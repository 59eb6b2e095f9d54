from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quotas.burning import Lot, TooLittle, burn, in_order, split

NOW = datetime(2026, 11, 3, tzinfo=UTC)
moments = st.none() | st.integers(-3, 10).map(lambda days: NOW + timedelta(days=days))
lots_of_any_kind = st.lists(
    st.builds(Lot, st.integers(1, 999), st.sampled_from([10, 50, 100]), moments, st.integers(0, 50)),
    unique_by=lambda lot: lot.id,
    max_size=8,
)


def alive(lot: Lot) -> bool:
    return lot.expires_at is None or lot.expires_at > NOW


def free(lots: list[Lot]) -> int:
    return sum(lot.remaining for lot in lots if alive(lot))


@given(lots_of_any_kind, st.integers(0, 200))
def test_it_takes_exactly_what_was_asked_or_nothing(lots, amount):
    if amount > free(lots):
        with pytest.raises(TooLittle):
            burn(lots, amount, NOW)
    else:
        assert sum(part for _, part in burn(lots, amount, NOW)) == amount


@given(lots_of_any_kind, st.data())
def test_it_takes_from_living_lots_no_more_than_is_there(lots, data):
    by_id = {lot.id: lot for lot in lots}
    for lot_id, part in burn(lots, data.draw(st.integers(0, free(lots))), NOW):
        assert alive(by_id[lot_id])
        assert 0 < part <= by_id[lot_id].remaining


@given(lots_of_any_kind, st.data())
def test_a_lot_pays_only_once_every_lot_before_it_is_empty(lots, data):
    taken = burn(lots, data.draw(st.integers(0, free(lots))), NOW)
    order = [lot for lot in in_order(lots) if alive(lot) and lot.remaining]
    assert [lot_id for lot_id, _ in taken] == [lot.id for lot in order[: len(taken)]]
    assert all(part == lot.remaining for (_, part), lot in zip(taken[:-1], order, strict=False))


@given(lots_of_any_kind, st.data())
def test_the_order_the_lots_come_in_makes_no_difference(lots, data):
    amount = data.draw(st.integers(0, free(lots)))
    assert burn(lots, amount, NOW) == burn(data.draw(st.permutations(lots)), amount, NOW)


def test_priority_goes_before_expiry_and_expiry_before_age():
    soon, later = NOW + timedelta(days=1), NOW + timedelta(days=9)
    bought, monthly = Lot(1, 100, soon, 5), Lot(2, 50, later, 5)
    old, young, forever = Lot(3, 100, later, 5), Lot(4, 100, later, 5), Lot(5, 100, None, 5)
    assert in_order([forever, young, old, bought, monthly]) == [monthly, bought, old, young, forever]


def test_a_lot_that_ends_this_very_moment_is_over():
    with pytest.raises(TooLittle):
        burn([Lot(1, 100, NOW, 5)], 1, NOW)


@given(st.lists(st.integers(1, 50), max_size=6), st.data())
def test_a_settle_spends_the_first_parts_first(parts, data):
    settled = data.draw(st.integers(0, sum(parts)))
    spent = split(parts, settled)
    assert sum(spent) == settled
    assert all(0 <= used <= part for used, part in zip(spent, parts, strict=True))
    whole = [used == part for used, part in zip(spent, parts, strict=True)]
    touched = [used > 0 for used in spent]
    assert all(full or not any(touched[index + 1 :]) for index, full in enumerate(whole))
