"""Several requests at the same moment, each on a connection of its own, on the engine under test."""

import pytest

from access.queries import entitlements
from audit.actions import Actor
from generation.models import Event, Job
from quotas import actions as ledger
from quotas import queries as quotas
from takes import actions, tasks
from takes.errors import Conflict, OutOfCredits, TooMany
from takes.models import Take
from takes.wishes import Wish
from tests import factories
from tests.at_once import at_once

WORDS = "a red balloon rises over the sea at night"
pytestmark = pytest.mark.django_db(transaction=True)


def sending(seat, project, key, prompt=WORDS):
    return lambda: actions.submit(seat=seat, project=project, prompt=prompt, wish=Wish(seed=1), key=key)


def test_a_double_click_is_one_take_one_hold_one_job():
    seat = factories.make_seat("owner")
    project = factories.make_project(seat)
    answers = at_once(*[sending(seat, project, "click")] * 6)
    assert {answer.pk for answer in answers} == {Take.objects.get().pk}
    assert Job.objects.count() == 1
    assert quotas.balance(seat.studio).held == answers[0].price
    assert list(quotas.verify(seat.studio)) == []


def test_one_key_with_two_requests_at_once_is_one_take_and_one_conflict():
    seat = factories.make_seat("owner")
    project = factories.make_project(seat)
    answers = at_once(sending(seat, project, "k"), sending(seat, project, "k", "a blue fish"))
    assert {type(answer) for answer in answers} == {Take, Conflict}
    assert Take.objects.count() == 1


def test_many_at_once_never_pass_the_tiers_limit_and_numbers_stay_unique():
    seat = factories.make_seat("owner", credits=10_000)
    project = factories.make_project(seat)
    allowed = entitlements(seat).concurrency
    answers = at_once(*(sending(seat, project, f"k{n}") for n in range(allowed + 4)))
    takes = [answer for answer in answers if isinstance(answer, Take)]
    assert len(takes) == allowed
    assert sum(isinstance(answer, TooMany) for answer in answers) == 4
    assert len({take.number for take in takes}) == allowed


def test_many_at_once_never_spend_more_than_there_is():
    seat = factories.make_seat("owner", credits=1)
    project = factories.make_project(seat)
    price = actions.preflight(seat=seat, project=project, prompt=WORDS, wish=Wish()).price
    ledger.grant(studio=seat.studio, amount=2 * price - 1, key="more", source="goodwill", actor=Actor.house("tests"))
    answers = at_once(*(sending(seat, project, f"k{n}") for n in range(5)))
    assert sum(isinstance(answer, Take) for answer in answers) == 2
    assert sum(isinstance(answer, OutOfCredits) for answer in answers) == 3
    assert quotas.balance(seat.studio).available == 0
    assert list(quotas.verify(seat.studio)) == []


def test_two_clocks_charge_a_take_once():
    seat = factories.make_seat("owner")
    take = sending(seat, factories.make_project(seat), "k")()
    Event.objects.create(job_id=take.job_id, kind=Event.Kind.SUCCEEDED, payload={})
    at_once(*[tasks.read_outbox] * 4)
    balance = quotas.balance(seat.studio)
    assert (balance.held, balance.spent) == (0, take.price)
    assert list(quotas.verify(seat.studio)) == []
