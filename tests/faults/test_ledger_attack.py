"""Twelve processes on one account, each request sent twice: exactly the possible holds, on both engines."""

import random
from functools import partial

import pytest

from audit.actions import Actor
from quotas import actions, queries
from quotas.models import Account, Entry, Grant, Hold
from tests.factories import make_studio
from tests.faults.ledger_processes import all_at_once

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]
HOUSE = Actor.house("tests")
PROCESSES = 12


def columns(studio) -> tuple[int, int, int]:
    return Account.objects.values_list("granted", "held", "spent").get(studio=studio)


def holds_of(number: int, studio, amount: int, count: int) -> list[str]:
    """Ask for `count` holds, each twice in a row, under keys that two processes share. The keys that were held."""
    got = []
    keys = [f"attack:{number // 2}:{one}" for one in range(count)]
    random.Random(number).shuffle(keys)
    for key in keys:
        for _ in range(2):
            try:
                actions.hold(studio=studio, amount=amount, key=key)
                got.append(key)
            except actions.InsufficientCredits:
                pass
    return got


def test_many_processes_hold_exactly_what_there_is():
    studio = make_studio(credits=0)
    for lot in range(5):
        actions.grant(studio=studio, amount=201, key=f"lot:{lot}", source="goodwill", actor=HOUSE)
    answers = all_at_once([partial(holds_of, number, studio, 30, 20) for number in range(PROCESSES)])
    # 1005 credits make 33 holds of 30; 120 different keys were tried by 12 processes, each key four times.
    held = {key for answer in answers for key in answer}
    assert len(held) == Hold.objects.count() == 33
    assert columns(studio) == (1005, 990, 0)
    assert list(queries.verify(studio)) == []


def test_the_same_key_at_the_same_moment_is_one_hold():
    studio = make_studio(credits=1000)
    for round_number in range(5):
        hold = partial(actions.hold, studio=studio, amount=7, key=f"double click {round_number}")
        assert len({one.pk for one in all_at_once([hold] * PROCESSES)}) == 1
    assert columns(studio) == (1000, 35, 0)


def settle_or_release(number: int, keys: list[str]) -> list[tuple[str, str]]:
    """Try to end every hold, by settling where the process is even and by releasing where it is odd."""
    done = []
    for key in random.Random(number).sample(keys, len(keys)):
        try:
            ended = actions.settle(key=key) if number % 2 == 0 else actions.release(key=key, reason="attack")
            done.append((key, ended.state))
        except actions.HoldEnded as error:
            done.append((key, error.state))
    return done


def test_a_hold_that_many_want_to_end_ends_once_and_all_hear_the_same():
    studio = make_studio(credits=1000)
    keys = [f"contested {number}" for number in range(30)]
    for key in keys:
        actions.hold(studio=studio, amount=10, key=key)
    answers = all_at_once([partial(settle_or_release, number, keys) for number in range(PROCESSES)])
    states = dict(Hold.objects.values_list("key", "state"))
    assert {pair for answer in answers for pair in answer} == set(states.items())
    settled = list(states.values()).count("settled")
    assert columns(studio) == (1000, 0, 10 * settled)
    assert Entry.objects.filter(kind__in=["settle", "release"]).count() == 30
    assert list(queries.verify(studio)) == []


def live(number: int, studio) -> int:
    """A mixed life: hold, settle a part, release, grant, sweep. How many credits this process spent."""
    chance, spent = random.Random(number), 0
    for turn in range(12):
        key, amount = f"life:{number}:{turn}", chance.randint(1, 25)
        try:
            actions.hold(studio=studio, amount=amount, key=key)
        except actions.InsufficientCredits:
            actions.grant(studio=studio, amount=40, key=f"more:{turn}", source="reward", actor=HOUSE)
            continue
        if chance.random() < 0.6:
            spent += actions.settle(key=key, amount=chance.randint(0, amount)).settled
        else:
            actions.release(key=key, reason="changed my mind")
        if turn % 4 == 0:
            actions.expire()
    return spent


def test_every_verb_at_once_leaves_a_ledger_that_adds_up():
    studio = make_studio(credits=100)
    spent = sum(all_at_once([partial(live, number, studio) for number in range(PROCESSES)]))
    granted = 100 + 40 * Grant.objects.filter(source="reward").count()
    assert columns(studio) == (granted, 0, spent)
    assert list(queries.verify(studio)) == []


def test_monthly_credits_are_given_once_however_many_clocks_tick():
    studios = [make_studio(tier="first-ten", credits=0) for _ in range(4)]
    assert sum(all_at_once([actions.grant_recurring] * 6)) >= 4
    assert [columns(studio) for studio in studios] == [(600, 0, 0)] * 4
