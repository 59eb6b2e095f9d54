"""What holds for every page of the frame: nothing inline, no dead link, bounded queries, the right headers."""

import hashlib
import tomllib

import pytest
from django.conf import settings
from django.contrib.messages.storage.base import Message
from django.test import Client

from accounts import actions
from audit.actors import Actor
from portal.templatetags.frame import browser, face, undo_url
from tests import factories
from tests.portal.pages import inline_things, links

OUTSIDE = [
    "/",
    "/sign-in/",
    "/sign-in/code/",
    "/sign-up/",
    "/sign-in/closed/",
    "/password/",
    "/password/sent/",
    "/password/done/",
    "/password/1-nonsense/",
    "/door/?sesame=nonsense",
    "/join/nonsense/",
    "/no/such/page/",
]
INSIDE = [
    "/settings/",
    "/settings/seats/",
    "/settings/keys/",
    "/settings/security/",
    "/settings/security/password/",
    "/settings/security/password/set/",
    "/settings/security/app/add/",
    "/settings/security/passkeys/",
    "/settings/security/passkeys/add/",
    "/settings/sessions/",
    "/sign-out/",
    "/no/such/page/",
]


def page_of(answer) -> str:
    return answer.content.decode()


@pytest.mark.parametrize("path", OUTSIDE)
def test_pages_before_the_door_hold_nothing_inline_and_no_dead_link(client, db, path):
    page = page_of(client.get(path))
    assert page.count("<h1") == 1
    assert inline_things(page) == []
    for link in links(page):
        assert client.get(link).status_code in {200, 302}, link


@pytest.mark.parametrize("path", INSIDE)
def test_pages_behind_the_door_hold_nothing_inline_and_no_dead_link(people, sign_in, path):
    client = sign_in(people.owner)
    actions.create_key(
        seat=people.artist, name="Suite", scopes=["takes:read"], expires_at=None, actor=Actor.house("tests")
    )
    page = page_of(client.get(path, follow=True))
    assert page.count("<h1") == 1
    assert inline_things(page) == []
    for link in links(page):
        assert client.get(link).status_code in {200, 302}, link


def test_the_reader_of_pages_sees_what_it_is_for():
    bad = """<p style="x"><style>a</style><script>1</script><a onclick="x" href="javascript:x">
             <img src="https://elsewhere.example/a.png"><script type="application/json">{}</script>"""
    assert len(inline_things(bad)) == 6


@pytest.mark.parametrize(
    ("path", "most"),
    [
        ("/settings/", 6),
        ("/settings/seats/", 11),
        ("/settings/keys/", 10),
        ("/settings/security/", 8),
        ("/settings/sessions/", 10),
    ],
)
def test_a_page_asks_the_database_as_often_however_much_there_is(
    people, sign_in, path, most, django_assert_max_num_queries
):
    """Session, person, seats, and two for the credits in the rail: 5 before a page begins its own."""
    client = sign_in(people.owner)
    client.get(path)
    for number in range(5):
        seat = factories.make_seat("artist", studio=people.studio)
        actions.create_key(
            seat=seat, name=f"Key {number}", scopes=["takes:read"], expires_at=None, actor=Actor.house("tests")
        )
        factories.make_seat("guest", person=people.owner.person)
    with django_assert_max_num_queries(most):
        assert client.get(path).status_code == 200


def test_the_front_page_asks_the_database_nothing(client, db, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert client.get("/").status_code == 200


def test_signed_in_people_go_from_the_front_page_to_their_projects(people, sign_in):
    assert sign_in(people.artist).get("/").headers["Location"] == "/projects/"


def test_the_rail_shows_only_what_the_seat_may_enter(people, sign_in):
    def rail(seat) -> list[str]:
        page = sign_in(seat).get("/settings/")
        return [place.title for place in page.context["places"]()]

    assert rail(people.owner) == ["Projects", "Credits", "Settings"]
    assert rail(people.guest) == ["Projects", "Settings"]


def test_credits_left_stand_beside_their_place(people, sign_in):
    page = sign_in(people.owner).get("/settings/")
    assert {place.title: place.count for place in page.context["places"]()}["Credits"] == "1,000"


def test_the_tab_of_the_page_is_current(people, sign_in):
    page = sign_in(people.owner).get("/settings/security/password/set/")
    assert [place.title for place in page.context["settings_places"]() if place.current] == ["Security"]


# --- Errors


def test_an_unknown_address_is_a_page_of_the_house(client, db):
    answer = client.get("/no/such/page/")
    assert answer.status_code == 404
    assert "nothing behind this door" in page_of(answer)


def test_a_broken_page_says_so_without_the_database(client, monkeypatch):
    def broken(*_, **__):
        raise RuntimeError("on purpose")

    monkeypatch.setattr("portal.views.render", broken)
    client.raise_request_exception = False
    answer = client.get("/")
    assert answer.status_code == 500
    assert "broke on our side" in page_of(answer)
    assert inline_things(page_of(answer)) == []


def test_a_form_from_nowhere_is_refused_kindly(people):
    client = Client(enforce_csrf_checks=True)
    answer = client.post("/sign-in/", {"login": "x@example.com", "password": "x"})
    assert answer.status_code == 403
    assert "waited too long" in page_of(answer)


def test_health_says_that_the_database_answers(client, db, django_assert_num_queries):
    with django_assert_num_queries(1):
        answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    assert "no-store" in answer.headers["Cache-Control"]


# --- Headers


def test_the_policy_allows_nothing_inline_and_nothing_foreign(client, db):
    policy = client.get("/").headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "style-src 'self'" in policy
    assert "unsafe" not in policy


def test_pages_carry_the_headers_that_keep_them_safe(people, sign_in):
    headers = sign_in(people.owner).get("/settings/").headers
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]
    assert "private" in headers["Cache-Control"]


@pytest.mark.parametrize("path", [path for path in INSIDE if path.startswith("/settings/")])
def test_nobody_reads_settings_without_signing_in(client, db, path):
    assert client.get(path).headers["Location"].startswith("/sign-in/")


# --- What we did not write


def test_what_is_vendored_is_what_we_say_it_is():
    folder = settings.ROOT / "static" / "vendor"
    listed = tomllib.loads((folder / "VENDORED.toml").read_text())["vendored"]
    for one in listed:
        assert hashlib.sha256((folder / one["file"]).read_bytes()).hexdigest() == one["sha256"], one["name"]
        assert one["licence"]
    files = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert files == {one["file"] for one in listed} | {"VENDORED.toml"}


# --- Small helpers


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605 Version/18 Safari/605", "Safari on macOS"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/140 Safari/537 Edg/140.0", "Edge on Windows"),
        ("Mozilla/5.0 (Linux; Android 15) Chrome/140 Mobile Safari/537", "Chrome on Android"),
        ("curl/8.5", "curl/8.5"),
        ("", "Unknown browser"),
    ],
)
def test_a_browser_is_named_in_words(header, words):
    assert browser(header) == words


def test_a_message_carries_its_undo():
    assert undo_url(Message(25, "Done.", extra_tags="undo:/settings/seats/1/restore/")) == "/settings/seats/1/restore/"
    assert undo_url(Message(25, "Done.")) == ""


def test_a_face_is_one_of_eight(people):
    assert face(people.owner.person) in {f"face-{number}" for number in range(8)}
