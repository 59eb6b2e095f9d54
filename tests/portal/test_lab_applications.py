"""The leads' inbox: what they see, what they may not see yet, and what they decide."""

from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from access.applications import actions
from access.applications.inbox import actions as inbox
from access.applications.inbox.queries import AT_ONCE
from access.letters.actions import send_due
from access.models import Application, ApplicationTag, Invitation
from audit.actors import Actor
from tests import factories
from tests.portal.pages import inline_things, links

pytestmark = pytest.mark.django_db


@pytest.fixture
def lead(people, sign_in):
    return sign_in(people.access_lead)


@pytest.fixture
def actor(people) -> Actor:
    return Actor.of_person(people.access_lead)


@pytest.fixture
def sent() -> Application:
    return factories.make_application("ada@example.com", sent=True)[0]


@pytest.fixture
def read(sent, actor) -> Application:
    inbox.read(application=sent, verdict="yes", words="The reel.", actor=actor)
    return sent


def page_of(answer) -> str:
    return answer.content.decode()


def names(answer) -> list[str]:
    return [one.name for one in answer.context["page"].rows]


def make(name: str, **told) -> Application:
    return factories.make_application(name=name, sent=True, **told)[0]


# --- The inbox


def test_the_inbox_shows_who_asked_and_how_far_it_is(lead, read, actor):
    inbox.tag(application=read, words=["film"], actor=actor)
    page = page_of(lead.get("/lab/applications/"))
    for words in ("Ada Moreau", "Moreau &amp; Daughters", "film", ">1</span> of <span"):
        assert words in page


def test_drafts_are_their_applicants_own(lead):
    draft, _ = factories.make_application(name="Not Yet Said")
    taken_back, _ = factories.make_application(name="Never Said")
    actions.withdraw(application=taken_back)
    page = page_of(lead.get("/lab/applications/?state=all"))
    assert "Not Yet Said" not in page
    assert "Never Said" not in page
    for one in (draft, taken_back):
        assert lead.get(f"/lab/applications/{one.pk}/").status_code == 404
        assert lead.post(f"/lab/applications/{one.pk}/notes/", {"words": "x", "key": "k"}).status_code == 404


def test_it_is_found_by_state_tag_and_words(lead, actor):
    one, other = make("Ada Moreau"), make("Bo Li", studio_name="Papercut")
    inbox.tag(application=one, words=["short film"], actor=actor)
    inbox.wait(application=other, seen="sent", letter="Wait.", actor=actor)

    def found(**query) -> list[str]:
        return names(lead.get("/lab/applications/", query))

    assert found() == ["Ada Moreau"], "new ones first"
    assert found(state="waiting") == ["Bo Li"]
    assert found(state="all") == ["Bo Li", "Ada Moreau"]
    assert found(state="all", tag="Short film") == ["Ada Moreau"]
    assert found(state="all", q="paper") == ["Bo Li"]
    assert found(state="all", q="LI bo") == ["Bo Li"]
    assert found(state="all", q=one.email) == ["Ada Moreau"]
    assert found(state="all", q="nobody") == []
    counts = lead.get("/lab/applications/").context["states"]
    assert {state: number for state, _, number in counts} == {
        "sent": 1,
        "waiting": 1,
        "accepted": 0,
        "declined": 0,
        "withdrawn": 0,
    }


@pytest.mark.parametrize(
    "query", [{"q": "a\0b"}, {"tag": "\0"}, {"tag": "x" * 999}, {"state": "x"}, {"after": "9" * 99}]
)
def test_a_made_up_filter_is_answered(lead, sent, query):
    assert lead.get("/lab/applications/", query).status_code == 200


def test_the_list_comes_in_pages(lead):
    for number in range(AT_ONCE + 1):
        make(f"Applicant {number}")
    first = lead.get("/lab/applications/")
    assert names(first)[0] == f"Applicant {AT_ONCE}"
    rest = lead.get("/lab/applications/", {"after": first.context["page"].next})
    assert names(rest) == ["Applicant 0"]


def test_pages_ask_the_database_as_often_however_much_there_is(lead, actor, django_assert_max_num_queries, sent):
    people = [factories.make_person(duties=["access_lead"]) for _ in range(6)]
    for number in range(30):
        one = make(f"Applicant {number}")
        ApplicationTag.objects.bulk_create(ApplicationTag(application=one, word=f"tag {n}") for n in range(5))
    for person in people:
        inbox.read(application=sent, verdict="yes", words="", actor=Actor.of_person(person))
        inbox.note(application=sent, words="x", key=str(person.pk), actor=Actor.of_person(person))
    inbox.read(application=sent, verdict="yes", words="", actor=actor)
    lead.get("/lab/applications/")
    for path, most in (
        ("/lab/applications/?tag=tag+1&q=a", 9),
        (f"/lab/applications/{sent.pk}/", 8),
        ("/lab/applications/decide/?verdict=accept" + chosen(*Application.objects.all()), 7),
    ):
        with django_assert_max_num_queries(most):
            assert lead.get(path).status_code == 200


