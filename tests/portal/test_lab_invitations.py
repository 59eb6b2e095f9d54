"""The lab's pages for invitations."""

from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from access.invitations import actions
from access.letters.actions import send_due
from access.models import Invitation, Letter, Tier
from audit.actors import Actor
from tests.portal.pages import inline_things

HOUSE = Actor.house("tests")
LIST, NEW = "/lab/invitations/", "/lab/invitations/new/"


@pytest.fixture
def lead(people, sign_in):
    return sign_in(people.access_lead)


def form(**values):
    tier = Tier.objects.get(slug="first-ten").pk
    return {"binding": "address", "tier": tier, "role": "owner", "days": 14, "uses_allowed": 1, "key": "k"} | values


def invite(email="", **details):
    defaults = {"tier": Tier.objects.get(slug="first-ten"), "role": "owner", "actor": HOUSE, "founder_names": True}
    return actions.invite(email=email, **(defaults | details))


def shown(answer) -> str:
    page = answer.content.decode()
    assert not inline_things(page)
    return page


def test_an_empty_list_says_what_to_do(lead):
    page = shown(lead.get(LIST))
    assert "Nobody is invited yet" in page
    assert NEW in page


def test_one_address_is_written_to_and_the_link_is_shown_to_nobody(lead):
    for _ in range(2):
        answer = lead.post(NEW, form(email="Ada@example.com", note="Come and see.", studio="Brand new"), follow=True)
    page = shown(answer)
    assert "We write to ada@example.com" in page
    assert "/join/" not in page
    made = Invitation.objects.get()
    assert (made.studio_name, made.invited_by_seat) == ("Brand new", None)
    send_due()
    (letter,) = mail.outbox
    assert "Come and see." in letter.body
    assert "Access Lead invites you to Brand new" in letter.subject


@pytest.mark.parametrize("to", [{"binding": "domain", "domain": "@lantern.example"}, {"binding": "anybody"}])
def test_the_link_of_any_other_is_shown_this_once(lead, client, to):
    answer = lead.post(NEW, form(uses_allowed=20, **to))
    link = answer.context["link"]
    assert link in shown(answer)
    assert "no-store" in answer.headers["Cache-Control"]
    assert "/join/" not in shown(lead.post(NEW, form(uses_allowed=20, **to))), "the same form again makes nothing new"
    assert "/join/" not in shown(lead.get(f"{LIST}{Invitation.objects.get().pk}/"))
    client.logout()
    assert client.get(link.removeprefix("http://testserver")).status_code == 200
    assert not Letter.objects.exists()


def test_a_new_link_in_place_of_a_lost_one(lead):
    made, code = invite(anybody=True, uses_allowed=5)
    answer = lead.post(f"{LIST}{made.pk}/resend/", {"codes": 1})
    assert answer.context["link"]
    assert code not in answer.context["link"]
    assert "shown then" in shown(lead.post(f"{LIST}{made.pk}/resend/", {"codes": 1}))


def test_a_studio_is_found_by_slug_or_name_or_named(lead, people):
    lead.post(NEW, form(email="a@example.com", studio=people.studio.slug, role="artist", key="1"))
    lead.post(NEW, form(email="b@example.com", studio="lantern pictures", role="artist", key="2"))
    lead.post(NEW, form(email="c@example.com", studio="Brand new", key="3"))
    lead.post(NEW, form(email="d@example.com", key="4"))
    rows = Invitation.objects.order_by("email").values_list("studio", "studio_name", "founder_names")
    assert list(rows) == [
        (people.studio.pk, "", False),
        (people.studio.pk, "", False),
        (None, "Brand new", False),
        (None, "", True),
    ]


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({}, "email"),
        ({"email": "nobody"}, "email"),
        ({"binding": "domain"}, "domain"),
        ({"binding": "domain", "domain": "lantern"}, None),
        ({"binding": "anybody", "uses_allowed": 10_001}, "uses_allowed"),
        ({"binding": "anybody", "duties": ["reviewer"]}, None),
        ({"email": "a@example.com", "days": 91}, "days"),
        ({"email": "a@example.com", "tier": 999}, "tier"),
        ({"email": "a@example.com", "role": "artist"}, None),
        ({"email": "a@example.com", "key": ""}, "key"),
    ],
)
def test_what_cannot_be_is_said_in_the_form(lead, values, field):
    answer = lead.post(NEW, form(**values))
    assert answer.status_code == 422
    assert (field or "__all__") in answer.context["form"].errors
    assert not Invitation.objects.exists()


def test_the_list_is_narrowed_by_state_and_words(lead, people):
    invite("open@lantern.example")
    taken, _ = invite("taken@lantern.example")
    actions.revoke(invitation=taken, actor=HOUSE)
    _, code = invite("used@northlight.example")
    actions.accept(code=code, name="Ada", studio_name="Ada's")
    old, _ = invite("old@northlight.example")
    Invitation.objects.filter(pk=old.pk).update(expires_at=timezone.now() - timedelta(days=1))

    def found(query: str) -> list[str]:
        return [one.email.split("@")[0] for one in lead.get(f"{LIST}?{query}").context["found"].rows]

    assert found("state=open") == ["open"]
    assert found("state=used") == ["used"]
    assert found("state=ended") == ["old", "taken"]
    assert found("q=LANTERN") == ["taken", "open"]
    assert found("q=@northlight&state=ended") == ["old"]
    assert "No invitation is like this" in shown(lead.get(f"{LIST}?q=nobody"))


def test_a_long_list_comes_in_pages_with_few_queries(lead, people, django_assert_max_num_queries):
    for number in range(30):
        invite(f"a{number}@example.com", actor=Actor.of_seat(people.owner), studio=people.studio, founder_names=False)
    lead.get(LIST)  # the first page of a session also notes that it is in use
    with django_assert_max_num_queries(7):
        first = lead.get(f"{LIST}?q=example")
    assert len(first.context["found"].rows) == 25
    second = lead.get(f"{LIST}?{first.context['older']}")
    assert len(second.context["found"].rows) == 5
    assert second.context["words"] == "example"


def test_an_invitation_shows_who_came_and_can_be_taken_back(lead, people, django_assert_max_num_queries):
    made, code = invite(anybody=True, uses_allowed=10)
    for seat in (people.artist, people.guest, people.producer):
        actions.accept(code=code, person=seat.person, studio_name=f"{seat.person.name}'s")
    lead.get(LIST)  # the first page of a session also notes that it is in use
    with django_assert_max_num_queries(7):
        page = shown(lead.get(f"{LIST}{made.pk}/"))
    assert people.artist.person.email in page
    for _ in range(2):
        assert "Taken back" in shown(lead.post(f"{LIST}{made.pk}/revoke/", follow=True))
    assert people.artist.person.seats.count() == 2, "who came in stays in"


def test_one_that_was_used_cannot_be_taken_back(lead):
    made, code = invite("ada@example.com")
    actions.accept(code=code, name="Ada", studio_name="Ada's")
    assert "used up before" in shown(lead.post(f"{LIST}{made.pk}/revoke/", follow=True))
    assert "Sign in with the address" in shown(lead.post(f"{LIST}{made.pk}/resend/", {"codes": 1}, follow=True))


def test_the_rail_of_an_access_lead_leads_here_and_nobody_elses(lead, people, client):
    assert LIST in lead.get("/settings/").content.decode()
    client.force_login(people.reviewer, "allauth.account.auth_backends.AuthenticationBackend")
    assert LIST not in client.get("/settings/").content.decode()
