"""Who asks for access: what may be told, who may read it, how it is decided, and when it is forgotten."""

from datetime import timedelta

import pytest
from django.core import mail
from django.db import IntegrityError, transaction
from django.utils import timezone

from access.applications import actions, queries, rules
from access.applications.inbox import actions as inbox
from access.applications.inbox import queries as reads
from access.applications.rules import Answers
from access.errors import (
    AlreadyDecided,
    ApplicationRefused,
    ApplicationsClosed,
    IncompleteApplication,
    InvalidDecision,
    NotReadEnough,
)
from access.invitations import actions as invitations
from access.letters.actions import send_due
from access.models import Application, ApplicationLink, ApplicationReading, Invitation, Letter, Tier
from audit.actions import Actor
from audit.models import Disclosure, Record
from tests import factories
from tests.at_once import at_once

HOUSE = Actor.house("tests")
WHOLE = Answers(name="Ada", kind="artist", would_make="Tides.")


def recorded(application: Application) -> list[str]:
    of_it = Record.objects.filter(target_type="access.application", target_id=str(application.pk))
    return list(of_it.order_by("id").values_list("action", flat=True))


# --- Rules


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("", []),
        ("https://a.example/reel\r\n\r\n  http://b.example  ", ["https://a.example/reel", "http://b.example"]),
        ("a.example/reel", ["https://a.example/reel"]),
        ("https://a.example\nhttps://a.example", ["https://a.example"]),
    ],
)
def test_links_are_web_addresses_one_a_line(text, links):
    assert rules.links_in(text) == links


@pytest.mark.parametrize(
    "text",
    [
        "javascript:alert(1)",
        "JavaScript://a.example/%0aalert(1)",
        "data:text/html,x",
        "ftp://a.example",
        "mailto:a@a.example",
        "https://friend.example@elsewhere.example/",
        "https://",
        "https://a.example/\u202egnp.exe",
        "http://[::1",
        "my reel",
        "https://a.example/" + "x" * 300,
        "\n".join(f"https://a.example/{n}" for n in range(6)),
    ],
)
def test_what_is_no_link_is_refused_in_words(text):
    with pytest.raises(ValueError, match=r"link|links"):
        rules.links_in(text)


def test_a_host_in_look_alike_letters_shows_what_it_is():
    assert rules.host_of("https://www.Example.com:8443/x") == "www.example.com"
    assert rules.host_of("https://p\u0430ypal.example/") == "xn--pypal-4ve.example"


@pytest.mark.parametrize(
    ("told", "lacks"),
    [
        ({}, []),
        ({"name": ""}, ["your name"]),
        ({"kind": "studio"}, ["your studio's name"]),
        ({"kind": "", "would_make": ""}, ["whether you are an artist on your own or a studio", "what you would make"]),
    ],
)
def test_what_is_missing_is_said(told, lacks):
    assert rules.missing(Answers(**({"name": "Ada", "kind": "artist", "would_make": "Tides."} | told))) == lacks


def test_tags_are_lower_case_and_each_once():
    assert rules.tags_in("Animation,  Short   Film\nanimation,") == ["animation", "short film"]


@pytest.mark.parametrize("text", ["x" * 31, ",".join(f"t{n}" for n in range(11))])
def test_too_many_tags_and_too_long_ones_are_refused(text):
    with pytest.raises(ValueError, match="at most"):
        rules.tags_in(text)


def test_a_letter_that_accepts_keeps_the_place_of_the_link_and_no_other_has_one():
    assert rules.letter_problem("Come in: {link}", accepts=True) == ""
    assert "{link}" in rules.letter_problem("Come in.", accepts=True)
    assert "{link}" in rules.letter_problem("No: {link}", accepts=False)
    assert rules.letter_problem("No.", accepts=False) == ""
    assert rules.letter_problem("  ", accepts=False)
    assert rules.letter_problem("x" * 5001, accepts=False)


def test_what_a_name_holds_is_not_filled_in_itself():
    assert rules.filled("{name}: {link} {else}", {"name": "{link}", "link": "L"}) == "{link}: L {else}"


