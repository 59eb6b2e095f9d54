"""The lead's first page: what rooms have to tell, what a new house does first, and who is sent there."""

from datetime import timedelta

import pytest
from django.utils import timezone

from access import overview
from access.models import Override
from access.overview import Card
from access.suspensions import actions as suspensions
from access.tiers import actions as tiers
from audit.actions import Actor
from tests import factories
from tests.portal.pages import inline_things, links

HOUSE = Actor.house("tests")


@pytest.fixture
def lab(people, sign_in):
    return sign_in(people.access_lead)


def cards(client):
    return {card.title: card for card in client.get("/lab/").context["cards"]}


def except_for(ends_at, **whose):
    tiers.override(field="max_seconds", value=9, ends_at=ends_at, reason="a deadline", actor=HOUSE, **whose)


def test_a_lead_without_a_seat_comes_here_and_others_do_not(people, sign_in):
    assert sign_in(people.access_lead).get("/").headers["Location"] == "/lab/"
    assert sign_in(people.reviewer).get("/").status_code == 200
    assert sign_in(people.owner).get("/").headers["Location"] == "/projects/"
    both = factories.make_seat("owner", person=people.access_lead)
    assert sign_in(both).get("/").headers["Location"] == "/projects/"


def test_a_quiet_house_teaches_the_first_steps_with_links_that_lead_somewhere(people, lab):
    page = lab.get("/lab/").content.decode()
    assert inline_things(page) == []
    assert "Nothing waits for you" in page
    assert "Write invitations" in page
    for link in links(page):
        assert lab.get(link).status_code in (200, 302), link


def test_what_is_held_is_told_with_the_way_there(people, lab):
    factories.make_studio("Nowhere yet", tier=None)
    now = timezone.now()
    except_for(now + timedelta(days=3), studio=people.studio)
    except_for(now + timedelta(days=6), seat=people.stranger)
    except_for(now + timedelta(days=9), studio=people.other_studio)
    Override.objects.create(
        studio=people.studio, field="api", value=True, reason="over", created_at=now - timedelta(days=2),
        ends_at=now - timedelta(days=1),
    )  # fmt: skip
    suspensions.suspend_studio(studio=people.studio, reason="a leaked key", running_work="finish", actor=HOUSE)
    told = cards(lab)
    assert {title: card.count for title, card in told.items()} == {
        "In no tier": 1,
        "Exceptions that end": 2,
        "Suspended studios": 1,
    }

    def behind(title):
        return {one.name for one in lab.get(told[title].url).context["studios"].rows}

    assert behind("In no tier") == {"Nowhere yet"}
    assert behind("Exceptions that end") == {"Lantern Pictures", "Northlight"}
    assert behind("Suspended studios") == {"Lantern Pictures"}


def test_each_card_asks_at_most_two_queries(people, lab, django_assert_max_num_queries):
    for number in range(20):
        studio = factories.make_studio(f"Nowhere {number}", tier=None, credits=0)
        suspensions.suspend_studio(studio=studio, reason="many", running_work="finish", actor=HOUSE)
        except_for(timezone.now() + timedelta(days=3), studio=studio)
    with django_assert_max_num_queries(10 + 2 * len(overview._providers)):
        assert cards(lab)
    for _, _, provider in overview._providers:
        with django_assert_max_num_queries(2):
            provider()


def test_a_room_adds_its_card_without_being_imported(people, lab, monkeypatch):
    monkeypatch.setattr(overview, "_providers", [])

    def waiting():
        return Card("Somebody waits", 3, "Read what they wrote.", "/lab/people/")

    for provider in (waiting, lambda: None, waiting):
        overview.register(provider, place=50)
    overview.register(lambda: Card("First", 1, "Before the others.", "/lab/"), place=1)
    assert list(cards(lab)) == ["First", "Somebody waits"]


def test_the_rail_shows_the_leads_places_and_where_one_is(people, lab, sign_in):
    page = lab.get("/lab/studios/").content.decode()
    for place in ("Overview", "Studios", "People", "Tiers"):
        assert f">{place}</a>" in page.replace("\n", "")
    assert 'href="/lab/studios/" aria-current="page"' in page
    assert 'href="/lab/" aria-current' not in page
    assert "/lab/" not in sign_in(people.owner).get("/settings/").content.decode()


def test_new_applications_come_first(people, lab):
    factories.make_studio("Nowhere yet", tier=None)
    factories.make_application(sent=True)
    factories.make_application()
    assert [(card.title, card.count) for card in cards(lab).values()] == [("New applications", 1), ("In no tier", 1)]
