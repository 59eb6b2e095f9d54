"""Every way in: password, e-mailed code, a link that works once, a second step; and the ways that stay shut."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from allauth.usersessions.models import UserSession
from django.core import mail
from django.core.cache import cache
from django.test import Client

from accounts import actions
from accounts.models import Person
from audit.models import Record
from tests import factories

PASSWORD = factories.PASSWORD


@pytest.fixture
def ines(db) -> Person:
    return factories.make_seat(
        "owner", person=factories.make_person("Ines", email="ines@example.com", password=PASSWORD)
    ).person


def is_signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def enter(client: Client, email="ines@example.com", password=PASSWORD):
    return client.post("/sign-in/", {"login": email, "password": password})


def enter_and_confirm(client: Client) -> None:
    enter(client)
    client.post("/settings/confirm/", {"password": PASSWORD})


# --- Password


def test_a_password_signs_in(client, ines):
    assert enter(client).headers["Location"] == "/"
    assert is_signed_in(client)


@pytest.mark.parametrize(
    ("email", "password"), [("ines@example.com", "wrong"), ("nobody@example.com", PASSWORD), ("ines@example.com", "")]
)
def test_a_wrong_pair_signs_nobody_in(client, ines, email, password):
    assert enter(client, email, password).status_code == 200
    assert not is_signed_in(client)


def test_an_unknown_address_and_a_wrong_password_read_the_same(client, ines):
    one, other = (
        enter(client, *pair).content.decode() for pair in [("ines@example.com", "no"), ("no@example.com", "no")]
    )
    told = re.compile(r'role="alert">(.*?)</div>', re.S)
    assert told.search(one)[1] == told.search(other)[1]


def test_guessing_is_slowed(client, ines):
    answers = [enter(client, password="guess") for _ in range(6)]
    assert "Too many" in answers[-1].content.decode() or answers[-1].status_code == 429
    assert enter(client).status_code != 302, "not even the right one, for a while"


def test_a_closed_account_stays_out(client, ines):
    Person.objects.filter(pk=ines.pk).update(is_active=False)
    enter(client)
    assert not is_signed_in(client)


def test_a_forgotten_password_is_replaced_by_mail(client, ines):
    client.post("/password/", {"email": ines.email})
    path = urlsplit(re.search(r"http\S+", mail.outbox[0].body)[0]).path
    page = client.get(path, follow=True)
    client.post(page.request["PATH_INFO"], {"password1": "quite another lamp", "password2": "quite another lamp"})
    assert not is_signed_in(client)
    enter(client, password="quite another lamp")
    assert is_signed_in(client)
    assert Record.objects.filter(action="person.password_changed", target_id=str(ines.pk)).count() == 1


# --- E-mailed code


def test_an_e_mailed_code_signs_in(client, ines):
    assert client.post("/sign-in/code/", {"email": ines.email}).headers["Location"] == "/sign-in/code/confirm/"
    code = re.search(r"^    (\S+)$", mail.outbox[0].body, re.M)[1]
    assert "Stagedoor" in mail.outbox[0].subject
    client.post("/sign-in/code/confirm/", {"code": code})
    assert is_signed_in(client)


def test_a_wrong_code_signs_nobody_in(client, ines):
    client.post("/sign-in/code/", {"email": ines.email})
    client.post("/sign-in/code/confirm/", {"code": "nonsense"})
    assert not is_signed_in(client)


def test_asking_for_a_code_does_not_tell_who_is_known(client, ines):
    known = client.post("/sign-in/code/", {"email": ines.email})
    unknown = Client().post("/sign-in/code/", {"email": "nobody@example.com"})
    assert (known.status_code, known.headers["Location"]) == (unknown.status_code, unknown.headers["Location"])


# --- A link that works once


def link_of(person: Person) -> tuple[str, str]:
    path = actions.sign_in_link(person)
    return path, parse_qs(urlsplit(path).query)["sesame"][0]


def test_a_link_signs_in_when_the_button_is_pressed(client, ines):
    path, token = link_of(ines)
    page = client.get(path)
    assert page.status_code == 200
    assert "Hello, Ines" in page.content.decode()
    assert not is_signed_in(client), "mail programs look at links; looking must not sign in"
    assert client.post("/door/", {"sesame": token}).headers["Location"] == "/"
    assert is_signed_in(client)


def test_looking_at_a_link_does_not_spend_it(client, ines):
    path, token = link_of(ines)
    for _ in range(3):
        Client().get(path)
    client.post("/door/", {"sesame": token})
    assert is_signed_in(client)


def test_a_link_works_once(client, ines):
    path, token = link_of(ines)
    Client().post("/door/", {"sesame": token})
    again = client.post("/door/", {"sesame": token})
    assert again.status_code == 410
    assert not is_signed_in(client)
    assert client.get(path).status_code == 410


def test_of_two_copies_of_a_link_read_at_once_one_wins(ines, monkeypatch):
    _, token = link_of(ines)
    stale = Person.objects.get(pk=ines.pk)
    assert actions.spend_sign_in_link(token) == ines
    monkeypatch.setattr(actions, "get_user", lambda *_, **__: stale)  # the other process has read it already
    assert actions.spend_sign_in_link(token) is None


@pytest.mark.parametrize("token", ["", "x", "A" * 200])
def test_nonsense_opens_no_door(client, db, token):
    assert client.get("/door/", {"sesame": token}).status_code == 410
    assert client.post("/door/", {"sesame": token}).status_code == 410


def test_a_link_does_not_skip_the_second_step(client, ines):
    _activate_totp(ines)
    _, token = link_of(ines)
    assert client.post("/door/", {"sesame": token}).headers["Location"].startswith("/sign-in/second-step/")
    assert not is_signed_in(client)


# --- The second step, passkeys


def _activate_totp(person: Person) -> str:
    secret = generate_totp_secret()
    TOTP.activate(person, secret)
    return secret


def _digits(secret: str) -> str:
    return format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))


def test_an_authenticator_app_asks_for_its_digits(client, ines):
    secret = _activate_totp(ines)
    assert enter(client).headers["Location"].startswith("/sign-in/second-step/")
    assert client.get("/sign-in/second-step/").status_code == 200
    client.post("/sign-in/second-step/", {"code": "000000"})
    assert not is_signed_in(client)
    client.post("/sign-in/second-step/", {"code": _digits(secret)})
    assert is_signed_in(client)


def test_turning_the_app_on_takes_its_digits_and_gives_recovery_codes(client, ines, django_capture_on_commit_callbacks):
    enter_and_confirm(client)
    page = client.get("/settings/security/app/add/")
    assert page.status_code == 200
    secret = page.context["form"].secret
    with django_capture_on_commit_callbacks(execute=True):
        client.post("/settings/security/app/add/", {"code": _digits(secret)})
    assert Authenticator.objects.filter(user=ines, type=Authenticator.Type.TOTP).exists()
    assert Record.objects.filter(action="person.authenticator_added", target_id=str(ines.pk)).exists()
    codes = client.get("/settings/security/codes/")
    assert codes.status_code == 200
    assert len(codes.context["unused_codes"]) == 10


@pytest.mark.parametrize(
    "path",
    [
        "/settings/security/",
        "/settings/security/password/",
        "/settings/security/app/add/",
        "/settings/security/passkeys/",
        "/settings/security/passkeys/add/",
        "/settings/sessions/",
    ],
)
def test_the_pages_that_guard_a_person_render(client, ines, path):
    enter_and_confirm(client)
    assert client.get(path).status_code == 200


def test_a_passkey_can_be_asked_for_on_the_way_in(client, ines):
    answer = client.get("/sign-in/passkey/", headers={"accept": "application/json"})
    assert answer.json()["request_options"]["publicKey"]["challenge"]


def test_what_guards_the_account_asks_once_more_who_it_is(client, ines, settings):
    enter(client)
    asked = client.get("/settings/security/app/add/").headers["Location"]
    assert asked.startswith("/settings/confirm/")
    assert client.get(asked).status_code == 200
    client.post(asked, {"password": PASSWORD})
    assert client.get("/settings/security/app/add/").status_code == 200
    settings.ACCOUNT_REAUTHENTICATION_TIMEOUT = 0
    assert client.get("/settings/security/app/add/").status_code == 302


def test_the_apps_secret_is_not_readable_in_the_database(ines):
    secret = _activate_totp(ines)
    assert secret not in str(Authenticator.objects.get(user=ines, type=Authenticator.Type.TOTP).data)


# --- Sessions


def test_sessions_are_listed_and_the_others_ended(client, ines):
    elsewhere = Client(headers={"user-agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"})
    for one in (client, elsewhere):
        enter(one)
        one.get("/settings/")
    page = client.get("/settings/sessions/").content.decode()
    assert "Firefox on Linux" in page
    assert UserSession.objects.filter(user=ines).count() == 2
    client.post("/settings/sessions/")
    assert client.get("/settings/").status_code == 200
    assert elsewhere.get("/settings/").headers["Location"].startswith("/sign-in/")


def test_looking_around_writes_when_a_session_was_seen_once_a_minute(client, ines):
    enter(client)
    client.get("/settings/")
    first = UserSession.objects.get(user=ines).last_seen_at
    client.get("/settings/")
    assert UserSession.objects.get(user=ines).last_seen_at == first
    cache.clear()  # a minute later
    client.get("/settings/")
    assert UserSession.objects.get(user=ines).last_seen_at > first


def test_signing_out_takes_a_press_not_a_look(client, ines):
    enter(client)
    client.get("/sign-out/")
    assert is_signed_in(client)
    client.post("/sign-out/")
    assert not is_signed_in(client)


# --- What stays shut


def test_sign_up_is_closed(client, db):
    page = client.get("/sign-up/")
    assert "By invitation" in page.content.decode()
    client.post("/sign-up/", {"email": "new@example.com", "password1": PASSWORD})
    assert not Person.objects.exists()


def test_nobody_is_sent_off_to_another_house(client, ines):
    answer = client.post("/sign-in/?next=https://evil.example/", {"login": ines.email, "password": PASSWORD})
    assert answer.headers["Location"] == "/"
