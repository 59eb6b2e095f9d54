"""Whom an invitation is for, how often it opens, and what becomes of it afterwards."""

from datetime import timedelta

import pytest
from django.core import mail
from django.db import IntegrityError, transaction
from django.utils import timezone

from access.errors import ConfirmAddress, InvalidInvitation, InvitationRefused, StudioNameNeeded, WrongAddress
from access.invitations import actions, queries
from access.letters.actions import send_due
from access.models import Invitation, InvitationUse, Letter, Tier
from accounts.models import Person, Seat, Studio
from audit.actions import Actor
from audit.models import Record
from tests.access.test_invitations import HOUSE, invite
from tests.at_once import at_once
from tests.factories import make_person, make_seat, make_studio


def link(**details):
    details = {"anybody": True, "founder_names": True, "uses_allowed": 3} | details
    tier = Tier.objects.get(slug="first-ten")
    return actions.invite(tier=tier, actor=HOUSE, **({"role": "owner"} | details))


def test_a_link_lets_in_as_many_as_it_says_each_with_a_studio_of_their_own(db):
    invitation, code = link()
    seats = [actions.accept(code=code, person=make_person(), studio_name="Northlight") for _ in range(3)]
    assert len({seat.studio for seat in seats}) == 3
    with pytest.raises(InvitationRefused, match="has come in"):
        actions.accept(code=code, person=make_person(), studio_name="One more")
    assert Studio.objects.count() == 3
    assert list(queries.acceptances_of(invitation).values_list("seat", flat=True)) == [seat.pk for seat in seats]


def test_nobody_comes_twice_by_one_link(db):
    _, code = link()
    ines = make_person()
    actions.accept(code=code, person=ines, studio_name="Northlight")
    with pytest.raises(InvitationRefused, match="came in by this link already"):
        actions.accept(code=code, person=ines, studio_name="Southlight")
    assert Studio.objects.count() == 1


def test_nobody_unknown_comes_by_a_link_before_their_address_is_confirmed(db):
    _, code = link()
    with pytest.raises(ConfirmAddress):
        actions.accept(code=code, name="Mallory", studio_name="Mine")
    assert not Person.objects.exists()


def test_a_personal_invitation_and_its_link_are_counted_together_and_end_together(db):
    invitation, code = link(uses_allowed=1)
    for email in ("a@example.com", "b@example.com"):
        actions.confirm_by_letter(code=code, email=email)
    send_due()
    first, second = (one.body.split("/join/")[1].split("/")[0] for one in mail.outbox)
    seat = actions.accept(code=first, name="A", studio_name="A's")
    assert InvitationUse.objects.get().invitation == invitation
    assert InvitationUse.objects.get().seat == seat
    with pytest.raises(InvitationRefused, match="has come in"):
        actions.accept(code=second, name="B", studio_name="B's")
    assert Invitation.objects.get(email="b@example.com").state == "full"


def test_taking_a_link_back_ends_the_personal_invitations_that_came_by_it(db):
    invitation, code = link()
    actions.confirm_by_letter(code=code, email="a@example.com")
    actions.revoke(invitation=invitation, actor=HOUSE)
    send_due()
    with pytest.raises(InvitationRefused, match="taken back"):
        actions.accept(code=mail.outbox[0].body.split("/join/")[1].split("/")[0], name="A", studio_name="A's")
    assert not queries.search(state="open").exists()
    assert queries.search(state="ended").count() == 2


def test_a_domain_is_compared_whole_and_in_any_case(db):
    _, code = link(anybody=False, domain="@Lantern.Example")
    for email in ("a@lantern.example.org", "a@sub.lantern.example", "lantern.example@example.com"):
        with pytest.raises(WrongAddress, match=r"@lantern\.example"):
            actions.accept(code=code, person=make_person(email=email), studio_name="Mine")
    assert actions.accept(code=code, person=make_person(email="a@LANTERN.example"), studio_name="Mine")


def test_a_studio_needs_a_name_where_its_founder_gives_it(db):
    _, code = link()
    for name in ("", "  ", "x" * 121):
        with pytest.raises(StudioNameNeeded):
            actions.accept(code=code, person=make_person(), studio_name=name)


@pytest.mark.parametrize(
    ("details", "words"),
    [
        ({"domain": "lantern.example"}, "choose one"),
        ({"email": "a@example.com"}, "choose one"),
        ({"anybody": False, "domain": "lantern"}, "is no domain"),
        ({"anybody": False, "domain": "a@lantern.example"}, "is no domain"),
        ({"anybody": False, "email": "a@example.com"}, "used once"),
        ({"uses_allowed": 0}, "between 1 and 10,000"),
        ({"uses_allowed": 10_001}, "between 1 and 10,000"),
        ({"duties": ["reviewer"]}, "not by a link"),
        ({"founder_names": False, "studio_name": "One name"}, "each names their own"),
        ({"role": "artist"}, "invite them as its owner"),
        ({"note": "x" * 1001}, "at most 1,000"),
    ],
)
def test_a_binding_that_makes_no_sense_is_refused(db, details, words):
    with pytest.raises(InvalidInvitation, match=words):
        link(**details)


@pytest.mark.parametrize(
    "spoil",
    [
        {"uses": 4},
        {"uses_allowed": 10_001},
        {"email": "a@example.com"},
        {"duties": ["reviewer"]},
        {"founder_names": False},
        {"of_allowance": True},
    ],
)
def test_the_database_refuses_what_must_not_be(db, spoil):
    link()
    with pytest.raises(IntegrityError), transaction.atomic():
        Invitation.objects.update(**spoil)


