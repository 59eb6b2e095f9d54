"""What a request says of itself (its host, the address it comes from) is its sender's word, and treated as such."""

import logging

import pytest
from allauth.account.adapter import get_adapter
from django.conf import settings as configured
from django.test import RequestFactory
from rest_framework.throttling import SimpleRateThrottle

from access.letters import actions as letters
from api.throttling import SeatThrottle
from config.logs import Console
from tests import factories


@pytest.fixture
def any_host(settings):
    settings.ALLOWED_HOSTS = ["*"]


def test_the_link_that_resets_a_password_leads_to_the_house(client, db, any_host, mailoutbox):
    factories.make_person(email="ines@example.com", password=factories.PASSWORD)
    client.post("/password/", {"email": "ines@example.com"}, headers={"Host": "elsewhere.example"})
    assert "elsewhere" not in mailoutbox[0].body
    assert f"{configured.SITE_URL}/password/" in mailoutbox[0].body


def test_the_link_of_an_invitation_leads_to_the_house(sign_in, people, any_host, mailoutbox):
    form = {"email": "new@example.com", "role": "artist", "key": "k"}
    sign_in(people.owner).post("/settings/seats/invite/", form, headers={"Host": "elsewhere.example"})
    letters.send_due()
    assert "elsewhere" not in mailoutbox[0].body
    assert f"{configured.SITE_URL}/join/" in mailoutbox[0].body


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example/", "//evil.example", "http://localhost/", "/\\evil.example", "javascript:0"]
)
def test_signing_in_leads_to_a_page_here(client, db, elsewhere):
    factories.make_person(email="ines@example.com", password=factories.PASSWORD)
    form = {"login": "ines@example.com", "password": factories.PASSWORD, "next": elsewhere}
    assert client.post("/sign-in/", form).headers["Location"] == "/"


def test_without_a_proxy_nobody_chooses_the_address_they_are_counted_under():
    request = RequestFactory().get("/", headers={"X-Forwarded-For": "203.0.113.9"})
    assert get_adapter().get_client_ip(request) == "127.0.0.1"
    assert SeatThrottle().get_ident(request) == "127.0.0.1"


def test_behind_the_proxy_only_what_the_proxy_added_counts(settings, monkeypatch):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    settings.REST_FRAMEWORK = settings.REST_FRAMEWORK | {"NUM_PROXIES": 1}
    request = RequestFactory().get("/", headers={"X-Forwarded-For": "198.51.100.1, 203.0.113.9"})
    assert get_adapter().get_client_ip(request) == "203.0.113.9"
    assert SeatThrottle().get_ident(request) == "203.0.113.9"


def test_changing_ones_own_claims_buys_no_more_requests(client, db, monkeypatch):
    monkeypatch.setattr(SimpleRateThrottle, "THROTTLE_RATES", {"seat": "3/min"})
    seen = [
        client.get("/api/v1/openapi.json", headers={"X-Forwarded-For": f"203.0.113.{i}"}).status_code for i in range(4)
    ]
    assert seen == [200, 200, 200, 429]


@pytest.mark.parametrize(
    ("line", "written"),
    [
        ("Gone: /join/c0de-C0DE_x/", "Gone: /join/…/"),
        ("Gone: /apply/c0de-C0DE_x/confirm/", "Gone: /apply/…/confirm/"),
        ("GET /door/?sesame=AbC-_123:x HTTP/1.1", "GET /door/?sesame=… HTTP/1.1"),
        ("Bad Request: /password/1k-dikvta-7e571548/", "Bad Request: /password/1k-…/"),
        ("key sd_abcdefghij_S3cr-et is known", "key sd_abcdefghij_… is known"),
        ("Not Found: /projects/7/", "Not Found: /projects/7/"),
    ],
)
def test_what_lets_somebody_in_is_not_written_to_the_log(line, written):
    record = logging.LogRecord("django.request", logging.WARNING, "", 0, "%s", (line,), None)
    assert Console().format(record) == written


def test_every_line_of_the_log_goes_through_that_door():
    assert {handler["class"] for handler in configured.LOGGING["handlers"].values()} == {"config.logs.Console"}
