"""What nobody sends by mistake: it is answered, not stumbled over, and costs no more than an honest request."""

import asyncio
import io
import time

import pytest
from django.test import Client
from PIL import Image

from access.letters import actions as letters
from accounts import actions as accounts
from audit.actors import Actor
from config import asgi
from screening.checks import Material, personal_data
from takes import actions, references
from tests import factories

ENDLESS = "9" * 5000  # more digits than Python reads as a number
BEFORE_TIME = "0001-01-01T00:00:00+23:59~00000000-0000-0000-0000-000000000000"
AFTER_TIME = "9999-12-31T23:59:59-23:59~00000000-0000-0000-0000-000000000000"


@pytest.fixture
def program(people):
    """A client with a key of the artist's that may do everything."""
    _, secret = accounts.create_key(
        seat=people.artist, name="test", scopes=accounts.SCOPES, expires_at=None, actor=Actor.of_seat(people.artist)
    )
    return Client(headers={"Authorization": f"Bearer {secret}"})


@pytest.mark.parametrize("cursor", [ENDLESS, "9" * 30, BEFORE_TIME, AFTER_TIME, "\0", "-1", "²"])
def test_a_made_up_cursor_is_answered(program, sign_in, people, cursor):
    project = factories.make_project(people.owner)
    for address in ("/projects/", f"/projects/{project.pk}/takes/", "/credits/entries/"):
        assert program.get(f"/api/v1{address}", {"after": cursor}).status_code == 200
    browser = sign_in(people.owner)
    assert browser.get("/projects/", {"after": cursor}).status_code == 200
    assert browser.get(f"/projects/{project.pk}/", {"after": cursor}).status_code == 200
    assert browser.get("/credits/", {"before": cursor}).status_code in (200, 404)


@pytest.mark.parametrize("number", ["0", "9" * 300, ENDLESS])
def test_a_policy_that_never_was_is_not_found(client, db, number):
    assert client.get(f"/policy/{number}/").status_code == 404


@pytest.mark.parametrize("text", ["a\0b", "\0"])
def test_text_that_no_database_keeps_is_refused_in_words(program, sign_in, people, text):
    project = factories.make_project(people.owner)
    for body in ({"prompt": text}, {"prompt": "a red balloon", "model": text}, {"prompt": "a\ud800b"}):
        sent = program.post(
            f"/api/v1/projects/{project.pk}/takes/",
            body,
            content_type="application/json",
            headers={"Idempotency-Key": "k"},
        )
        assert sent.status_code in (400, 422)
    browser = sign_in(people.owner)
    for address, form in (
        ("/projects/", {"name": text, "key": "k"}),
        ("/projects/", {"name": "Tidewater", "key": text}),
        (f"/projects/{project.pk}/", {"prompt": text, "key": "k"}),
        (f"/projects/{project.pk}/rename/", {"name": text}),
        ("/settings/", {"name": text}),
        ("/settings/keys/", {"name": text, "scopes": ["takes:read"], "days": 7}),
        ("/settings/seats/invite/", {"email": f"{text}@example.com", "role": "artist"}),
    ):
        assert browser.post(address, form).status_code in (200, 422), address


def test_json_nested_without_end_is_a_bad_request(program):
    sent = program.post("/api/v1/projects/", "[" * 200_000, content_type="application/json")
    assert sent.status_code == 400
    assert "nested" in sent.json()["error"]["message"]


def test_json_longer_than_any_request_is_not_read(program, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    sent = program.post("/api/v1/projects/", {"name": "n" * 1000}, content_type="application/json")
    assert (sent.status_code, sent.json()["error"]["code"]) == (413, "too_large")


def test_a_body_beyond_the_limit_is_not_read_to_its_end(monkeypatch):
    sent, asked = [], 0

    async def receive():
        nonlocal asked
        asked += 1
        return {"type": "http.request", "body": b"x" * 1024 * 1024, "more_body": True}

    async def site(scope, receive, send):
        while (await receive())["type"] == "http.request":
            pass

    async def send(message):
        sent.append(message)

    monkeypatch.setattr(asgi, "site", site)
    monkeypatch.setattr(asgi, "closing", asyncio.Event())
    asyncio.run(asgi.answer({"type": "http"}, receive, send))
    assert sent[0]["status"] == 413
    assert asked == asgi.LARGEST_BODY // 1024**2 + 1


@pytest.mark.parametrize("words", ["a" * 20_000, "a." * 10_000, "1" * 20_000, "a@" * 10_000, "a@b." * 5_000])
def test_looking_for_addresses_takes_time_in_proportion_to_the_words(words):
    began = time.process_time()
    list(personal_data(Material(words, (), None, "", ())))
    assert time.process_time() - began < 0.5


def test_no_more_is_screened_than_the_model_reads(people, monkeypatch):
    read = []
    decide = actions.screening.policy.decide
    monkeypatch.setattr(actions.screening.policy, "decide", lambda *a: read.append(len(a[1])) or decide(*a))
    project = factories.make_project(people.owner)
    told = actions.preflight(seat=people.owner, project=project, prompt="\u202e" * 20_000, wish=actions.Wish())
    assert not told.runs
    assert read == [told.plan.entry.prompt_limit]


def test_a_large_photograph_is_decoded_no_larger_than_it_is_kept(monkeypatch):
    opened, kept = Image.open, []

    def remember(*args, **how):
        kept.append(opened(*args, **how))
        return kept[-1]

    monkeypatch.setattr(references.Image, "open", remember)
    sent = io.BytesIO()
    Image.new("RGB", (9000, 6000), "teal").resize((8000, 6000)).save(sent, "JPEG")
    sent.seek(0)
    picture = references.clean(sent)
    assert (picture.width, picture.height) == (2048, 1536)
    assert kept[0].size == (2048, 1536)  # the full picture is let go, not copied


def test_a_name_with_a_line_break_writes_no_header_of_its_own(sign_in, people, mailoutbox):
    browser = sign_in(people.owner)
    browser.post("/settings/", {"name": "Ines\nBcc: everybody@example.com"})
    made = browser.post("/settings/seats/invite/", {"email": "new@example.com", "role": "artist", "key": "k"})
    assert made.status_code == 302
    letters.send_due()
    (letter,) = mailoutbox
    assert "\n" not in letter.subject
    assert letter.recipients() == ["new@example.com"]
