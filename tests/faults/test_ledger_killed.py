"""kill -9 before every single statement of every verb: all of it happened or nothing, and trying again completes it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from audit.actions import Actor
from audit.models import Record
from quotas import actions, queries
from quotas.models import Account, Entry, Grant, Hold, HoldPart
from tests.factories import make_studio
from tests.faults.ledger_processes import killed_before_statement

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]
HOUSE = Actor.house("tests")
LATER = timezone.now() + timedelta(days=2)


@pytest.fixture
def studio():
    """Two lots, one of which ends soon; a hold over both."""
    made = make_studio(credits=0)
    actions.grant(
        studio=made,
        amount=30,
        key="soon",
        source="goodwill",
        expires_at=LATER - timedelta(days=1),
        actor=HOUSE,
    )
    actions.grant(studio=made, amount=100, key="lasting", source="goodwill", actor=HOUSE)
    actions.hold(studio=made, amount=50, key="running", expires_at=LATER)
    return made


def everything() -> dict[str, list]:
    return {
        model.__name__: list(model.objects.order_by("id").values())
        for model in (Account, Grant, Hold, HoldPart, Entry, Record)
    }


VERBS = {
    "grant": lambda studio: actions.grant(studio=studio, amount=9, key="more", source="reward", actor=HOUSE),
    "hold": lambda studio: actions.hold(studio=studio, amount=60, key="next"),
    "settle": lambda _: actions.settle(key="running", amount=40),
    "settle of a lapsed lot": lambda _: actions.settle(key="running", amount=10, now=LATER),
    "release": lambda _: actions.release(key="running", reason="killed"),
    "expire": lambda _: actions.expire(LATER),
}


@pytest.mark.parametrize("name", VERBS)
def test_a_verb_killed_anywhere_happened_wholly_or_not_at_all(studio, name):
    before, statement = everything(), 1
    while killed_before_statement(statement, lambda: VERBS[name](studio)):
        assert everything() == before
        statement += 1
    assert statement > 5, "the child was never killed inside the verb"
    after = everything()
    assert after != before
    assert list(queries.verify()) == []
