from datetime import timedelta
from io import StringIO

import pytest
from allauth.account.models import EmailAddress
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.utils import timezone

from access.errors import AccessProblem, InvalidInvitation, InvitationRefused, SignInFirst, WrongAddress
from access.invitations import actions, queries
from access.models import Invitation, Tier
from access.tiers.queries import standing_of
from accounts.models import Duty, Person, Seat, Studio
from audit.actions import Actor, erase
from audit.models import Disclosure, Record
from tests.factories import PASSWORD, make_person, make_seat, make_studio
from tests.faults.ledger_processes import all_at_once

HOUSE = Actor.house("tests")


def invite(email="ines@example.com", **details):
    details = {"tier": Tier.objects.get(slug="studio"), "role": "owner", "actor": HOUSE} | details
    if "studio" not in details:
        details = {"studio_name": "Lantern Pictures"} | details
    return actions.invite(email=email, **details)


def test_somebody_new_founds_a_studio(db):
    _, code = invite(name="Ines", duties=["reviewer"])
    seat = actions.accept(code=code, name=" Ines Okafor ", password=PASSWORD)
    assert (seat.person.name, seat.person.email, seat.role) == ("Ines Okafor", "ines@example.com", "owner")
    assert (seat.studio.name, seat.studio.slug) == ("Lantern Pictures", "lantern-pictures")
    assert standing_of(seat.studio).tier.slug == "studio"
    assert seat.person.check_password(PASSWORD)
    assert [duty.kind for duty in seat.person.duties.all()] == ["reviewer"]
    assert EmailAddress.objects.get(user=seat.person).verified
    assert Record.objects.filter(action="invitation.accepted", studio_id=seat.studio_id).count() == 1


def test_somebody_new_joins_a_studio_that_is_here_and_its_tier_stays(db):
    studio = make_studio(tier="lab")
    _, code = invite(studio=studio, role="artist")
    assert actions.accept(code=code, name="Ines").studio == studio
    assert standing_of(studio).tier.slug == "lab"


def test_without_a_password_they_sign_in_another_way(db):
    _, code = invite()
    assert not actions.accept(code=code, name="Ines").person.has_usable_password()


def test_a_weak_password_is_refused_and_the_invitation_stays_open(db):
    _, code = invite()
    with pytest.raises(ValidationError):
        actions.accept(code=code, name="Ines", password="ines")
    assert not Person.objects.exists()
    actions.accept(code=code, name="Ines", password=PASSWORD)


def test_only_the_hash_of_a_long_random_code_is_kept(db):
    invitation, code = invite()
    assert len(code) * 6 >= 160
    assert invite("mara@example.com")[1] != code
    kept = " ".join(str(value) for value in Invitation.objects.filter(pk=invitation.pk).values_list()[0])
    assert code not in kept
    assert code not in "".join(Record.objects.values_list("canonical", flat=True))


def test_an_invitation_opens_once(db):
    _, code = invite()
    actions.accept(code=code, name="Ines")
    with pytest.raises(InvitationRefused, match="used already"):
        actions.accept(code=code, name="Somebody else")
    assert Person.objects.count() == 1


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda one: Invitation.objects.update(expires_at=timezone.now()), "has expired"),
        (lambda one: actions.revoke(invitation=one, actor=HOUSE), "taken back"),
    ],
)
def test_an_invitation_that_ended_opens_nothing(db, spoil, words):
    invitation, code = invite()
    spoil(invitation)
    with pytest.raises(InvitationRefused, match=words):
        queries.welcome(code)
    with pytest.raises(InvitationRefused, match=words):
        actions.accept(code=code, name="Ines")
    assert not Seat.objects.exists()


@pytest.mark.parametrize("code", ["", "wrong", "x" * 10_000, "\x00"])
def test_a_code_nobody_was_given_opens_nothing(db, code):
    invite()
    with pytest.raises(InvitationRefused, match="opens nothing"):
        actions.accept(code=code, name="Mallory")


def test_an_invitation_to_a_suspended_studio_waits(db):
    studio = make_studio()
    _, code = invite(studio=studio, role="artist")
    Studio.objects.update(suspended_at=timezone.now())
    with pytest.raises(InvitationRefused, match="suspended"):
        actions.accept(code=code, name="Ines")


def test_taking_back_an_accepted_invitation_changes_nothing(db):
    invitation, code = invite()
    actions.accept(code=code, name="Ines")
    assert actions.revoke(invitation=invitation, actor=HOUSE).revoked_at is None
    assert not Record.objects.filter(action="invitation.revoked").exists()


# --- People who are here already -------------------------------------------------------------------------------------


def test_somebody_known_signs_in_and_gets_one_more_seat(db):
    ines = make_person(email="ines@example.com")
    make_seat(person=ines)
    _, code = invite("Ines@Example.com")
    assert queries.welcome(code).known == ines
    with pytest.raises(SignInFirst, match="has a place here already"):
        actions.accept(code=code, name="Ines", password=PASSWORD)
    assert actions.accept(code=code, person=ines).person == ines
    assert ines.seats.count() == 2


def test_an_address_is_the_same_in_any_case(db):
    ines = make_person(email="INES@example.com")
    _, code = invite(" iNeS@eXample.COM ")
    assert actions.accept(code=code, person=ines).person == ines


