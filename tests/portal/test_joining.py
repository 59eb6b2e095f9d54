"""Coming in by invitation: once, for whom it was meant, and kindly refused otherwise."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from access.invitations import actions as access
from access.models import Invitation, Tier
from accounts.models import Person, Seat, Studio
from audit.actors import Actor
from audit.models import Record
from portal.joining import WRONG_CODES_ALLOWED
from quotas.queries import balance
from tests import factories

HOUSE = Actor.house("tests")


def invite(**how) -> str:
    defaults = {"email": "ada@example.com", "tier": Tier.objects.get(slug="studio"), "role": "artist", "actor": HOUSE}
    return access.invite(**(defaults | how))[1]


def signed_in_as(client) -> Person | None:
    pk = client.session.get("_auth_user_id")
    return Person.objects.get(pk=pk) if pk else None


def test_an_invitation_says_who_invites_and_where_to(client, people):
    code = invite(studio=people.studio, actor=Actor.of_seat(people.owner))
    page = client.get(f"/join/{code}/").content.decode()
    assert "Owner of Lantern invites you" in page
    assert "Lantern Pictures" in page
    assert "ada@example.com" in page


def test_somebody_new_comes_in_with_a_name_alone(client, people):
    code = invite(studio=people.studio)
    answer = client.post(f"/join/{code}/", {"name": "Ada New"}, follow=True)
    ada = signed_in_as(client)
    assert (ada.name, ada.email, ada.has_usable_password()) == ("Ada New", "ada@example.com", False)
    assert answer.wsgi_request.seat == Seat.objects.get(person=ada, studio=people.studio, role="artist")
    assert "Welcome to Lantern Pictures." in answer.content.decode()


def test_a_password_given_on_the_way_in_works(client, people):
    code = invite(studio=people.studio)
    client.post(f"/join/{code}/", {"name": "Ada", "password": factories.PASSWORD})
    fresh = Client()
    fresh.post("/sign-in/", {"login": "ada@example.com", "password": factories.PASSWORD})
    assert signed_in_as(fresh).name == "Ada"


@pytest.mark.parametrize("weak", ["short", "password1234", "ada@example.com"])
def test_a_weak_password_is_said_and_spends_nothing(client, people, weak):
    code = invite(studio=people.studio)
    answer = client.post(f"/join/{code}/", {"name": "Ada", "password": weak})
    assert answer.status_code == 422
    assert answer.context["form"].errors["password"]
    assert client.get(f"/join/{code}/").status_code == 200


def test_a_founder_opens_a_studio_with_its_first_credits(client, db):
    code = invite(role="owner", studio_name="Northlight")
    client.post(f"/join/{code}/", {"name": "Ada"})
    studio = Studio.objects.get(name="Northlight")
    assert Seat.objects.get(studio=studio).role == "owner"
    assert balance(studio).available == Tier.objects.get(slug="studio").monthly_credits > 0


def test_an_invitation_works_once(client, people):
    code = invite(studio=people.studio)
    Client().post(f"/join/{code}/", {"name": "Ada"})
    answer = client.get(f"/join/{code}/")
    assert answer.status_code == 410
    assert "used already" in answer.content.decode()
    assert client.post(f"/join/{code}/", {"name": "Eve"}).status_code == 410
    assert Person.objects.filter(email="ada@example.com").count() == 1


def _expire(code: str) -> None:
    Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))


def _revoke(code: str) -> None:
    access.revoke(invitation=Invitation.objects.get(), actor=HOUSE)


@pytest.mark.parametrize(("spoil", "word"), [(_expire, "expired"), (_revoke, "taken back")])
def test_an_invitation_that_ended_says_how(client, people, spoil, word):
    code = invite(studio=people.studio)
    spoil(code)
    answer = client.get(f"/join/{code}/")
    assert answer.status_code == 410
    assert word in answer.content.decode()


def test_somebody_known_signs_in_and_takes_the_seat_with_one_press(client, people):
    known = factories.make_person("Ada", email="ada@example.com", password=factories.PASSWORD)
    code = invite(studio=people.studio)
    page = client.get(f"/join/{code}/").content.decode()
    assert f"/sign-in/?next=%2Fjoin%2F{code}%2F" in page
    assert 'name="password"' not in page
    assert client.post(f"/join/{code}/", {"name": "Eve"}).status_code == 200, "a stranger cannot take the name over"
    answer = client.post(f"/sign-in/?next=/join/{code}/", {"login": known.email, "password": factories.PASSWORD})
    assert answer.headers["Location"] == f"/join/{code}/"
    client.post(f"/join/{code}/")
    assert Seat.objects.filter(person=known, studio=people.studio).exists()


def test_somebody_else_who_is_signed_in_is_told_and_gets_nothing(people, sign_in):
    code = invite(studio=people.studio)
    client = sign_in(people.stranger)
    assert "this invitation is for somebody else" in client.get(f"/join/{code}/").content.decode()
    client.post(f"/join/{code}/", {"name": "Eve"})
    assert not Seat.objects.filter(person=people.stranger.person, studio=people.studio).exists()
    assert not Person.objects.filter(email="ada@example.com").exists()


def test_the_new_seat_is_where_the_person_works_next(people, sign_in):
    code = invite(studio=people.other_studio, email=people.artist.person.email)
    client = sign_in(people.artist)
    answer = client.post(f"/join/{code}/", follow=True)
    assert answer.wsgi_request.seat.studio == people.other_studio


def test_trying_codes_is_slowed_for_that_address_alone(client, people):
    code = invite(studio=people.studio)
    for number in range(WRONG_CODES_ALLOWED):
        assert client.get(f"/join/guess-{number}/").status_code == 410
    slowed = client.get(f"/join/{code}/")
    assert slowed.status_code == 429
    assert slowed.headers["Retry-After"]
    assert client.get(f"/join/{code}/", REMOTE_ADDR="203.0.113.9").status_code == 200


def test_looking_at_an_invitation_changes_nothing(client, people, django_assert_max_num_queries):
    code = invite(studio=people.studio, actor=Actor.of_seat(people.owner))
    before = Record.objects.count()
    with django_assert_max_num_queries(3):
        client.get(f"/join/{code}/")
    assert Record.objects.count() == before
    assert not Person.objects.filter(email="ada@example.com").exists()


# --- Sent from the seats page


def test_an_owner_invites_by_mail_and_never_reads_the_link(people, sign_in):
    """With it they would be that person: in their own studio today, in another that invites the address tomorrow."""
    client = sign_in(people.owner)
    answer = client.post("/settings/seats/invite/", {"email": "Ada@Example.com", "role": "artist"})
    assert "We wrote to" in answer.content.decode()
    assert "/join/" not in answer.content.decode()
    assert mail.outbox[0].to == ["ada@example.com"]
    path = re.search(r"http://testserver(/join/\S+)", mail.outbox[0].body)[1]
    Client().post(path, {"name": "Ada"})
    assert Seat.objects.filter(person__email="ada@example.com", studio=people.studio, role="artist").exists()


def test_a_mail_that_cannot_be_sent_still_leaves_the_link(people, sign_in, monkeypatch):
    def unreachable(*_, **__):
        raise ConnectionRefusedError

    monkeypatch.setattr("access.invitations.letters.send_mail", unreachable)
    answer = sign_in(people.owner).post("/settings/seats/invite/", {"email": "ada@example.com", "role": "artist"})
    assert "could not be sent" in answer.content.decode()
    assert answer.context["link"]


@pytest.mark.parametrize(
    "form",
    [{"email": "nonsense", "role": "artist"}, {"email": "ada@example.com", "role": "king"}, {"role": "artist"}],
)
def test_an_invitation_that_cannot_be_is_said_beside_its_field(people, sign_in, form):
    answer = sign_in(people.owner).post("/settings/seats/invite/", form)
    assert answer.status_code == 422
    assert answer.context["form"].errors
    assert not Invitation.objects.exists()


def test_who_sits_here_already_is_not_invited_again(people, sign_in):
    answer = sign_in(people.owner).post(
        "/settings/seats/invite/", {"email": people.artist.person.email, "role": "artist"}
    )
    assert "already has a seat" in answer.content.decode()


def test_an_invitation_can_be_taken_back(people, sign_in):
    code = invite(studio=people.studio)
    client = sign_in(people.owner)
    client.post(f"/settings/seats/invitations/{Invitation.objects.get().pk}/revoke/")
    assert Client().get(f"/join/{code}/").status_code == 410
