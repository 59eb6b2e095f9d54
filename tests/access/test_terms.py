"""Terms: written, published, accepted; who has not accepted the newest is asked, and nobody else notices."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from access.errors import InvalidTerms, TermsNotAccepted
from access.invitations import actions as invitations
from access.models import TermsAcceptance, TermsVersion, Tier
from access.terms import actions, queries
from access.terms.rules import Newest, blocks
from accounts import actions as accounts
from accounts.models import Person
from audit.actions import Actor
from audit.models import Record
from tests.at_once import at_once
from tests.factories import make_person, make_seat
from tests.portal.pages import inline_things

HOUSE = Actor.house("tests")
BROWSER = {"Accept": "text/html,application/xhtml+xml"}


def publish(text: str = "# Be kind\nTo everybody.", **details) -> TermsVersion:
    draft = actions.write(title="Terms of use", text=text, actor=HOUSE, **details)
    return actions.publish(version=draft, actor=HOUSE)


def invite(email="ada@example.com", **details):
    details = {
        "tier": Tier.objects.get(slug="studio"),
        "role": "owner",
        "studio_name": "Ada's",
        "actor": HOUSE,
    } | details
    return invitations.invite(email=email, **details)[1]


# --- The text --------------------------------------------------------------------------------------------------------


def test_paragraphs_stand_between_empty_lines_and_headings_begin_with_a_mark():
    text = "# What this is\nOne line\nand another.\n\nA second <b>paragraph</b>.\n#  Next \n\n#\n"
    assert [(one.is_heading, one.text) for one in blocks(text)] == [
        (True, "What this is"),
        (False, "One line\nand another."),
        (False, "A second <b>paragraph</b>."),
        (True, "Next"),
    ]


@given(st.text())
def test_no_word_of_a_text_is_lost(text):
    shown = " ".join(one.text for one in blocks(text)).split()
    words = [word for line in text.splitlines() for word in line.strip().lstrip("#").split()]
    assert [word.lstrip("#") for word in shown if word.lstrip("#")] == [w.lstrip("#") for w in words if w.lstrip("#")]


def test_grace_is_counted_from_the_publication():
    asked = Newest(1, timezone.now())
    assert not asked.must_be_accepted(asked.published_at + timedelta(days=13, hours=23), 14)
    assert asked.must_be_accepted(asked.published_at + timedelta(days=14), 14)
    assert asked.must_be_accepted(asked.published_at, 0)


# --- Writing and publishing ------------------------------------------------------------------------------------------


def test_there_is_one_draft_and_it_becomes_the_version_in_force(db):
    first = actions.write(title="Terms", text="One.", actor=HOUSE)
    assert actions.write(title="Terms", text="Two.", actor=HOUSE).pk == first.pk
    assert queries.in_force() is None
    actions.publish(version=first, actor=HOUSE)
    actions.publish(version=first, actor=HOUSE)
    assert (queries.in_force().number, queries.in_force().text, queries.draft()) == (1, "Two.", None)
    assert publish("Three.").number == 2
    assert Record.objects.filter(action="terms.published").count() == 2


@pytest.mark.parametrize("details", [{"title": " "}, {"title": "x" * 121}, {"text": "x" * 100_001}])
def test_terms_that_cannot_be_are_refused(db, details):
    with pytest.raises(InvalidTerms):
        actions.write(**({"title": "Terms", "text": "One."} | details), actor=HOUSE)


def test_what_is_empty_or_not_what_was_read_is_not_published(db):
    draft = actions.write(title="Terms", text="", actor=HOUSE)
    with pytest.raises(InvalidTerms, match="nothing to agree"):
        actions.publish(version=draft, actor=HOUSE)
    read = actions.fingerprint(actions.write(title="Terms", text="One.", actor=HOUSE))
    actions.write(title="Terms", text="One, and another.", actor=HOUSE)
    with pytest.raises(InvalidTerms, match="Read it again"):
        actions.publish(version=draft, actor=HOUSE, sha256=read)


def test_a_published_version_never_changes_by_any_way(db):
    version = publish()
    version.text = "Something else."
    with pytest.raises(TypeError, match="write a new version"):
        version.save()
    for spoil in (
        lambda: TermsVersion.objects.update(text="Something else."),
        lambda: TermsVersion.objects.update(published_at=None, published_by=None),
        lambda: TermsVersion.objects.all()._raw_delete("default"),
    ):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            spoil()
    assert TermsVersion.objects.get().text == "# Be kind\nTo everybody."


def test_an_acceptance_never_changes_either(db):
    publish()
    actions.accept(person=make_person(), number=1)
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        TermsAcceptance.objects.update(at=timezone.now())


# --- Accepting -------------------------------------------------------------------------------------------------------


def test_accepting_is_written_down_once(db):
    publish()
    person = make_person()
    for _ in range(2):
        actions.accept(person=person, number=1)
    accepted = TermsAcceptance.objects.get()
    assert (accepted.person, accepted.version.number, accepted.how, accepted.seat) == (person, 1, "again", None)
    assert Record.objects.filter(action="terms.accepted").count() == 1


def test_only_the_newest_can_be_accepted(db):
    publish()
    publish("Newer.")
    person = make_person()
    with pytest.raises(TermsNotAccepted, match=r"A newer version .* version 2"):
        actions.accept(person=person, number=1)
    with pytest.raises(TermsNotAccepted, match="Please read the terms, version 2"):
        actions.accept(person=person, number=None)
    actions.accept(person=person, number=2)


def test_where_there_are_no_terms_nothing_is_asked(db):
    actions.accept(person=make_person(), number=None)
    assert invitations.accept(code=invite(), name="Ada")
    assert not TermsAcceptance.objects.exists()


def test_who_comes_in_accepts_on_the_way_and_nothing_is_left_of_who_does_not(db):
    publish()
    code = invite()
    for number in (None, 2):
        with pytest.raises(TermsNotAccepted):
            invitations.accept(code=code, name="Ada", terms=number)
    assert not Person.objects.exists()
    seat = invitations.accept(code=code, name="Ada", terms=1)
    accepted = TermsAcceptance.objects.get()
    assert (accepted.person, accepted.how, accepted.seat) == (seat.person, "invitation", seat)


def test_who_accepted_already_takes_another_seat_without_being_asked(db):
    publish()
    person = make_person(email="ada@example.com")
    actions.accept(person=person, number=1)
    assert invitations.accept(code=invite(), person=person)


@pytest.mark.django_db(transaction=True)
def test_drafts_and_publications_and_acceptances_at_once_are_one():
    assert (
        len(
            {
                one.pk
                for one in at_once(*(lambda n=n: actions.write(title=f"T{n}", text="x", actor=HOUSE) for n in range(4)))
            }
        )
        == 1
    )
    draft, person = queries.draft(), make_person()
    at_once(*(lambda: actions.publish(version=draft, actor=HOUSE) for _ in range(4)))
    assert Record.objects.filter(action="terms.published").count() == 1
    assert at_once(*(lambda: actions.accept(person=person, number=1) for _ in range(4))) == [None] * 4
    assert Record.objects.filter(action="terms.accepted").count() == TermsAcceptance.objects.count() == 1


# --- Being asked -----------------------------------------------------------------------------------------------------


def test_every_page_leads_to_the_new_terms_and_back(people, sign_in):
    publish()
    client = sign_in(people.artist)
    answer = client.get("/settings/seats/?a=1", headers=BROWSER)
    assert answer.headers["Location"] == "/terms/accept/?next=%2Fsettings%2Fseats%2F%3Fa%3D1"
    page = client.get(answer.headers["Location"], headers=BROWSER)
    assert "Be kind" in page.content.decode()
    assert not inline_things(page.content.decode())
    answer = client.post("/terms/accept/", {"number": 1, "accepted": "on", "next": "/settings/seats/?a=1"})
    assert answer.headers["Location"] == "/settings/seats/?a=1"
    assert client.get("/settings/seats/", headers=BROWSER).status_code == 200
    assert TermsAcceptance.objects.get().seat == people.artist
    assert client.get("/terms/accept/").headers["Location"] == "/"


def test_a_newer_version_asks_again_and_says_what_is_new(people, sign_in):
    publish()
    actions.accept(person=people.artist.person, number=1)
    publish("Be kinder.", summary="Kinder than before.")
    client = sign_in(people.artist)
    assert client.get("/settings/", headers=BROWSER).status_code == 302
    page = client.get("/terms/accept/").content.decode()
    assert "Kinder than before." in page
    assert "since you accepted version 1" in page


@pytest.mark.parametrize("path", ["/terms/", "/terms/1/", "/healthz", "/terms/accept/", "/sign-out/", "/policy/"])
def test_what_needs_no_acceptance_can_be_read(people, sign_in, path):
    publish()
    answer = sign_in(people.artist).get(path, headers=BROWSER)
    assert answer.status_code in (200, 404)
    assert not answer.headers.get("Location")


def test_signing_out_needs_no_acceptance(people, sign_in):
    publish()
    client = sign_in(people.artist)
    client.post("/sign-out/")
    assert "_auth_user_id" not in client.session


def test_what_was_begun_goes_on_for_a_while_and_then_waits(people, sign_in, settings):
    publish()
    client = sign_in(people.owner)
    client.post("/settings/", {"name": "Another Name"})
    people.owner.person.refresh_from_db()
    assert people.owner.person.name == "Another Name"
    assert client.get("/settings/", headers={"Accept": "text/event-stream"}).status_code == 200
    settings.TERMS_GRACE_DAYS = 0
    client.post("/settings/", {"name": "A Third Name"})
    people.owner.person.refresh_from_db()
    assert people.owner.person.name == "Another Name"
    assert client.get("/settings/", headers={"Accept": "text/event-stream"}).status_code == 403
    fetched = client.get("/settings/", headers={"Accept": "*/*", "HX-Request": "true"})
    assert fetched.headers["HX-Redirect"].startswith("/terms/accept/")


@pytest.mark.parametrize(
    "form",
    [{}, {"number": 1}, {"number": 2, "accepted": "on"}, {"accepted": "on"}, {"number": "x", "accepted": "on"}],
)
def test_half_an_acceptance_is_none(people, sign_in, form):
    publish()
    client = sign_in(people.artist)
    answer = client.post("/terms/accept/", form)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.content.decode()
    assert not TermsAcceptance.objects.exists()


@pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example", "javascript:alert(1)"])
def test_the_way_back_leads_nowhere_else(people, sign_in, back):
    publish()
    answer = sign_in(people.artist).post("/terms/accept/", {"number": 1, "accepted": "on", "next": back})
    assert answer.headers["Location"] == "/"


def test_asking_costs_one_query_and_none_once_accepted(people, sign_in, django_assert_max_num_queries):
    client = sign_in(people.artist)
    client.get("/settings/")
    with django_assert_max_num_queries(20) as without:
        client.get("/settings/")
    publish()
    actions.accept(person=people.artist.person, number=1)
    queries.newest()
    with django_assert_max_num_queries(len(without) + 1):
        client.get("/settings/")
    with django_assert_max_num_queries(len(without)):
        client.get("/settings/")


def test_a_process_remembers_the_newest_for_a_moment_only(db, monkeypatch, django_assert_num_queries):
    publish()
    with django_assert_num_queries(1):
        assert [queries.newest().number for _ in range(3)] == [1, 1, 1]
    later = queries.time.monotonic() + queries.REMEMBERED_FOR + 1
    monkeypatch.setattr(queries.time, "monotonic", lambda: later)
    with django_assert_num_queries(1):
        queries.newest()


# --- Programs --------------------------------------------------------------------------------------------------------


def test_a_key_goes_on_for_the_grace_period_and_then_waits(db, settings):
    seat = make_seat("owner", tier="studio")
    _, secret = accounts.create_key(
        seat=seat, name="test", scopes=["takes:read"], expires_at=None, actor=Actor.house("tests")
    )
    publish()

    def ask():
        return Client().get("/api/v1/projects/", headers={"Authorization": f"Bearer {secret}"})

    path = ask()
    assert path.status_code == 200, path.content
    settings.TERMS_GRACE_DAYS = 0
    refused = ask()
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "terms_not_accepted")
    actions.accept(person=seat.person, number=1)
    assert ask().status_code == 200


# --- Coming in -------------------------------------------------------------------------------------------------------


def test_the_invitation_page_shows_the_terms_and_takes_nobody_in_without(client, db):
    publish()
    code = invite()
    page = client.get(f"/join/{code}/").content.decode()
    assert "I have read the terms, version 1" in page
    assert "To everybody." in page
    assert not inline_things(page)
    answer = client.post(
        f"/join/{code}/", {"name": "Ada Lovelace", "password": "a lamp on an empty stage", "terms_number": 1}
    )
    assert answer.status_code == 422
    shown = answer.content.decode()
    assert "Please read the terms, version 1" in shown
    assert 'value="Ada Lovelace"' in shown
    assert 'value="a lamp on an empty stage"' in shown
    assert not Person.objects.exists()
    client.post(f"/join/{code}/", {"name": "Ada", "terms": "on", "terms_number": 1})
    assert TermsAcceptance.objects.get().how == "invitation"
    assert client.get("/settings/", headers=BROWSER).status_code == 200


def test_a_version_that_came_meanwhile_is_said_and_nothing_is_lost(client, db):
    publish()
    code = invite(founder_names=True, studio_name="")
    told = {"name": "Ada Lovelace", "studio_name": "Difference", "terms": "on", "terms_number": 1}
    publish("Newer.")
    answer = client.post(f"/join/{code}/", told)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "A newer version of the terms was published" in page
    assert "Newer." in page
    assert 'value="Ada Lovelace"' in page
    assert 'value="Difference"' in page
    assert not Person.objects.exists()
    client.post(f"/join/{code}/", told | {"terms_number": 2})
    assert TermsAcceptance.objects.get().version.number == 2


# --- The pages -------------------------------------------------------------------------------------------------------


@pytest.fixture
def lead(people, sign_in):
    return sign_in(people.access_lead)


def test_a_lead_writes_looks_and_publishes(lead, people):
    assert "no terms yet" in lead.get("/lab/terms/").content.decode()
    page = lead.post("/lab/terms/draft/", {"title": "Terms", "text": "# One\nTwo <b>."}, follow=True).content.decode()
    assert "<h2>One</h2>" in page
    assert "Two &lt;b&gt;." in page
    assert not inline_things(page)
    asks = lead.get("/lab/terms/1/publish/")
    assert f"{Person.objects.count()}</b> people are asked" in asks.content.decode()
    for _ in range(2):
        answer = lead.post("/lab/terms/1/publish/", {"sha256": asks.context["sha256"]})
        assert answer.headers["Location"] == "/lab/terms/1/"
    assert queries.in_force().published_by == people.access_lead
    assert lead.get("/lab/terms/1/", headers=BROWSER).status_code == 302, "the lead is asked too"
    actions.accept(person=people.access_lead, number=1)
    assert "In force" in lead.get("/lab/terms/").content.decode()
    assert 'value="Terms"' in lead.get("/lab/terms/draft/").content.decode()


def test_what_was_not_read_is_not_published(lead):
    actions.write(title="Terms", text="One.", actor=HOUSE)
    page = lead.post("/lab/terms/1/publish/", {"sha256": "0" * 64}, follow=True).content.decode()
    assert "Read it again" in page
    assert queries.in_force() is None


def test_drafts_are_not_for_the_public(lead, client):
    actions.write(title="Terms", text="One.", actor=HOUSE)
    client.logout()
    assert client.get("/terms/1/").status_code == 404
    assert "no terms yet" in client.get("/terms/").content.decode()


def test_who_accepted_comes_in_pages_with_few_queries(lead, people, django_assert_max_num_queries):
    publish()
    for _ in range(60):
        actions.accept(person=make_person(), number=1)
    actions.accept(person=people.access_lead, number=1)
    lead.get("/lab/terms/")
    with django_assert_max_num_queries(7):
        page = lead.get("/lab/terms/1/")
    assert len(page.context["found"].rows) == 50
    assert len(lead.get(f"/lab/terms/1/?after={page.context['found'].next}").context["found"].rows) == 11
    with django_assert_max_num_queries(8):
        lead.get("/lab/terms/")
