"""Asking for access: without an account, with a link from a letter, and not by programs."""

import re
import time

import pytest
from django.core import mail
from django.test import Client

from access.applications import actions, guards
from access.letters.actions import send_due
from access.models import Application, Letter
from tests import factories
from tests.portal.pages import inline_things, links

pytestmark = pytest.mark.django_db


def filled(**told) -> dict[str, str]:
    return factories.APPLICATION | {"email": "ada@example.com", "read_at": guards.stamp(time.time() - 60)} | told


def page_of(answer) -> str:
    return answer.content.decode()


def link_in_letter() -> str:
    send_due()
    return "/apply/" + mail.outbox[-1].body.partition("/apply/")[2].split()[0]


# --- From the first word to the inbox


def test_somebody_applies_confirms_and_sees_where_they_stand(client):
    answer = client.post("/apply/", filled(), follow=True)
    assert "Look into your mail" in page_of(answer)
    confirm = link_in_letter()
    assert confirm.endswith("/confirm/")
    page = page_of(client.get(confirm))
    assert "Send it like this?" in page
    assert Application.objects.get().state == "draft", "looking at it, as mail programs do, sends nothing"
    answer = client.post(confirm, follow=True)
    assert "We have your application" in page_of(answer)
    assert Application.objects.get().state == "sent"
    assert "/apply/" in link_in_letter()


def test_a_draft_is_saved_unfinished_and_resumed_on_another_device(client):
    client.post("/apply/", filled(name="", would_make="", kind="", then="save"))
    path = link_in_letter()
    other = Client()
    assert "whole" not in mail.outbox[-1].body
    page = page_of(other.get(path))
    assert "Moreau &amp; Daughters" in page
    assert path in page, "the link is shown, to be kept"
    answer = other.post(path, factories.APPLICATION | {"name": "Ada", "links": "a.example\nb.example", "then": "save"})
    assert answer.headers["Location"] == path
    draft = Application.objects.get()
    assert (draft.name, draft.links) == ("Ada", ["https://a.example", "https://b.example"])
    assert other.post(path, factories.APPLICATION).headers["Location"] == f"{path}confirm/"


def test_what_is_sent_must_be_whole_and_what_was_typed_stays(client):
    answer = client.post("/apply/", filled(would_make="", studio_name=""))
    assert answer.status_code == 422
    assert set(answer.context["form"].errors) == {"would_make", "studio_name"}
    assert "Ada Moreau" in page_of(answer)
    assert not Application.objects.exists()


def test_an_unfinished_draft_says_what_it_lacks_before_it_is_sent(client):
    _, code = factories.make_application(name="")
    page = page_of(client.get(f"/apply/{code}/confirm/"))
    assert "tell us your name" in page
    assert "Send it</button>" not in page
    assert client.post(f"/apply/{code}/confirm/").status_code == 409


def test_an_artist_alone_needs_no_studio(client):
    client.post("/apply/", filled(kind="artist"))
    assert Application.objects.get().studio_name == ""


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("name", "x" * 121),
        ("studio_name", "x" * 121),
        ("would_make", "x" * 3001),
        ("worries", "x" * 2001),
        ("links", "https://a.example/" + "x" * 300),
        ("links", "javascript:alert(1)"),
        ("kind", "lab"),
        ("email", "nobody"),
        ("name", "a\0b"),
    ],
)
def test_what_does_not_fit_is_said_beside_its_field_even_unfinished(client, field, text):
    answer = client.post("/apply/", filled(then="save", **{field: text}))
    assert answer.status_code == 422
    assert field in answer.context["form"].errors


def test_a_line_s_end_counts_as_one_character(client):
    assert client.post("/apply/", filled(would_make="\r\n".join("x" * 1500))).status_code == 302


# --- Nobody learns who has applied


def test_the_page_is_the_same_whether_the_address_has_applied_or_not(client):
    factories.make_application("ada@example.com", sent=True)
    known = client.post("/apply/", filled(), follow=True)
    unknown = Client().post("/apply/", filled(email="bo@example.com"), follow=True)
    assert known.redirect_chain == unknown.redirect_chain
    token = re.compile(r'"X-CSRFToken": "\w+"')
    assert token.sub("", page_of(known)) == token.sub("", page_of(unknown))


def test_whoever_asks_again_gets_the_link_to_what_they_have(client):
    sent, _ = factories.make_application("ada@example.com", sent=True)
    sent.own_links.all().delete()
    client.post("/apply/", filled(email="ADA@example.com", name="Somebody Else"))
    path = link_in_letter()
    assert "already" in mail.outbox[-1].body
    assert "Ada Moreau" in page_of(client.get(path))
    assert Application.objects.count() == 1


def test_drafts_and_standings_are_in_no_cache(client):
    _, code = factories.make_application()
    assert "no-store" in client.get(f"/apply/{code}/").headers["Cache-Control"]


# --- Where it stands


def test_after_sending_answers_cannot_be_changed(client):
    application, code = factories.make_application(sent=True)
    answer = client.post(f"/apply/{code}/", factories.APPLICATION | {"name": "Eve"}, follow=True)
    assert "stay as they are" in page_of(answer)
    application.refresh_from_db()
    assert application.name == "Ada Moreau"
    assert client.get(f"/apply/{code}/confirm/").headers["Location"] == f"/apply/{code}/"


