"""From a tier and its exceptions to what a seat may do: held against every combination, not a few."""

from dataclasses import fields
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from access.rules import ACTS, OVERRIDABLE, Entitlements, OverrideValue, TierLimits, resolve

NOW = datetime(2026, 11, 3, tzinfo=UTC)
roles = st.sampled_from(sorted(ACTS))
small = st.integers(1, 99)
values = {
    "models": st.lists(st.sampled_from(["starter-1", "wan", "*"]), max_size=2),
    "references": st.booleans(),
    "api": st.booleans(),
    "daily_takes": st.none() | small,
}
tiers = st.builds(
    TierLimits,
    name=st.just("Studio"),
    models=st.just(frozenset({"starter-1"})),
    references=st.booleans(),
    api=st.booleans(),
    daily_takes=st.none() | small,
    **dict.fromkeys(["max_pixels", "max_seconds", "concurrency", "queue_weight"], small),
)
hours = st.integers(-48, 48).map(lambda hours: NOW + timedelta(hours=hours))


@st.composite
def overrides(draw):
    name = draw(st.sampled_from(sorted(OVERRIDABLE)))
    begins = draw(hours)
    ends = begins + timedelta(hours=draw(st.integers(0, 72)))
    return OverrideValue(name, draw(values.get(name, small)), draw(st.booleans()), begins, ends)


exceptions = st.lists(overrides(), max_size=6, unique_by=lambda one: one.created_at)


def seat(tier, exceptions=(), role="artist", **state) -> Entitlements:
    state = {"seat_suspended": False, "studio_suspended": False, "now": NOW} | state
    return resolve(tier=tier, overrides=exceptions, role=role, **state)


def limits(of: Entitlements | TierLimits) -> dict:
    return {name: getattr(of, name) for name in OVERRIDABLE}


def test_every_limit_of_a_tier_can_be_overridden_and_nothing_else():
    assert {field.name for field in fields(TierLimits)} - {"name"} == set(OVERRIDABLE)


@given(tiers, exceptions, roles, st.sampled_from(["seat_suspended", "seat_ended", "studio_suspended", "no tier"]))
def test_whoever_is_shut_out_may_do_nothing_and_reads_why(tier, exceptions, role, how):
    shut = seat(None, exceptions, role) if how == "no tier" else seat(tier, exceptions, role, **{how: True})
    assert not shut.active
    assert shut.why.endswith(".")
    assert not shut.acts
    assert not shut.allows_model("starter-1")
    assert (shut.max_pixels, shut.max_seconds, shut.concurrency, shut.daily_takes) == (0, 0, 0, 0)
    assert (shut.api, shut.references) == (False, False)


@given(tiers, exceptions, roles)
def test_an_override_never_outlives_its_end_nor_comes_before_its_start(tier, exceptions, role):
    assume(all(not one.created_at <= NOW < one.ends_at for one in exceptions))
    assert seat(tier, exceptions, role) == seat(tier, (), role)


@given(tiers, exceptions, roles)
def test_an_override_in_force_is_the_seats_own_before_the_studios_and_the_newest_before_older(tier, exceptions, role):
    found = limits(seat(tier, exceptions, role="owner"))
    for name, value in found.items():
        chain = [one for one in exceptions if one.field == name and one.created_at <= NOW < one.ends_at]
        if chain:
            own = [one for one in chain if one.of_seat] or chain
            expected = max(own, key=lambda one: one.created_at).value
            assert value == (frozenset(expected) if name == "models" else expected)
        else:
            assert value == getattr(tier, name)


@given(tiers, exceptions)
def test_a_guest_only_looks_whatever_the_overrides_say(tier, exceptions):
    guest = seat(tier, exceptions, "guest")
    assert guest.acts == {"view"}
    assert not guest.api


@given(tiers, exceptions, roles)
def test_keys_exist_only_where_the_api_is_open(tier, exceptions, role):
    found = seat(tier, exceptions, role)
    assert not found.may("manage_keys") or found.api


@given(tiers, exceptions, st.permutations(range(6)))
def test_the_order_overrides_come_in_makes_no_difference(tier, exceptions, order):
    shuffled = [exceptions[index] for index in order if index < len(exceptions)]
    assert seat(tier, exceptions) == seat(tier, shuffled)


@given(tiers, st.text(max_size=8))
def test_a_role_nobody_knows_may_do_nothing(tier, role):
    assume(role not in ACTS)
    assert seat(tier, (), role).acts == frozenset()


def test_each_role_may_do_what_the_ones_below_it_may():
    ladder = [ACTS[role] for role in ("guest", "artist", "producer", "owner")]
    assert all(lower < higher for lower, higher in pairwise(ladder))


def test_a_star_stands_for_every_model():
    everything = Entitlements(active=True, why="", tier="Lab", models=frozenset({"*"}))
    assert everything.allows_model("anything at all")


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("models", [["wan"], ["*"], []], ["wan", [1], None, [""]]),
        ("max_pixels", [1, 10**6], [0, -1, 1.5, True, "9", None, 10**10]),
        ("daily_takes", [None, 5], [0, -1, False, "5"]),
        ("api", [True, False], [1, None, "yes"]),
    ],
)
def test_an_overrides_value_is_of_its_fields_kind(name, good, bad):
    fits, words = OVERRIDABLE[name]
    assert all(fits(value) for value in good)
    assert not any(fits(value) for value in bad)
    assert words
