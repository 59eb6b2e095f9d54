"""What a seat may bring in: so many a year, whoever presses at the same moment; and who invited whom."""

from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from access.allowance.actions import bring_in
from access.allowance.queries import allowance_of
from access.errors import InvalidInvitation, InvitationRefused, NothingLeft
from access.invitations import actions, tree
from access.letters.actions import send_due
from access.models import Invitation, Letter, Tier
from access.tiers.queries import standing_of
from accounts.models import Seat
from audit.actions import Actor
from tests.at_once import at_once
from tests.factories import make_person, make_seat
from tests.portal.pages import inline_things

HOUSE = Actor.house("tests")
PAGE = "/settings/invite/"


def bring(seat: Seat, email="ada@example.com", key="", **details) -> Invitation:
    return bring_in(seat=seat, email=email, key=key or email, **details)


def code_for(email: str) -> str:
    send_due()
    return next(one for one in mail.outbox[::-1] if one.to == [email]).body.split("/join/")[1].split("/")[0]


def test_a_new_house_gives_none_five_and_twenty(db):
    assert dict(Tier.objects.values_list("slug", "invitation_allowance")) == {"first-ten": 0, "studio": 5, "lab": 20}


def test_whom_a_seat_brings_in_founds_a_studio_in_the_lowest_tier(db):
    seat = make_seat("artist")
    bring(seat, note="We met in Oslo.", name="Ada")
    founded = actions.accept(code=code_for("ada@example.com"), name="Ada", studio_name="Ada's")
    assert (founded.role, founded.studio.name, standing_of(founded.studio).tier.slug) == ("owner", "Ada's", "first-ten")
    assert "We met in Oslo." in mail.outbox[0].body
    assert (allowance_of(seat).whole, allowance_of(seat).left) == (5, 4)


def test_a_tier_may_say_where_they_stand(db):
    seat = make_seat("artist")
    Tier.objects.filter(slug="studio").update(invitation_tier=Tier.objects.get(slug="lab"))
    assert bring(seat).tier.slug == "lab"
    Tier.objects.filter(slug="lab").update(retired_at=timezone.now())
    assert bring(seat, "b@example.com").tier.slug == "first-ten"


def test_a_seat_brings_in_no_more_than_its_tier_gives(db):
    seat = make_seat("artist")
    for number in range(5):
        bring(seat, f"a{number}@example.com")
    with pytest.raises(NothingLeft):
        bring(seat, "one-more@example.com")
    assert bring(make_seat("artist", studio=seat.studio), "other@example.com"), "each seat has its own"


def test_what_is_taken_back_or_expires_or_is_a_year_old_comes_back(db):
    seat = make_seat("artist")
    Tier.objects.filter(slug="studio").update(invitation_allowance=1)
    actions.revoke(invitation=bring(seat, "a@example.com"), actor=HOUSE)
    assert allowance_of(seat).left == 1
    old = bring(seat, "b@example.com")
    Invitation.objects.filter(pk=old.pk).update(expires_at=timezone.now())
    assert allowance_of(seat).left == 1
    bring(seat, "c@example.com")
    actions.accept(code=code_for("c@example.com"), name="C", studio_name="C's")
    assert allowance_of(seat).left == 0
    with pytest.raises(InvitationRefused, match="expired"):
        actions.resend(invitation=old, actor=HOUSE, after=1)
    Invitation.objects.update(created_at=timezone.now() - timedelta(days=366))
    assert allowance_of(seat).left == 1


def test_the_same_key_brings_in_once(db):
    seat = make_seat("artist")
    assert bring(seat, key="k") == bring(seat, key="k")
    assert Letter.objects.count() == 1


def test_who_may_not_or_cannot_be_asked_is_said(db):
    seat = make_seat("artist")
    with pytest.raises(NothingLeft, match="nobody is invited"):
        bring(make_seat("guest"))
    with pytest.raises(NothingLeft):
        bring(make_seat("artist", tier="first-ten"))
    with pytest.raises(InvalidInvitation, match="in your studio already"):
        bring(seat, seat.person.email.upper())
    bring(seat)
    with pytest.raises(InvalidInvitation, match=r"invited ada@example\.com already"):
        bring(seat, "ADA@example.com", key="another")
    for note in ("see https://evil.example", "WWW.evil.example", "x" * 301):
        with pytest.raises(InvalidInvitation, match="words"):
            bring(seat, "b@example.com", note=note)


def test_a_tier_that_was_retired_meanwhile_is_said(db):
    bring(make_seat("artist"))
    Tier.objects.filter(slug="first-ten").update(retired_at=timezone.now())
    with pytest.raises(InvitationRefused, match="no longer given"):
        actions.accept(code=code_for("ada@example.com"), name="Ada", studio_name="Ada's")
    assert Seat.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_many_presses_at_once_no_more_go_out_than_there_are_left():
    seat = make_seat("artist")
    Tier.objects.filter(slug="studio").update(invitation_allowance=2)
    answers = at_once(*(lambda n=n: bring(seat, f"a{n}@example.com") for n in range(6)))
    assert sum(isinstance(answer, Invitation) for answer in answers) == 2
    assert sum(isinstance(answer, NothingLeft) for answer in answers) == 4
    assert Invitation.objects.count() == Letter.objects.count() == 2
    assert allowance_of(seat).left == 0


@pytest.mark.django_db(transaction=True)
def test_one_press_sent_twice_at_once_brings_in_one():
    seat = make_seat("artist")
    answers = at_once(*(lambda: bring(seat, key="k") for _ in range(4)))
    assert {answer.pk for answer in answers} == {Invitation.objects.get().pk}


# --- The page --------------------------------------------------------------------------------------------------------