def test_an_applicant_takes_it_back_and_may_ask_again(client):
    application, code = factories.make_application(sent=True)
    page = page_of(client.post(f"/apply/{code}/withdraw/", follow=True))
    assert "You took it back" in page
    assert "Ask again" in page
    application.refresh_from_db()
    assert application.state == "withdrawn"


def test_a_link_that_leads_nowhere_says_so_and_trying_many_earns_a_pause(client):
    for _ in range(guards.WRONG_CODES_ALLOWED):
        assert client.get("/apply/nonsense/").status_code == 410
    answer = client.get("/apply/nonsense/")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, str(guards.WRONG_CODES_WINDOW))


def test_links_are_shown_as_text_to_their_applicant(client):
    _, code = factories.make_application(sent=True)
    page = page_of(client.get(f"/apply/{code}/"))
    assert "https://moreau.example/reel" in page
    assert inline_things(page) == []


# --- Programs


def test_a_filled_trap_is_refused_and_nothing_typed_is_lost(client):
    answer = client.post("/apply/", filled(**{guards.TRAP: "555"}))
    assert answer.status_code == 422
    page = page_of(answer)
    assert "as programs do" in page
    assert "A short film about the tide." in page
    assert "555" not in page
    assert not Application.objects.exists()


@pytest.mark.parametrize(
    ("age", "said"), [(0, "quicker than people write"), (2, "quicker"), (24 * 3600 + 60, "more than a day")]
)
def test_a_form_sent_too_fast_or_too_late_is_refused_and_nothing_typed_is_lost(client, monkeypatch, age, said):
    now = time.time()
    answer = client.post("/apply/", filled(read_at=guards.stamp(now - age)))
    assert answer.status_code == 422
    assert said in page_of(answer)
    assert "A short film about the tide." in page_of(answer)
    monkeypatch.setattr(guards.time, "time", lambda: now + 4)
    again = filled(read_at=answer.context["read_at"])
    assert client.post("/apply/", again).status_code == 302, "the form as it is shown again can be sent"


@pytest.mark.parametrize("stamp", ["", "nonsense", "1:2:3", guards.SALT])
def test_a_stamp_of_one_s_own_is_no_stamp(client, stamp):
    assert client.post("/apply/", filled(read_at=stamp)).status_code == 422
    assert not Application.objects.exists()


def test_one_caller_begins_ten_an_hour_and_loses_nothing_with_the_eleventh(client):
    for number in range(guards.BEGUN_ALLOWED):
        assert client.post("/apply/", filled(email=f"a{number}@example.com")).status_code == 302
    answer = client.post("/apply/", filled())
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "3600")
    assert "A short film about the tide." in page_of(answer)
    elsewhere = client.post("/apply/", filled(), REMOTE_ADDR="198.51.100.7")
    assert elsewhere.status_code == 302


def test_saving_has_a_limit_too(client, monkeypatch):
    monkeypatch.setattr(guards, "SAVED_ALLOWED", 1)
    _, code = factories.make_application()
    assert client.post(f"/apply/{code}/", factories.APPLICATION).status_code == 302
    answer = client.post(f"/apply/{code}/", factories.APPLICATION | {"name": "Still Here"})
    assert answer.status_code == 422
    assert "Still Here" in page_of(answer)


def test_a_form_needs_its_token(people):
    assert Client(enforce_csrf_checks=True).post("/apply/", filled()).status_code == 403


# --- Closed


def test_a_closed_house_says_so_kindly(client, settings):
    _, code = factories.make_application()
    settings.APPLICATIONS_OPEN = False
    answer = client.get("/apply/")
    assert answer.status_code == 200
    assert "no applications at the moment" in page_of(answer)
    assert client.post("/apply/", filled()).status_code == 403
    assert Application.objects.count() == 1
    assert client.get(f"/apply/{code}/").status_code == 200, "who has a draft may still read it"
    assert client.post(f"/apply/{code}/confirm/").status_code == 409
    assert "Ask for access" not in page_of(client.get("/"))


def test_the_front_page_leads_here(client):
    assert "/apply/" in links(page_of(client.get("/")))


# --- Pages


def states() -> dict[str, str]:
    made = {name: factories.make_application(sent=name != "draft") for name in ("draft", "sent", "withdrawn")}
    actions.withdraw(application=made["withdrawn"][0])
    return {name: code for name, (_, code) in made.items()}


def test_every_page_holds_nothing_inline_and_no_dead_link(client):
    codes = states()
    paths = ["/apply/", "/apply/written/", "/apply/nonsense/", f"/apply/{codes['draft']}/confirm/"]
    for path in [*paths, *(f"/apply/{code}/" for code in codes.values())]:
        page = page_of(client.get(path))
        assert page.count("<h1") == 1, path
        assert inline_things(page) == [], path
        for link in links(page):
            assert client.get(link).status_code in {200, 302}, link


def test_a_page_asks_the_database_little(client, django_assert_max_num_queries):
    codes = states()
    for code in codes.values():
        with django_assert_max_num_queries(1):
            client.get(f"/apply/{code}/")
    with django_assert_max_num_queries(0):
        client.get("/apply/")


def test_a_name_that_is_markup_or_a_line_stays_text(client):
    client.post("/apply/", filled(name="<script>x</script> {link}"))
    path = link_in_letter()
    client.post(path)
    assert "<script>x" not in page_of(client.get(path.removesuffix("confirm/")))
    send_due()
    assert "<script>x</script> {link}" in mail.outbox[-1].body, "a letter is plain text"
    assert Letter.objects.filter(text="").count() == 2