def chosen(*applications: Application) -> str:
    return "".join(f"&chosen={one.pk}:{one.state}" for one in applications)


def test_an_empty_inbox_leads_to_the_page_they_ask_on(lead):
    assert "/apply/" in links(page_of(lead.get("/lab/applications/")))
    make("Ada")
    assert "Nobody here fits" in page_of(lead.get("/lab/applications/?q=nobody"))
    assert "None in this state" in page_of(lead.get("/lab/applications/?state=declined"))


def test_the_rail_leads_a_lead_here_and_nobody_else(people, sign_in):
    def rail(who) -> list[str]:
        return [place.title for place in sign_in(who).get("/settings/").context["places"]()]

    assert "Applications" in rail(people.access_lead)
    assert "Applications" not in rail(people.reviewer)
    assert "Applications" not in rail(people.owner)


# --- One application


def test_links_say_where_they_lead_and_take_nothing_along(lead):
    one = make("Ada", links=["https://p\u0430ypal.example/x", 'https://b.example/"><b>'])
    page = page_of(lead.get(f"/lab/applications/{one.pk}/"))
    assert 'rel="noopener noreferrer nofollow"' in page
    assert "<b>xn--pypal-4ve.example</b>" in page
    assert page.count("rel=") - page.count('rel="noopener noreferrer nofollow"') == page.count("<link rel=")
    assert all(found.startswith("a → https://") for found in inline_things(page))
    assert len(inline_things(page)) == 2


def test_every_page_holds_nothing_inline_and_no_dead_link(lead, read, actor):
    inbox.note(application=read, words="<script>x</script>", key="k", actor=actor)
    Application.objects.update(links=[])
    for path in (
        "/lab/applications/?state=all",
        f"/lab/applications/{read.pk}/",
        f"/lab/applications/decide/?verdict=accept{chosen(read)}",
        f"/lab/applications/decide/?verdict=decline{chosen(read)}",
    ):
        page = page_of(lead.get(path))
        assert page.count("<h1") == 1
        assert inline_things(page) == []
        for link in links(page):
            assert lead.get(link, follow=True).status_code == 200, link


def test_a_lead_tags_notes_and_reads(lead, sent):
    path = f"/lab/applications/{sent.pk}/"
    lead.post(f"{path}tags/", {"tags": "Film, Short"})
    lead.post(f"{path}notes/", {"words": "Worth seeing.", "key": "k"})
    lead.post(f"{path}notes/", {"words": "Worth seeing.", "key": "k"})
    page = page_of(lead.post(f"{path}readings/", {"verdict": "yes", "words": "The reel."}, follow=True))
    assert "Film" not in page
    assert page.count("Worth seeing.") == 1
    assert "The reel." in page
    assert "Write down my reading" not in page


@pytest.mark.parametrize(
    ("what", "sends"),
    [
        ("tags", {"tags": "x" * 31}),
        ("tags", {"tags": ",".join("abcdefghijk")}),
        ("notes", {"words": "", "key": "k"}),
        ("readings", {"verdict": "maybe", "words": "kept as typed"}),
    ],
)
def test_what_does_not_fit_is_said_beside_its_field(lead, sent, what, sends):
    answer = lead.post(f"/lab/applications/{sent.pk}/{what}/", sends)
    assert answer.status_code == 422
    assert 'class="problem"' in page_of(answer)


def test_another_s_reading_is_hidden_until_one_s_own_is_written(lead, sent):
    other = Actor.of_person(factories.make_person("Other Lead", duties=["access_lead"]))
    inbox.read(application=sent, verdict="no", words="Not ready.", actor=other)
    path = f"/lab/applications/{sent.pk}/"
    page = page_of(lead.get(path))
    assert "Read by Other Lead" in page
    assert "Not ready." not in page
    lead.post(f"{path}readings/", {"verdict": "unsure", "words": ""})
    assert "Not ready." in page_of(lead.get(path))


def test_a_second_reading_is_asked_for_and_that_can_be_undone(lead, read):
    path = f"/lab/applications/{read.pk}/"
    page = page_of(lead.post(f"{path}second-reading/", follow=True))
    assert f'action="{path}one-reading/"' in page
    assert "by another lead than you" in page
    assert 'value="accept"' not in page
    lead.post(f"{path}one-reading/")
    assert 'value="accept"' in page_of(lead.get(path))


# --- Deciding


