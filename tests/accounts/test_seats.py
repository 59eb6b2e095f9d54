"""Seats: who works where, and what never happens to a studio's owners."""

import pytest
from django.db import IntegrityError, transaction

from accounts import actions
from accounts.errors import AlreadySeated, LastOwner
from accounts.models import Person, Seat, Studio
from audit.actors import Actor
from audit.models import Record
from tests import factories

HOUSE = Actor.house("tests")


def last_record() -> Record:
    return Record.objects.order_by("-pk")[0]


def test_an_address_is_one_person_in_any_case(db):
    factories.make_person(email="ines@example.com")
    with pytest.raises(IntegrityError), transaction.atomic():
        Person.objects.create(email="INES@example.com", name="Somebody else")


def test_studios_of_one_name_get_slugs_of_their_own(db):
    slugs = [actions.open_studio(name="Lantern Pictures", actor=HOUSE).slug for _ in range(3)]
    assert slugs == ["lantern-pictures", "lantern-pictures-2", "lantern-pictures-3"]


def test_a_studio_named_in_another_script_still_gets_a_slug(db):
    assert actions.open_studio(name="灯", actor=HOUSE).slug == "studio"


def test_a_person_sits_once_in_a_studio(people):
    with pytest.raises(AlreadySeated):
        actions.add_seat(studio=people.studio, person=people.artist.person, role="guest", actor=HOUSE)
    with pytest.raises(IntegrityError), transaction.atomic():
        Seat.objects.create(studio=people.studio, person=people.artist.person, role="guest")


def test_a_role_the_house_does_not_know_is_refused_by_the_database(people):
    with pytest.raises(IntegrityError), transaction.atomic():
        Seat.objects.filter(pk=people.artist.pk).update(role="king")


@pytest.mark.parametrize("verb", [actions.end_seat, actions.suspend_seat])
def test_the_last_owner_stays(people, verb):
    with pytest.raises(LastOwner):
        verb(seat=people.owner, actor=HOUSE)
    people.owner.refresh_from_db()
    assert people.owner.is_open


def test_the_last_owner_stays_an_owner(people):
    with pytest.raises(LastOwner):
        actions.change_role(seat=people.owner, role="artist", actor=HOUSE)


def test_a_suspended_owner_does_not_count_as_one_who_stays(people):
    second = factories.make_seat("owner", studio=people.studio)
    actions.suspend_seat(seat=second, actor=HOUSE)
    with pytest.raises(LastOwner):
        actions.end_seat(seat=people.owner, actor=HOUSE)


def test_one_of_two_owners_may_go(people):
    factories.make_seat("owner", studio=people.studio)
    assert actions.end_seat(seat=people.owner, actor=HOUSE).ended_at is not None


def test_a_suspended_last_owner_can_be_opened_again_and_stale_copies_do_not_matter(people):
    stale = Seat.objects.select_related("studio").get(pk=people.artist.pk)
    actions.end_seat(seat=people.artist, actor=HOUSE)
    before = Record.objects.count()
    assert actions.end_seat(seat=stale, actor=HOUSE).ended_at is not None
    assert Record.objects.count() == before, "ending twice is one change"


def test_an_ended_seat_can_be_brought_back_unless_it_was_given_anew(people):
    ended = actions.end_seat(seat=people.artist, actor=HOUSE)
    assert actions.reopen_seat(seat=ended, actor=HOUSE).is_open
    actions.end_seat(seat=ended, actor=HOUSE)
    actions.add_seat(studio=people.studio, person=people.artist.person, role="guest", actor=HOUSE)
    with pytest.raises(AlreadySeated):
        actions.reopen_seat(seat=ended, actor=HOUSE)


def test_every_change_of_a_seat_is_on_record(people):
    actor = Actor.of_seat(people.owner)
    for verb, action in [
        (lambda seat: actions.change_role(seat=seat, role="producer", actor=actor), "seat.role_changed"),
        (lambda seat: actions.suspend_seat(seat=seat, actor=actor), "seat.suspended"),
        (lambda seat: actions.restore_seat(seat=seat, actor=actor), "seat.restored"),
        (lambda seat: actions.end_seat(seat=seat, actor=actor), "seat.ended"),
        (lambda seat: actions.reopen_seat(seat=seat, actor=actor), "seat.reopened"),
    ]:
        verb(people.artist)
        written = last_record()
        assert (written.action, written.target_id, written.studio_id) == (
            action,
            str(people.artist.pk),
            people.studio.pk,
        )
        assert written.actor_id == str(people.owner.pk)


def test_nothing_is_on_record_when_the_change_did_not_happen(people):
    before = Record.objects.count()
    with pytest.raises(LastOwner):
        actions.end_seat(seat=people.owner, actor=HOUSE)
    assert Record.objects.count() == before


def test_a_seat_is_shut_with_its_studio(people):
    Studio.objects.filter(pk=people.studio.pk).update(suspended_at="2026-01-01T00:00Z")
    assert not Seat.objects.select_related("studio").get(pk=people.artist.pk).is_open
