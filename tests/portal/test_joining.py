"""Coming in by invitation: once, for whom it was meant, and kindly refused otherwise."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from access.invitations import actions as access
from access.letters.actions import send_due
from access.models import Invitation, Letter, Tier
from accounts.models import Person, Seat, Studio
from audit.actors import Actor
from audit.models import Record
from portal.joining import LETTERS_ALLOWED, WRONG_CODES_ALLOWED
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
    assert "You are through this door already" in answer.content.decode()
    assert client.post(f"/join/{code}/", {"name": "Eve"}).status_code == 410
    assert Person.objects.filter(email="ada@example.com").count() == 1


def _expire(code: str) -> None:
    Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))


def _revoke(code: str) -> None:
    access.revoke(invitation=Invitation.objects.get(), actor=HOUSE)


@pytest.mark.parametrize(
    ("spoil", "word"),
    [(_expire, "expired"), (_expire, "Its time is over"), (_revoke, "taken back"), (_revoke, "It was taken back")],
)
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
    with django_assert_max_num_queries(4):
        client.get(f"/join/{code}/")
    assert Record.objects.count() == before
    assert not Person.objects.filter(email="ada@example.com").exists()


# --- Sent from the seats page


def test_an_owner_invites_by_mail_and_never_reads_the_link(people, sign_in):
    """With it they would be that person: in their own studio today, in another that invites the address tomorrow."""
    client = sign_in(people.owner)
    answer = client.post(
        "/settings/seats/invite/", {"email": "Ada@Example.com", "role": "artist", "key": "k"}, follow=True
    )
    assert "We write to" in answer.content.decode()
    assert "/join/" not in answer.content.decode()
    send_due()
    assert mail.outbox[0].to == ["ada@example.com"]
    path = re.search(r"http://testserver(/join/\S+)", mail.outbox[0].body)[1]
    Client().post(path, {"name": "Ada"})
    assert Seat.objects.filter(person__email="ada@example.com", studio=people.studio, role="artist").exists()


def test_the_letter_is_written_with_the_invitation_and_once(people, sign_in):
    client = sign_in(people.owner)
    for _ in range(2):
        client.post("/settings/seats/invite/", {"email": "ada@example.com", "role": "artist", "key": "k"})
    assert Invitation.objects.count() == Letter.objects.count() == 1


def test_an_owner_sends_again_and_the_first_link_dies(people, sign_in):
    code = invite(studio=people.studio)
    client, pk = sign_in(people.owner), Invitation.objects.get().pk
    for _ in range(2):
        client.post(f"/settings/seats/invitations/{pk}/resend/", {"codes": 1})
    assert Letter.objects.count() == 1
    assert Client().get(f"/join/{code}/").status_code == 410


@pytest.mark.parametrize(
    "form",
    [
        {"email": "nonsense", "role": "artist", "key": "k"},
        {"email": "ada@example.com", "role": "king", "key": "k"},
        {"role": "artist", "key": "k"},
        {"email": "ada@example.com", "role": "artist"},
    ],
)
def test_an_invitation_that_cannot_be_is_said_beside_its_field(people, sign_in, form):
    answer = sign_in(people.owner).post("/settings/seats/invite/", form)
    assert answer.status_code == 422
    assert answer.context["form"].errors
    assert not Invitation.objects.exists()


def test_who_sits_here_already_is_not_invited_again(people, sign_in):
    answer = sign_in(people.owner).post(
        "/settings/seats/invite/", {"email": people.artist.person.email, "role": "artist", "key": "k"}
    )
    assert "already has a seat" in answer.content.decode()


def test_an_invitation_can_be_taken_back(people, sign_in):
    code = invite(studio=people.studio)
    client = sign_in(people.owner)
    client.post(f"/settings/seats/invitations/{Invitation.objects.get().pk}/revoke/")
    assert Client().get(f"/join/{code}/").status_code == 410


# --- By a link


def link(**how) -> str:
    defaults = {"anybody": True, "uses_allowed": 5, "founder_names": True, "role": "owner", "actor": HOUSE}
    return access.invite(tier=Tier.objects.get(slug="first-ten"), **(defaults | how))[1]


def letters_to(email: str) -> list[str]:
    send_due()
    return [re.search(r"/join/\S+", one.body)[0] for one in mail.outbox if one.to == [email] and "/join/" in one.body]


def test_who_comes_by_a_link_confirms_an_address_and_names_their_studio(client, db):
    code = link()
    assert "A studio of your own" in client.get(f"/join/{code}/").content.decode()
    assert not Person.objects.exists()
    assert "We wrote to" in client.post(f"/join/{code}/", {"email": "Ada@Example.com"}).content.decode()
    assert not Person.objects.exists(), "no seat before the address is confirmed"
    (personal,) = letters_to("ada@example.com")
    assert "You will open this studio" in client.get(personal).content.decode()
    assert client.post(personal, {"name": "Ada", "studio_name": ""}).status_code == 422
    client.post(personal, {"name": "Ada", "studio_name": "Northlight"})
    assert Seat.objects.get().studio.name == "Northlight"
    assert Invitation.objects.get(email="").uses == 1


def test_the_answer_to_an_address_is_the_same_whoever_has_it(client, people):
    code = link(studio=people.studio, founder_names=False, role="artist")
    here, elsewhere = people.artist.person.email, people.stranger.person.email
    answers = {
        email: client.post(f"/join/{code}/", {"email": email}).content.decode().replace(email, "X")
        for email in (here, elsewhere, "new@example.com")
    }
    csrf = re.compile(r'name="csrfmiddlewaretoken" value="[^"]+"|"X-CSRFToken": "[^"]+"')
    assert len({csrf.sub("", answer) for answer in answers.values()}) == 1
    assert not letters_to(here), "who sits there is told to sign in"
    assert mail.outbox
    assert len(letters_to(elsewhere)) == len(letters_to("new@example.com")) == 1


def test_asking_twice_writes_once_and_much_later_again_with_a_new_link(client, db):
    code = link()
    for _ in range(3):
        client.post(f"/join/{code}/", {"email": "ada@example.com"})
    (first,) = letters_to("ada@example.com")
    Letter.objects.update(written_at=timezone.now() - timedelta(hours=1))
    client.post(f"/join/{code}/", {"email": "ada@example.com"})
    *_, second = letters_to("ada@example.com")
    assert client.get(first).status_code == 410
    assert client.get(second).status_code == 200


def test_letters_from_one_address_of_the_network_are_limited(client, db):
    code = link()
    for number in range(LETTERS_ALLOWED):
        client.post(f"/join/{code}/", {"email": f"ada{number}@example.com"})
    assert client.post(f"/join/{code}/", {"email": "one-more@example.com"}).status_code == 429
    assert Letter.objects.count() == LETTERS_ALLOWED


def test_a_link_for_a_domain_is_for_that_very_domain(client, db):
    code = link(anybody=False, domain="@Lantern.example")
    for email in ("ada@example.com", "ada@mail.lantern.example", "ada@notlantern.example"):
        answer = client.post(f"/join/{code}/", {"email": email})
        assert answer.status_code == 422
        assert "addresses that end in @lantern.example" in answer.content.decode()
    assert client.post(f"/join/{code}/", {"email": "ADA@LANTERN.Example"}).status_code == 200
    assert len(letters_to("ada@lantern.example")) == 1


def test_who_is_signed_in_comes_by_a_link_with_one_press(people, sign_in):
    code = link(studio=people.other_studio, founder_names=False, role="artist")
    client = sign_in(people.artist)
    assert "Take the seat" in client.get(f"/join/{code}/").content.decode()
    client.post(f"/join/{code}/")
    assert Seat.objects.filter(person=people.artist.person, studio=people.other_studio).exists()
    assert client.post(f"/join/{code}/").status_code == 410


def test_who_is_signed_in_with_an_address_elsewhere_is_told(people, sign_in):
    code = link(anybody=False, domain="lantern.example")
    client = sign_in(people.artist)
    assert "for somebody else" in client.get(f"/join/{code}/").content.decode()
    client.post(f"/join/{code}/", {"studio_name": "Mine"})
    assert not Studio.objects.filter(name="Mine").exists()


def test_the_page_says_in_words_what_the_tier_gives(client, people):
    code = invite(studio_name="Northlight", role="owner")
    page = client.get(f"/join/{code}/").content.decode()
    for words in (
        "What the Studio tier gives",
        "up to 2.1 seconds, 672 × 384",
        "3,000 every month",
        "6 takes",
        "keys for programs",
    ):
        assert words in page
