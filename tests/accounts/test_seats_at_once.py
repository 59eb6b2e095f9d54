"""Two owners who step down at the same moment: one of them stays."""

import threading

import pytest
from django.db import connection

from accounts import actions
from accounts.errors import LastOwner
from accounts.models import Seat
from audit.actors import Actor
from tests import factories


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("verb", [actions.end_seat, actions.suspend_seat])
def test_of_two_owners_who_leave_at_once_one_stays(verb):
    studio = factories.make_studio(tier=None, credits=0)
    owners = [factories.make_seat("owner", studio=studio) for _ in range(2)]
    start, told = threading.Barrier(2), []

    def leave(seat: Seat) -> None:
        start.wait()
        try:
            verb(seat=seat, actor=Actor.house("tests"))
            told.append("left")
        except LastOwner:
            told.append("stays")
        finally:
            connection.close()

    threads = [threading.Thread(target=leave, args=[seat]) for seat in owners]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == ["left", "stays"]
    assert Seat.objects.filter(studio=studio, ended_at=None, suspended_at=None).count() == 1