def test_the_letter_is_seen_changed_and_sent_with_the_link_in_its_place(lead, read):
    page = page_of(lead.get(f"/lab/applications/decide/?verdict=accept{chosen(read)}"))
    assert "Dear Ada Moreau," in page
    assert "{link}" in page
    assert 'value="Moreau &amp; Daughters"' in page
    sends = {
        "verdict": "accept",
        "chosen": f"{read.pk}:sent",
        "tier": "first-ten",
        f"studio_{read.pk}": "Moreau & Filles",
        "letter": "Welcome to {studio}: {link}",
    }
    answer = lead.post("/lab/applications/decide/", sends, follow=True)
    assert "Ada Moreau: accepted." in page_of(answer)
    send_due()
    assert mail.outbox[-1].body.startswith("Welcome to Moreau & Filles: http://testserver/join/")
    assert Invitation.objects.get().tier.slug == "first-ten"
    again = lead.post("/lab/applications/decide/", sends, follow=True)
    assert "Access Lead accepted it" in page_of(again)
    assert Invitation.objects.count() == 1


def test_a_letter_without_its_link_is_not_sent_and_stays_as_typed(lead, read):
    answer = lead.post(
        "/lab/applications/decide/",
        {
            "verdict": "accept",
            "chosen": f"{read.pk}:sent",
            "tier": "studio",
            f"studio_{read.pk}": "Moreau",
            "letter": "Come in, Ada.",
        },
    )
    assert answer.status_code == 422
    assert "Leave {link}" in page_of(answer)
    assert "Come in, Ada." in page_of(answer)
    assert Application.objects.get().state == "sent"


def test_many_are_decided_at_once_and_it_is_said_which_could_not_be(lead, actor):
    ready, unread, decided = make("Ada"), make("Bo"), make("Cy")
    for one in (ready, decided):
        inbox.read(application=one, verdict="no", words="", actor=actor)
    form = {"verdict": "decline", "chosen": [f"{one.pk}:sent" for one in (ready, unread, decided)]}
    page = page_of(lead.get("/lab/applications/decide/", form))
    assert "Dear {name}," in page
    inbox.decline(application=decided, seen="sent", letter="No.", actor=actor)
    answer = lead.post("/lab/applications/decide/", form | {"letter": "Dear {name}, no."}, follow=True)
    page = page_of(answer)
    assert "1 of 3 applications declined." in page
    assert "Bo</a>: It needs one more reading" in page
    assert "Cy</a>: Access Lead declined it" in page
    assert "1 of 3" not in page_of(lead.get("/lab/applications/")), "it is said once"
    send_due()
    assert [one.body for one in mail.outbox if one.to == [ready.email]][-1] == "Dear Ada, no.\n"
    assert sorted(Application.objects.values_list("state", flat=True)) == ["declined", "declined", "sent"]


def test_many_are_accepted_each_with_a_link_of_their_own(lead, actor):
    made = [make("Ada"), make("Bo", kind="artist", studio_name="")]
    for one in made:
        inbox.read(application=one, verdict="yes", words="", actor=actor)
    form = {
        "verdict": "accept",
        "chosen": [f"{one.pk}:sent" for one in made],
        "tier": "studio",
        "letter": "{name}: {link}",
        **{f"studio_{one.pk}": one.studio_name or one.name for one in made},
    }
    assert "2 of 2 applications accepted." in page_of(lead.post("/lab/applications/decide/", form, follow=True))
    send_due()
    bodies = {one.body for one in mail.outbox if "/join/" in one.body}
    assert len(bodies) == 2
    assert set(Invitation.objects.values_list("studio_name", flat=True)) == {"Moreau & Daughters", "Bo"}


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"verdict": "accept"},
        {"verdict": "wait", "chosen": "x"},
        {"verdict": "burn", "chosen": "1:sent"},
        {"verdict": "wait", "chosen": "9" * 30 + ":sent"},
        {"verdict": "wait", "chosen": "1:draft"},
    ],
)
def test_a_choice_of_nothing_is_said(lead, sent, form):
    for send in (lead.get, lead.post):
        answer = send("/lab/applications/decide/", form, follow=True)
        assert "Choose at least one application" in page_of(answer)


def test_the_applicant_reads_what_was_decided_in_plain_words(client, actor):
    for state, verb, words in (
        ("waiting", inbox.wait, "You are on the waiting list"),
        ("declined", inbox.decline, "We have no place for you now"),
    ):
        one, code = factories.make_application(sent=True)
        inbox.read(application=one, verdict="no", words="Not ready.", actor=actor)
        verb(application=one, seen="sent", letter="Hello.", actor=actor)
        page = page_of(client.get(f"/apply/{code}/"))
        assert words in page, state
        assert "Not ready." not in page
        assert "Access Lead" not in page


def test_what_is_erased_is_shown_as_erased(lead, read, actor):
    inbox.decline(application=read, seen="sent", letter="No.", actor=actor)
    Application.objects.update(ended_at=timezone.now() - timedelta(days=400))
    actions.forget_old(actor=actor)
    assert "was erased" in page_of(lead.get(f"/lab/applications/{read.pk}/"))
    assert "Erased" in page_of(lead.get("/lab/applications/?state=declined"))
    answer = lead.post(f"/lab/applications/{read.pk}/notes/", {"words": "x", "key": "k"}, follow=True)
    assert "nothing left to do" in page_of(answer)