def test_the_same_key_invites_once(db):
    first, code = invite(key="k")
    again, nothing = invite(key="k")
    assert (again, nothing) == (first, "")
    assert code
    assert Record.objects.filter(action="invitation.made").count() == 1


def test_who_invited_is_their_seat_and_the_lab_has_none(db):
    seat = make_seat("owner")
    by_seat, _ = invite(actor=Actor.of_seat(seat))
    by_lab, _ = invite("b@example.com", actor=Actor.of_person(make_person("Priya")))
    assert (by_seat.invited_by_seat, by_lab.invited_by_seat) == (seat, None)
    assert queries.inviter_of(by_seat) == seat.person.name
    assert queries.inviter_of(by_lab) == "Priya"
    assert queries.inviter_of(invite("c@example.com")[0]) == "The lab"


# --- Again, and in time ----------------------------------------------------------------------------------------------


def test_sending_again_renews_the_link_and_writes_once_however_often_it_is_asked(db):
    invitation, code = invite()
    assert actions.resend(invitation=invitation, actor=HOUSE, after=1)
    assert actions.resend(invitation=invitation, actor=HOUSE, after=1) == ""
    assert Letter.objects.count() == 1
    with pytest.raises(InvitationRefused, match="opens nothing"):
        queries.welcome(code)
    send_due()
    assert queries.welcome(mail.outbox[0].body.split("/join/")[1].split("/")[0]).invitation == invitation


def test_one_that_expired_opens_again_and_one_that_was_used_or_taken_back_does_not(db):
    old, _ = invite()
    Invitation.objects.update(expires_at=timezone.now() - timedelta(days=1))
    assert actions.resend(invitation=old, actor=HOUSE, after=1)
    old.refresh_from_db()
    assert old.state == "open"
    used, code = invite("b@example.com")
    actions.accept(code=code, name="B")
    gone, _ = invite("c@example.com")
    actions.revoke(invitation=gone, actor=HOUSE)
    for ended in (used, gone):
        with pytest.raises(InvitationRefused):
            actions.resend(invitation=ended, actor=HOUSE, after=1)


def test_who_has_not_come_is_reminded_once_three_days_before_the_end(db):
    waiting, code = invite(days=14)
    invite("fresh@example.com", days=2)
    link(days=14)
    now = timezone.now()
    Invitation.objects.exclude(email="fresh@example.com").update(
        created_at=now - timedelta(days=11), expires_at=now + timedelta(days=2, hours=23)
    )
    assert [actions.remind(), actions.remind()] == [1, 0]
    send_due()
    (letter,) = mail.outbox
    assert letter.to == [waiting.email]
    assert "The link in our earlier letter no longer works" in letter.body
    with pytest.raises(InvitationRefused):
        queries.welcome(code)
    assert queries.welcome(letter.body.split("/join/")[1].split("/")[0]).invitation == waiting


def test_nobody_is_reminded_of_what_has_ended(db):
    taken, _ = invite()
    actions.revoke(invitation=taken, actor=HOUSE)
    Invitation.objects.update(created_at=timezone.now() - timedelta(days=11), expires_at=timezone.now())
    assert actions.remind() == 0
    assert not Letter.objects.exists()


def test_a_letter_has_one_line_for_its_subject_and_the_inviters_words(db):
    tier = Tier.objects.get(slug="studio")
    details = {"tier": tier, "role": "owner", "actor": HOUSE, "studio_name": "Two\nLines"}
    actions.invite_by_letter(email="a@example.com", note="See you <soon> & well", name="Ada", **details)
    send_due()
    assert mail.outbox[0].subject == "The lab invites you to Two Lines"
    assert mail.outbox[0].body.startswith("Hello Ada,\n")
    assert "See you <soon> & well" in mail.outbox[0].body


# --- At once ---------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_of_many_who_come_by_a_link_at_once_no_more_get_in_than_it_says():
    studio = make_studio()
    invitation, code = link(studio=studio, founder_names=False, role="artist", uses_allowed=3)
    guests = [make_person() for _ in range(8)]
    answers = at_once(*(lambda guest=guest: actions.accept(code=code, person=guest) for guest in guests))
    assert sum(isinstance(answer, Seat) for answer in answers) == 3
    assert sum(isinstance(answer, InvitationRefused) for answer in answers) == 5
    invitation.refresh_from_db()
    assert invitation.uses == InvitationUse.objects.count() == Seat.objects.count() == 3


@pytest.mark.django_db(transaction=True)
def test_the_last_place_goes_to_one_whichever_way_they_come():
    studio = make_studio()
    _, code = link(studio=studio, founder_names=False, role="artist", uses_allowed=1)
    for number in range(3):
        actions.confirm_by_letter(code=code, email=f"a{number}@example.com")
    send_due()
    personal = [one.body.split("/join/")[1].split("/")[0] for one in mail.outbox]
    guest = make_person()
    answers = at_once(
        *(lambda own=own: actions.accept(code=own, name="A") for own in personal),
        lambda: actions.accept(code=code, person=guest),
    )
    assert sum(isinstance(answer, Seat) for answer in answers) == 1, answers
    assert sum(isinstance(answer, InvitationRefused) for answer in answers) == 3


@pytest.mark.django_db(transaction=True)
def test_one_key_at_once_makes_one_invitation():
    answers = at_once(*(lambda: invite(key="k") for _ in range(5)))
    assert len([code for _, code in answers if code]) == 1
    assert Invitation.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_one_letter_is_written_by_however_many_clocks():
    invite()
    now = timezone.now()
    Invitation.objects.update(created_at=now - timedelta(days=12), expires_at=now + timedelta(days=2))
    assert sum(at_once(*(actions.remind for _ in range(4)))) == 1
    assert Letter.objects.count() == 1