# --- Beginning


@pytest.fixture
def answers() -> Answers:
    return WHOLE


@pytest.mark.django_db
def test_beginning_writes_a_letter_whose_link_opens_the_draft(answers):
    made = actions.begin(email=" Ada@Example.com ", answers=answers)
    assert (made.email, made.state) == ("ada@example.com", "draft")
    send_due()
    (letter,) = mail.outbox
    code = letter.body.partition("/apply/")[2].partition("/")[0]
    assert queries.behind(code) == made
    assert "/confirm/" in letter.body
    assert code not in ApplicationLink.objects.get().code_hash, "only the hash is kept"
    assert recorded(made) == ["application.begun", "application.link_sent"]


@pytest.mark.django_db
def test_an_address_with_an_open_application_gets_its_link_again_and_nothing_else_changes(answers):
    made = actions.begin(email="ada@example.com", answers=answers)
    ApplicationLink.objects.update(made_at=timezone.now() - timedelta(hours=1))
    assert actions.begin(email="ADA@example.COM", answers=Answers(name="Eve")) == made
    made.refresh_from_db()
    assert made.name == "Ada"
    assert Letter.objects.count() == 2


@pytest.mark.django_db
def test_asking_again_and_again_fills_no_mailbox(answers):
    for _ in range(5):
        actions.begin(email="ada@example.com", answers=answers)
    assert Letter.objects.count() == 1


@pytest.mark.django_db
def test_the_database_keeps_one_open_application_per_address(answers):
    actions.begin(email="ada@example.com", answers=answers)
    with pytest.raises(IntegrityError), transaction.atomic():
        Application.objects.create(email="ADA@example.com")


@pytest.mark.django_db(transaction=True)
def test_two_who_begin_at_once_with_one_address_make_one_application(answers):
    made = at_once(*[lambda: actions.begin(email="ada@example.com", answers=answers)] * 4)
    assert len(set(made)) == Application.objects.count() == 1


@pytest.mark.django_db
def test_after_an_end_the_same_address_may_ask_again(answers):
    first = actions.withdraw(application=actions.begin(email="ada@example.com", answers=answers))
    assert actions.begin(email="ada@example.com", answers=answers) != first


# --- Saving and sending


@pytest.mark.django_db
def test_a_draft_may_be_unfinished_but_is_sent_only_whole(answers):
    draft = actions.begin(email="ada@example.com", answers=Answers())
    with pytest.raises(IncompleteApplication, match="your name"):
        actions.confirm(application=draft)
    actions.save(application=draft, answers=answers)
    sent = actions.confirm(application=draft)
    assert (sent.state, sent.name) == ("sent", "Ada")
    assert recorded(draft)[2:] == ["application.saved", "application.sent"]


@pytest.mark.django_db
def test_what_was_sent_stays_as_it_is(answers):
    sent, _ = factories.make_application(sent=True)
    with pytest.raises(ApplicationRefused):
        actions.save(application=sent, answers=answers)
    at = sent.confirmed_at
    assert actions.confirm(application=sent).confirmed_at == at, "sending twice is sending once"
    assert Letter.objects.filter(key__contains=":sent:").count() == 1


@pytest.mark.django_db
def test_a_closed_house_begins_and_sends_nothing(answers, settings):
    draft = actions.begin(email="ada@example.com", answers=answers)
    settings.APPLICATIONS_OPEN = False
    with pytest.raises(ApplicationsClosed):
        actions.confirm(application=draft)
    with pytest.raises(ApplicationsClosed):
        actions.begin(email="bo@example.com", answers=answers)


@pytest.mark.django_db
@pytest.mark.parametrize("sent", [False, True])
def test_an_applicant_may_take_it_back_once(sent):
    application, _ = factories.make_application(sent=sent)
    ended = actions.withdraw(application=application)
    assert ended.state == "withdrawn"
    assert actions.withdraw(application=application).ended_at == ended.ended_at
    assert recorded(application).count("application.withdrawn") == 1


