"""Who asks for access: what may be told, who may read it, how it is decided, and when it is forgotten."""

from datetime import timedelta

import pytest
from django.core import mail
from django.db import IntegrityError, transaction
from django.utils import timezone

from access.applications import actions, queries, rules
from access.applications.rules import Answers
from access.errors import ApplicationRefused, ApplicationsClosed, IncompleteApplication
from access.letters.actions import send_due
from access.models import Application, ApplicationLink, Letter
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