def test_somebody_else_who_is_signed_in_is_told_so(db):
    _, code = invite()
    with pytest.raises(WrongAddress, match=r"is for ines@example\.com, and you are signed in as"):
        actions.accept(code=code, person=make_person())
    assert not Seat.objects.exists()


def test_who_sits_here_already_cannot_be_invited_again_nor_sit_twice(db):
    seat = make_seat(person=make_person(email="ines@example.com"))
    with pytest.raises(InvalidInvitation, match="already has a seat"):
        invite(studio=seat.studio, role="artist")
    Seat.objects.update(ended_at=timezone.now())
    _, code = invite(studio=seat.studio, role="artist")
    Seat.objects.update(ended_at=None)
    with pytest.raises(InvitationRefused, match="already have a seat"):
        actions.accept(code=code, person=seat.person)


# --- What cannot be asked for ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("details", "words"),
    [
        ({"email": "nobody"}, "is not an e-mail address"),
        ({"studio_name": " "}, "one of the two"),
        ({"studio_name": "x" * 121}, "at most 120"),
        ({"role": "king"}, "is no role"),
        ({"role": "artist"}, "invite them as its owner"),
        ({"duties": ["king"]}, "is no duty"),
        ({"days": 0}, "between 1 and 90 days"),
        ({"days": 91}, "between 1 and 90 days"),
    ],
)
def test_an_invitation_that_makes_no_sense_is_refused(db, details, words):
    with pytest.raises(InvalidInvitation, match=words):
        invite(**details)
    assert not Invitation.objects.exists()


def test_the_database_refuses_half_an_acceptance(db):
    invite()
    for half in ({"accepted_at": timezone.now()}, {"accepted_by": make_person()}, {"studio_name": ""}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Invitation.objects.update(**half)


def test_the_invited_address_can_be_erased_from_the_record(db):
    invitation, _ = invite()
    assert "ines@" not in Record.objects.get(action="invitation.made").canonical
    assert erase(actor=HOUSE, subject=invitation, reason="asked") == 1
    assert not Disclosure.objects.filter(value__contains="ines@").exists()


def test_open_invitations_are_those_that_can_be_accepted(db):
    studio = make_studio()
    waiting, _ = invite(studio=studio, role="artist")
    revoked, _ = invite("a@example.com", studio=studio, role="artist")
    actions.revoke(invitation=revoked, actor=HOUSE)
    _, code = invite("b@example.com", studio=studio, role="artist")
    actions.accept(code=code, name="B")
    old, _ = invite("c@example.com", studio=studio, role="artist")
    Invitation.objects.filter(pk=old.pk).update(expires_at=timezone.now() - timedelta(days=1))
    invite("d@example.com", studio=make_studio(), role="artist")
    assert queries.invitations_of(studio) == [waiting]


# --- Two at once -----------------------------------------------------------------------------------------------------


def accept_in_words(code: str, name: str) -> str:
    try:
        return actions.accept(code=code, name=name).person.name
    except AccessProblem as refused:
        return refused.message


@pytest.mark.faults
@pytest.mark.django_db(transaction=True)
def test_of_many_who_accept_at_once_one_gets_in():
    _, code = invite()
    answers = all_at_once([lambda name=f"Guest {number}": accept_in_words(code, name) for number in range(6)])
    assert [answer for answer in answers if answer.startswith("Guest")] == [Person.objects.get().name]
    assert Seat.objects.count() == Studio.objects.count() == 1


@pytest.mark.faults
@pytest.mark.django_db(transaction=True)
def test_two_invitations_to_one_address_accepted_at_once_make_one_person():
    codes = [invite(studio=make_studio(), role="artist")[1] for _ in range(6)]
    answers = all_at_once([lambda code=code: accept_in_words(code, "Ines") for code in codes])
    assert answers.count("Ines") == 1
    assert len([answer for answer in answers if "has a place here already" in answer]) == 5
    assert Person.objects.count() == 1


# --- manage.py invite ------------------------------------------------------------------------------------------------


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("invite", *arguments, stdout=out, stderr=StringIO())
    return out.getvalue().strip()


def test_the_command_prints_a_link_that_opens(db):
    link = run("ines@example.com", "--studio", "Lantern Pictures", "--tier", "lab", "--duty", "reviewer")
    assert link.startswith("http://testserver/join/")
    seat = actions.accept(code=link.rstrip("/").rsplit("/", 1)[1], name="Ines")
    assert standing_of(seat.studio).tier.slug == "lab"
    assert Duty.objects.get(person=seat.person).kind == "reviewer"


def test_the_command_finds_a_studio_by_slug_or_name(db):
    studio = make_studio("Lantern Pictures")
    for said in (studio.slug, "lantern pictures"):
        run("ines@example.com", "--studio", said, "--role", "artist")
    assert list(Invitation.objects.values_list("studio", flat=True)) == [studio.pk, studio.pk]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ["ines@example.com", "--studio", "New", "--tier", "best"],
            "no tier “best”; use one of first-ten, studio, lab",
        ),
        (["ines", "--studio", "New"], "is not an e-mail address"),
        (["ines@example.com", "--studio", "Twins"], "More than one studio"),
    ],
)
def test_the_command_says_what_is_wrong(db, arguments, words):
    make_studio("Twins")
    make_studio("Twins")
    with pytest.raises(CommandError, match=words):
        run(*arguments)