@pytest.mark.django_db
def test_the_records_keep_personal_words_apart():
    sent, _ = factories.make_application("ada@example.com", sent=True)
    for one in Record.objects.filter(target_type="access.application"):
        assert "ada@example.com" not in one.canonical
        assert "tide" not in one.canonical
    assert Disclosure.objects.filter(subject=f"access.application:{sent.pk}", field="would_make").exists()


# --- Reading


@pytest.fixture
def sent(db) -> Application:
    return factories.make_application("ada@example.com", sent=True)[0]


@pytest.fixture
def leads(db) -> list[Actor]:
    return [Actor.of_person(factories.make_person(f"Lead {n}", duties=["access_lead"])) for n in "AB"]


def test_tags_take_the_place_of_those_there_were(sent, leads):
    inbox.tag(application=sent, words=["Film", "tide"], actor=leads[0])
    inbox.tag(application=sent, words=["tide", "short"], actor=leads[0])
    inbox.tag(application=sent, words=["short", "tide"], actor=leads[1])
    assert [tag.word for tag in sent.tags.all()] == ["short", "tide"]
    assert recorded(sent).count("application.tagged") == 2
    with pytest.raises(InvalidDecision, match="at most 10"):
        inbox.tag(application=sent, words=[str(n) for n in range(11)], actor=leads[0])


def test_a_note_is_added_once_and_only_added(sent, leads):
    first = inbox.note(application=sent, words="A reel worth seeing.", key="k", actor=leads[0])
    assert inbox.note(application=sent, words="Something else", key="k", actor=leads[0]) == first
    assert [one.words for one in sent.notes.all()] == ["A reel worth seeing."]
    for words in ("  ", "x" * 2001):
        with pytest.raises(InvalidDecision):
            inbox.note(application=sent, words=words, key="other", actor=leads[0])


def test_a_lead_sees_no_reading_of_another_before_their_own_is_written(sent, leads):
    inbox.read(application=sent, verdict="no", words="Not yet.", actor=leads[0])
    before = reads.readings_for(sent, leads[1])
    assert (before.shown, before.readers, before.still_needed) == ([], ["Lead A"], 0)
    inbox.read(application=sent, verdict="yes", words="", actor=leads[1])
    assert [one.verdict for one in reads.readings_for(sent, leads[1]).shown] == ["no", "yes"]


def test_a_reading_is_written_once_and_stays(sent, leads):
    read = inbox.read(application=sent, verdict="yes", words="The reel.", actor=leads[0])
    assert inbox.read(application=sent, verdict="yes", words="The reel.", actor=leads[0]) == read
    with pytest.raises(InvalidDecision, match="stays"):
        inbox.read(application=sent, verdict="no", words="", actor=leads[0])
    with pytest.raises(IntegrityError), transaction.atomic():
        ApplicationReading.objects.create(application=sent, reader_id=leads[0].person_id, verdict="no")
    with pytest.raises(InvalidDecision):
        inbox.read(application=sent, verdict="maybe", words="", actor=leads[1])


def test_a_second_reading_is_dropped_only_by_who_asked_for_it(sent, leads):
    inbox.ask_second(application=sent, actor=leads[0])
    assert inbox.ask_second(application=sent, actor=leads[1]).second_asked_by_id == leads[0].person_id
    with pytest.raises(InvalidDecision):
        inbox.drop_second(application=sent, actor=leads[1])
    assert inbox.drop_second(application=sent, actor=leads[0]).readings_needed == 1


# --- Deciding

LETTER = "Dear {name}, {studio} is open until {until}: {link}"


def studio_tier() -> Tier:
    return Tier.objects.get(slug="studio")


def accept(sent: Application, lead: Actor, **how) -> Application:
    return inbox.accept(
        **{"application": sent, "seen": "sent", "tier": studio_tier(), "letter": LETTER, "actor": lead} | how
    )


@pytest.fixture
def read_once(sent, leads) -> Application:
    inbox.read(application=sent, verdict="yes", words="", actor=leads[0])
    return sent


