"""The seat on the request: chosen, remembered, and gone the moment it is shut."""

import pytest

from accounts import actions
from accounts.middleware import chosen
from accounts.models import Seat
from audit.actors import Actor
from audit.models import Record
from tests import factories

HOUSE = Actor.house("tests")


def studio_on_page(client) -> str:
    return client.get("/settings/").wsgi_request.seat.studio.name


@pytest.fixture
def in_two(people) -> Seat:
    return factories.make_seat("guest", studio=people.other_studio, person=people.artist.person)


def test_a_person_of_two_studios_moves_between_them(people, in_two, sign_in):
    client = sign_in(people.artist)
    assert studio_on_page(client) == "Lantern Pictures"
    client.post("/switch-studio/", {"studio": people.other_studio.slug})
    assert studio_on_page(client) == "Northlight"
    client.post("/switch-studio/", {"studio": people.studio.slug})
    assert studio_on_page(client) == "Lantern Pictures"


def test_nobody_moves_into_a_studio_where_they_have_no_seat(people, sign_in):
    client = sign_in(people.artist)
    assert client.post("/switch-studio/", {"studio": people.other_studio.slug}).status_code == 404
    assert client.post("/switch-studio/", {"studio": "no-such"}).status_code == 404
    assert studio_on_page(client) == "Lantern Pictures"


def test_a_look_does_not_move_anybody(people, in_two, sign_in):
    assert sign_in(people.artist).get("/switch-studio/").status_code == 405


def test_a_suspended_seat_is_gone_with_the_next_request(people, sign_in):
    client = sign_in(people.artist)
    assert client.get("/settings/seats/").status_code == 200
    actions.suspend_seat(seat=people.artist, actor=HOUSE)
    answer = client.get("/settings/seats/")
    assert answer.status_code == 403
    assert "suspended" in answer.content.decode()


def test_a_person_whose_seat_is_shut_works_on_from_another(people, in_two, sign_in):
    client = sign_in(people.artist)
    actions.end_seat(seat=people.artist, actor=HOUSE)
    assert studio_on_page(client) == "Northlight"


def test_a_seat_given_again_is_where_the_person_was(people, in_two, sign_in):
    client = sign_in(people.artist)
    client.post("/switch-studio/", {"studio": people.other_studio.slug})
    actions.end_seat(seat=in_two, actor=HOUSE)
    actions.add_seat(studio=people.other_studio, person=people.artist.person, role="guest", actor=HOUSE)
    assert studio_on_page(client) == "Northlight"


def test_somebody_without_any_seat_reads_what_to_do(people, sign_in):
    client = sign_in(people.reviewer)
    assert "Waiting for an invitation" in client.get("/").content.decode()
    assert client.get("/settings/").status_code == 200


def test_a_remembered_studio_that_is_not_theirs_is_ignored(people):
    assert chosen([people.artist], people.other_studio.pk) == people.artist
    assert chosen([], people.studio.pk) is None


def test_a_person_renames_themselves(people, sign_in):
    client = sign_in(people.artist)
    assert client.post("/settings/", {"name": "Mara Lindqvist"}).status_code == 302
    people.artist.person.refresh_from_db()
    assert people.artist.person.name == "Mara Lindqvist"
    written = Record.objects.get(action="person.renamed")
    assert "Mara" not in written.canonical, "a name is personal: only a commitment to it is on record"
    assert client.post("/settings/", {"name": " "}).status_code == 200
