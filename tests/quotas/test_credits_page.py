"""The credits page: what a studio has, what became of it, and who may read that."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from audit.actions import Actor
from quotas import actions, tasks
from quotas.models import Account, Hold
from quotas.views import PAGE
from tests.factories import make_person, make_seat, make_studio

HOUSE = Actor.house("tests")
URL = reverse("credits")


def give(studio, amount=10, key="g", **details):
    details = {"source": "goodwill", "actor": HOUSE} | details
    return actions.grant(studio=studio, amount=amount, key=key, **details)


def text_of(response) -> str:
    return " ".join(response.content.decode().split())


def test_it_shows_what_is_free_held_and_spent_and_what_for(people, sign_in):
    actions.hold(studio=people.studio, amount=20, key="a", memo="Take 1 of Tidewater")
    actions.settle(key="a", amount=14)
    actions.hold(studio=people.studio, amount=30, key="b", memo="Take 2 of Tidewater")
    page = text_of(sign_in(people.artist).get(URL))
    assert '<span class="mono">956</span> free' in page
    assert 'aria-label="14 of 1000 credits spent, 30 held"' in page
    assert page.count("Take 1 of Tidewater") == 3  # held, spent, returned
    assert "Take 2 of Tidewater" in page
    assert "Next credits" in page


def test_it_shows_the_lots_in_the_order_they_are_spent(people, sign_in):
    give(people.studio, 5, key="soon", expires_at=timezone.now() + timedelta(days=1), reason="For a fine note")
    page = text_of(sign_in(people.owner).get(URL))
    assert page.index("For a fine note") < page.index("Never")


@pytest.mark.parametrize(("who", "status"), [("owner", 200), ("producer", 200), ("artist", 200), ("guest", 403)])
def test_guests_do_not_see_credits(people, sign_in, who, status):
    assert sign_in(getattr(people, who)).get(URL).status_code == status


def test_nobody_sees_another_studios_credits(people, sign_in):
    give(people.studio, 777, key="ours", reason="Ours alone")
    page = text_of(sign_in(people.stranger).get(URL))
    assert "777" not in page
    assert "Ours alone" not in page


def test_without_a_seat_or_a_sign_in_there_is_nothing_to_see(db, client, sign_in):
    assert client.get(URL).status_code == 302
    assert sign_in(make_person()).get(URL).status_code == 403


def test_a_suspended_studio_sees_nothing(people, sign_in):
    people.studio.suspended_at = timezone.now()
    people.studio.save()
    assert sign_in(people.owner).get(URL).status_code == 403


def test_entries_page_from_newest_to_oldest_without_gap_or_repeat(people, sign_in):
    for number in range(PAGE + 3):
        give(people.studio, 5000 + number, key=f"g{number}", reason=f"lot {number}.")
    client = sign_in(people.owner)
    first = client.get(URL)
    older = client.get(URL, {"before": first.context["older"]})
    amounts = [entry.amount for page in (first, older) for entry in page.context["entries"]]
    assert amounts == [*range(5000 + PAGE + 2, 4999, -1), 1000]
    assert older.context["older"] is None
    assert "Where they come from" not in text_of(older)
    beyond = client.get(URL, {"before": older.context["entries"][-1].pk})
    assert "Nothing before this" in text_of(beyond)


@pytest.mark.parametrize("before", ["x", "-1", "1.5", "²", "1' OR '1'='1"])
def test_a_page_that_cannot_be_is_not_found(people, sign_in, before):
    assert sign_in(people.owner).get(URL, {"before": before}).status_code == 404


def test_an_entry_beyond_every_number_is_not_found(people, sign_in):
    assert sign_in(people.owner).get(URL, {"before": "9" * 40}).status_code == 404


def test_it_asks_the_same_few_questions_however_much_there_is(people, sign_in):
    for number in range(PAGE + 5):
        actions.hold(studio=people.studio, amount=1, key=f"h{number}")
    client = sign_in(people.owner)
    client.get(URL)
    with CaptureQueriesContext(connection) as asked:
        client.get(URL)
    # The seat's own rights, in one; entries, lots, renewal; lots and renewal again for the rail. The rest is who is
    # signed in.
    assert len([one for one in asked if "quotas_" in one["sql"] or "access_" in one["sql"]]) == 6
    assert len(asked) <= 15


def test_an_empty_page_teaches_what_credits_are(db, sign_in):
    waiting = make_seat("owner", studio=make_studio(credits=0))
    page = text_of(sign_in(waiting).get(URL))
    assert "No credits yet" in page
    assert "the first arrive within a quarter of an hour" in page


def test_names_from_people_are_escaped(people, sign_in):
    actions.hold(studio=people.studio, amount=1, key="h", memo="<script>alert(1)</script>")
    assert b"<script>alert" not in sign_in(people.owner).get(URL).content


def test_it_only_reads(people, sign_in):
    assert sign_in(people.owner).post(URL).status_code == 405


# --- What the clock does ---------------------------------------------------------------------------------------------


def test_the_clocks_tasks_lapse_and_grant(db):
    studio = make_studio(tier="first-ten", credits=0)
    now = timezone.now()
    give(studio, 10, key="over", expires_at=now, now=now - timedelta(days=1))
    give(studio, 10, key="lasting")
    actions.hold(studio=studio, amount=5, key="h", expires_at=now + timedelta(seconds=1), now=now)
    Hold.objects.update(expires_at=now)
    tasks.expire()
    tasks.grant_recurring()
    account = Account.objects.get(studio=studio)
    assert (account.granted, account.held) == (610, 0)


def test_the_clock_knows_the_tasks_by_their_names():
    assert {entry["task"] for entry in tasks.SCHEDULE.values()} == {tasks.expire.name, tasks.grant_recurring.name}