def test_accepting_invites_the_founder_of_a_studio_and_writes_to_them(read_once, leads):
    accepted = accept(read_once, leads[1], studio_name="Moreau et filles")
    invitation = accepted.invitation
    assert (invitation.email, invitation.role, invitation.studio_name, invitation.tier.slug, invitation.name) == (
        "ada@example.com",
        "owner",
        "Moreau et filles",
        "studio",
        "Ada Moreau",
    )
    send_due()
    letter = mail.outbox[-1]
    assert "Dear Ada Moreau, Moreau et filles is open until" in letter.body
    code = letter.body.partition("/join/")[2].partition("/")[0]
    seat = invitations.accept(code=code, name="Ada Moreau")
    assert (seat.studio.name, seat.role) == ("Moreau et filles", "owner")
    assert recorded(read_once)[-1] == "application.accepted"
    assert "link" not in mail.outbox[-1].subject


def test_a_studio_of_one_gets_its_artist_s_name(leads, db):
    alone, _ = factories.make_application(kind="artist", studio_name="", sent=True)
    inbox.read(application=alone, verdict="yes", words="", actor=leads[0])
    assert accept(alone, leads[0]).invitation.studio_name == "Ada Moreau"


def decline(sent: Application, lead: Actor, seen: str = "sent") -> Application:
    return inbox.decline(application=sent, seen=seen, letter="Dear {name}, no.", actor=lead)


def wait(sent: Application, lead: Actor, seen: str = "sent") -> Application:
    return inbox.wait(application=sent, seen=seen, letter="Dear {name}, not yet.", actor=lead)


def test_accepting_and_declining_need_the_readings_asked_for(sent, leads):
    for verb in (accept, decline):
        with pytest.raises(NotReadEnough, match="one more"):
            verb(sent, leads[0])
    inbox.ask_second(application=sent, actor=leads[0])
    inbox.read(application=sent, verdict="yes", words="", actor=leads[0])
    with pytest.raises(NotReadEnough, match="one more"):
        decline(sent, leads[0])
    inbox.read(application=sent, verdict="no", words="", actor=leads[1])
    assert decline(sent, leads[0]).state == "declined"


def test_the_waiting_list_needs_none_and_is_left_either_way(sent, leads):
    waiting = wait(sent, leads[0])
    assert (waiting.state, waiting.waiting_at is None) == ("waiting", False)
    with pytest.raises(AlreadyDecided, match="waiting list"):
        wait(sent, leads[1], seen="waiting")
    inbox.read(application=sent, verdict="yes", words="", actor=leads[0])
    assert accept(sent, leads[0], seen="waiting").state == "accepted"
    send_due()
    assert [letter.body for letter in mail.outbox if "not yet" in letter.body] == ["Dear Ada Moreau, not yet.\n"]


def test_whoever_saw_another_state_is_told_and_nothing_happens(read_once, leads):
    wait(read_once, leads[0])
    with pytest.raises(AlreadyDecided, match="Lead A put it on the waiting list"):
        accept(read_once, leads[1])
    actions.withdraw(application=read_once)
    with pytest.raises(AlreadyDecided, match="took it back"):
        decline(read_once, leads[1], seen="waiting")
    assert not Invitation.objects.exists()


def test_a_decision_without_its_letter_is_none(read_once, leads):
    with pytest.raises(InvalidDecision, match="link"):
        accept(read_once, leads[0], letter="Come in.")
    with pytest.raises(InvalidDecision, match="link"):
        inbox.decline(application=read_once, seen="sent", letter="No: {link}", actor=leads[0])
    read_once.refresh_from_db()
    assert read_once.state == "sent"


def test_what_the_ledger_of_letters_refuses_undoes_the_decision(read_once, leads, monkeypatch):
    def broken(**_):
        raise RuntimeError

    monkeypatch.setattr("access.applications.inbox.letters.write", broken)
    with pytest.raises(RuntimeError):
        accept(read_once, leads[0])
    read_once.refresh_from_db()
    assert read_once.state == "sent"
    assert not Invitation.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("other", [accept, decline, wait])
