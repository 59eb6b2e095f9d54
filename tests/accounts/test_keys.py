"""API keys: shown once, kept as a hash, useless the moment anything about them ends."""

from datetime import timedelta

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from accounts import actions
from accounts.errors import InvalidKey
from accounts.models import ApiKey, Person, Studio
from audit.actors import Actor
from audit.models import Record

HOUSE = Actor.house("tests")


def make_key(seat, *, scopes=("takes:read",), days: float | None = 30):
    expires_at = None if days is None else timezone.now() + timedelta(days=days)
    return actions.create_key(seat=seat, name="Edit suite", scopes=scopes, expires_at=expires_at, actor=HOUSE)


def test_a_key_opens_its_seat(people):
    key, text = make_key(people.artist)
    found = actions.verify_key(text)
    assert found == key
    assert (found.seat, found.seat.studio, found.seat.person) == (
        people.artist,
        people.studio,
        people.artist.person,
    )


def test_only_a_hash_of_the_secret_is_kept(people):
    key, text = make_key(people.artist)
    house, prefix, secret = text.split("_", 2)
    assert (house, prefix) == ("sd", key.prefix)
    stored = " ".join(str(value) for value in ApiKey.objects.filter(pk=key.pk).values_list()[0])
    assert secret not in stored
    assert secret not in " ".join(Record.objects.values_list("canonical", flat=True))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text[:-1] + ("a" if text[-1] != "a" else "b"),
        lambda text: text.replace("sd_", "xx_"),
        lambda text: text.rsplit("_", 1)[0] + "_",
        lambda text: "sd_nosuchkey1_" + text.split("_", 2)[2],
        lambda text: text + " ",
        lambda text: "",
    ],
)
def test_anything_but_the_whole_text_opens_nothing(people, spoil):
    _, text = make_key(people.artist)
    assert actions.verify_key(spoil(text)) is None


@given(text=st.text(max_size=80))
def test_no_text_at_all_breaks_the_check(django_db_blocker, django_db_setup, text):
    with django_db_blocker.unblock():
        assert actions.verify_key(text.replace("\x00", "")) is None


def test_a_key_ends_when_it_said(people):
    key, text = make_key(people.artist)
    ApiKey.objects.filter(pk=key.pk).update(
        created_at=timezone.now() - timedelta(days=2), expires_at=timezone.now() - timedelta(seconds=1)
    )
    assert actions.verify_key(text) is None


def test_a_key_without_an_end_goes_on(people):
    _, text = make_key(people.artist, days=None)
    assert actions.verify_key(text) is not None


def test_a_revoked_key_is_shut_at_once_and_its_revocation_is_on_record(people):
    key, text = make_key(people.artist)
    actions.revoke_key(key=key, actor=Actor.of_seat(people.owner))
    first = ApiKey.objects.get(pk=key.pk).revoked_at
    actions.revoke_key(key=key, actor=Actor.of_seat(people.owner))
    assert actions.verify_key(text) is None
    assert ApiKey.objects.get(pk=key.pk).revoked_at == first
    assert Record.objects.filter(action="key.revoked", target_id=str(key.pk)).count() == 1


def _suspend_studio(seat):
    Studio.objects.filter(pk=seat.studio_id).update(suspended_at=timezone.now())


def _close_person(seat):
    Person.objects.filter(pk=seat.person_id).update(is_active=False)


@pytest.mark.parametrize(
    "shut",
    [
        lambda seat: actions.suspend_seat(seat=seat, actor=HOUSE),
        lambda seat: actions.end_seat(seat=seat, actor=HOUSE),
        _suspend_studio,
        _close_person,
    ],
    ids=["seat suspended", "seat ended", "studio suspended", "account closed"],
)
def test_a_key_is_shut_with_what_it_hangs_on(people, shut):
    _, text = make_key(people.artist)
    shut(people.artist)
    assert actions.verify_key(text) is None


def test_a_suspended_seat_opened_again_has_its_keys_back(people):
    _, text = make_key(people.artist)
    actions.suspend_seat(seat=people.artist, actor=HOUSE)
    actions.restore_seat(seat=people.artist, actor=HOUSE)
    assert actions.verify_key(text) is not None


@pytest.mark.parametrize("scopes", [[], ["takes:destroy"], ["takes:read", "*"]])
def test_scopes_the_house_does_not_know_are_refused(people, scopes):
    with pytest.raises(InvalidKey) as refusal:
        make_key(people.artist, scopes=scopes)
    assert refusal.value.field == "scopes"
    assert not ApiKey.objects.exists()


@pytest.mark.parametrize("days", [-1, 0, 400])
def test_an_end_in_the_past_or_beyond_a_year_is_refused(people, days):
    with pytest.raises(InvalidKey) as refusal:
        make_key(people.artist, days=days)
    assert refusal.value.field == "expires_at"


def test_last_use_is_written_at_most_once_a_minute(people, django_assert_num_queries):
    key, text = make_key(people.artist)
    actions.verify_key(text)
    first = ApiKey.objects.get(pk=key.pk).last_used_at
    assert first is not None
    with django_assert_num_queries(1):
        actions.verify_key(text)
    assert ApiKey.objects.get(pk=key.pk).last_used_at == first
    ApiKey.objects.filter(pk=key.pk).update(last_used_at=timezone.now() - timedelta(minutes=2))
    actions.verify_key(text)
    assert ApiKey.objects.get(pk=key.pk).last_used_at > first