def test_the_page_says_how_many_are_left_and_what_became_of_them(people, sign_in):
    client = sign_in(people.artist)
    assert PAGE in client.get("/settings/").content.decode()
    answer = client.post(PAGE, {"email": "ada@example.com", "note": "Hello", "key": "k"}, follow=True)
    page = answer.content.decode()
    assert not inline_things(page)
    assert answer.context["allowance"].left == 4
    assert "Open until" in page
    assert "/join/" not in page
    actions.accept(code=code_for("ada@example.com"), name="Ada", studio_name="Ada's")
    assert "Came in on" in client.get(PAGE).content.decode()


def test_what_cannot_be_is_said_in_the_form(people, sign_in):
    client = sign_in(people.artist)
    for form, field in (
        ({"email": "nobody", "key": "k"}, "email"),
        ({"email": people.guest.person.email, "key": "k"}, "email"),
        ({"email": "a@example.com", "note": "http://evil.example", "key": "k"}, "note"),
        ({"email": "a@example.com"}, "key"),
    ):
        answer = client.post(PAGE, form)
        assert answer.status_code == 422
        assert field in answer.context["form"].errors
    Tier.objects.update(invitation_allowance=0)
    assert client.post(PAGE, {"email": "a@example.com", "key": "k"}).status_code == 422
    assert "Not from this tier yet" in client.get(PAGE).content.decode()
    assert not Invitation.objects.exists()


def test_one_is_taken_back_and_sent_again_by_its_own_seat_only(people, sign_in):
    sent = bring(people.artist)
    client = sign_in(people.owner)
    for verb in ("revoke", "resend"):
        assert client.post(f"{PAGE}{sent.pk}/{verb}/", {"codes": 1}).status_code == 404
    client = sign_in(people.artist)
    for _ in range(2):
        client.post(f"{PAGE}{sent.pk}/resend/", {"codes": 1})
    assert Letter.objects.count() == 2
    page = client.post(f"{PAGE}{sent.pk}/revoke/", follow=True).content.decode()
    assert "opens nothing any more" in page
    assert allowance_of(people.artist).left == 5


def test_a_long_list_comes_in_pages_with_few_queries(people, sign_in, django_assert_max_num_queries):
    Tier.objects.update(invitation_allowance=60)
    for number in range(30):
        bring(people.artist, f"a{number}@example.com")
    client = sign_in(people.artist)
    client.get(PAGE)
    with django_assert_max_num_queries(14):
        first = client.get(PAGE)
    assert len(first.context["found"].rows) == 25
    assert len(client.get(f"{PAGE}?after={first.context['found'].next}").context["found"].rows) == 5


# --- Who invited whom ------------------------------------------------------------------------------------------------


def come(inviter: Seat | None, email: str) -> Seat:
    actor = Actor.of_seat(inviter) if inviter else HOUSE
    tier = Tier.objects.get(slug="studio")
    _, code = actions.invite(email=email, tier=tier, role="owner", founder_names=True, actor=actor)
    return actions.accept(code=code, name=email.split("@")[0].title(), studio_name=f"Studio of {email}")


def test_every_seat_has_a_chain_up_to_the_lab(db):
    ada = come(None, "ada@example.com")
    ben = come(ada, "ben@example.com")
    cleo = come(ben, "cleo@example.com")
    assert tree.chain_of(cleo) == [cleo, ben, ada]
    assert tree.chain_of(make_seat()) == [Seat.objects.last()]


def test_inviters_are_counted_with_their_depth_and_everybody_below(db):
    ada = come(None, "ada@example.com")
    ben = come(ada, "ben@example.com")
    come(ada, "dora@example.com")
    come(ben, "cleo@example.com")
    actions.invite(
        email="open@example.com", tier=Tier.objects.get(slug="lab"), role="owner", founder_names=True,
        actor=Actor.of_seat(ben),
    )  # fmt: skip
    found = {one.seat: (one.made, one.came, one.below, one.depth) for one in tree.inviters(tree.inviting_seats())}
    assert found == {ada: (2, 2, 3, 1), ben: (2, 1, 1, 2)}
    assert tree.brought_by(None).get().seat == ada


def test_who_came_by_a_link_was_invited_by_whoever_made_it(db):
    _, code = actions.invite(
        anybody=True,
        uses_allowed=2,
        tier=Tier.objects.get(slug="studio"),
        role="owner",
        founder_names=True,
        actor=HOUSE,
    )
    actions.confirm_by_letter(code=code, email="ada@example.com")
    personal = actions.accept(code=code_for("ada@example.com"), name="Ada", studio_name="Ada's")
    direct = actions.accept(code=code, person=make_person(), studio_name="Ben's")
    assert {use.seat for use in tree.brought_by(None)} == {personal, direct}
    assert tree.made_by_the_lab() == 1


def test_the_tree_is_shown_with_few_queries_however_deep_it_is(people, sign_in, django_assert_max_num_queries):
    last = come(None, "first@example.com")
    for number in range(30):
        last = come(last, f"a{number}@example.com")
    client = sign_in(people.access_lead)
    client.get("/lab/invitations/tree/")
    with django_assert_max_num_queries(9):
        page = client.get("/lab/invitations/tree/")
    assert len(page.context["found"].rows) == 25
    assert not inline_things(page.content.decode())
    rest = client.get(f"/lab/invitations/tree/?after={page.context['found'].next}")
    assert [one.depth for one in rest.context["found"].rows][-1] == 1
    with django_assert_max_num_queries(10):
        branch = client.get(f"/lab/invitations/tree/{last.pk}/")
    assert len(branch.context["chain"]) == 31
    assert not inline_things(branch.content.decode())
    assert "First" in client.get("/lab/invitations/tree/lab/").content.decode()