def test_of_two_leads_who_decide_at_once_one_does_and_the_other_is_told(other):
    sent, _ = factories.make_application(sent=True)
    leads = [Actor.of_person(factories.make_person(f"Lead {n}", duties=["access_lead"])) for n in "AB"]
    inbox.read(application=sent, verdict="yes", words="", actor=leads[0])
    said = at_once(lambda: accept(sent, leads[0]), lambda: other(sent, leads[1]))
    assert sorted(type(one).__name__ for one in said) == ["AlreadyDecided", "Application"]
    assert Invitation.objects.count() == Application.objects.filter(state="accepted").count()
    decided = [one for one in recorded(sent) if one.rpartition(".")[2] in ("accepted", "declined", "waiting")]
    assert len(decided) == 1


@pytest.mark.django_db(transaction=True)
def test_one_lead_who_reads_twice_at_once_has_read_it_once():
    sent, _ = factories.make_application(sent=True)
    lead = Actor.of_person(factories.make_person(duties=["access_lead"]))
    at_once(*[lambda: inbox.read(application=sent, verdict="yes", words="", actor=lead)] * 3)
    assert sent.readings.count() == 1


# --- Forgetting


def aged(application: Application, days: int) -> None:
    then = timezone.now() - timedelta(days=days)
    Application.objects.filter(pk=application.pk).update(saved_at=then)
    Application.objects.filter(pk=application.pk, ended_at__isnull=False).update(ended_at=then)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("how", "days", "gone"),
    [
        ("draft", 13, False),
        ("draft", 15, True),
        ("withdrawn", 300, False),
        ("withdrawn", 366, True),
        ("sent", 999, False),
    ],
)
def test_what_is_old_is_forgotten_and_no_sooner(how, days, gone):
    application, code = factories.make_application("ada@example.com", sent=how != "draft")
    if how == "withdrawn":
        actions.withdraw(application=application)
    send_due()
    aged(application, days)
    assert actions.forget_old(actor=HOUSE) == int(gone)
    assert actions.forget_old(actor=HOUSE) == 0
    application.refresh_from_db()
    assert application.state == how
    told = (application.email, application.name, application.studio_name, application.links, application.would_make)
    assert (told == ("", "", "", [], "")) is gone
    assert Disclosure.objects.filter(subject=f"access.application:{application.pk}").exists() is not gone
    assert Letter.objects.filter(to="ada@example.com").exists() is not gone
    if gone:
        with pytest.raises(ApplicationRefused, match="no longer kept"):
            queries.behind(code)
        assert actions.begin(email="ada@example.com", answers=WHOLE) != application


@pytest.mark.django_db(transaction=True)
def test_two_clocks_forget_once():
    application, _ = factories.make_application()
    aged(application, 20)
    assert sum(at_once(*[lambda: actions.forget_old(actor=HOUSE)] * 2)) == 1
    assert recorded(application).count("application.erased") == 1


@pytest.mark.django_db
def test_what_leads_wrote_is_forgotten_with_a_declined_application(leads, sent):
    inbox.note(application=sent, words="Ada's reel.", key="k", actor=leads[0])
    inbox.tag(application=sent, words=["film"], actor=leads[0])
    inbox.read(application=sent, verdict="no", words="Ada is not ready.", actor=leads[0])
    decline(sent, leads[0])
    send_due()
    aged(sent, 366)
    actions.forget_old(actor=HOUSE)
    assert not Disclosure.objects.filter(subject=f"access.application:{sent.pk}").exists()
    assert [(one.verdict, one.words) for one in sent.readings.all()] == [("no", "")]
    assert [one.words for one in sent.notes.all()] == [""]
    assert not sent.tags.exists()
    for verb in (inbox.ask_second, inbox.drop_second):
        with pytest.raises(InvalidDecision, match="erased"):
            verb(application=sent, actor=leads[0])
