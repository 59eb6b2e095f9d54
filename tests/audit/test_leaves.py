import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.leaves import NotCanonical, canonical, commitment, leaf_hash, new_salt

words = st.text(st.characters(exclude_categories=["Cs"]))
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | words,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=4),
    max_leaves=20,
)
facts = st.dictionaries(words, values, max_size=6)


@given(facts)
def test_canonical_text_means_what_was_given_and_is_a_fixed_point(content):
    text = canonical(content)
    assert json.loads(text) == content
    assert canonical(json.loads(text)) == text


@given(facts)
def test_the_order_of_keys_makes_no_difference(content):
    assert canonical(dict(reversed(content.items()))) == canonical(content)


def test_canonical_text_sorts_keys_by_utf16_as_rfc_8785_says():
    # U+1F600 sorts before U+FB33 in UTF-16 (0xD83D < 0xFB33) though not by code point: the RFC's own trap.
    assert canonical({"\ufb33": 1, "\U0001f600": 2, "b": [True, None], "a": "é\n"}) == (
        '{"a":"é\\n","b":[true,null],"\U0001f600":2,"\ufb33":1}'
    )


@pytest.mark.parametrize("bad", [{"n": 2**53}, {"n": float("nan")}, {"s": "\ud800"}, {1: 2}, {"x": object()}])
def test_what_json_cannot_carry_exactly_is_refused_with_advice(bad):
    with pytest.raises(NotCanonical, match="write larger numbers, dates and ids as text"):
        canonical(bad)


def test_the_leaf_is_that_of_rfc_6962():
    assert leaf_hash("") == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert leaf_hash("L123456") == hashlib.sha256(b"\x00L123456").hexdigest()


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_the_same_value_commits_differently_each_time(value):
    first, second = new_salt(), new_salt()
    assert commitment(first, value) != commitment(second, value)
    assert commitment(first, value) == hashlib.sha256(first + value.encode()).hexdigest()
