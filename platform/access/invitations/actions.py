"""Invite, accept, take back. Each is one transaction and audited."""

import secrets
from collections.abc import Iterable
from datetime import timedelta

from allauth.account.models import EmailAddress
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.utils import timezone

from access.errors import InvalidInvitation, InvitationRefused, SignInFirst, WrongAddress
from access.invitations import queries
from access.models import Invitation, Tier
from access.tiers.actions import place
from access.tiers.queries import standing_of
from accounts.actions import add_seat, open_studio
from accounts.errors import AlreadySeated
from accounts.models import Duty, Person, Seat, Studio
from audit.actions import Actor, record

CODE_BYTES = 24  # 192 random bits: nobody finds one by trying


@transaction.atomic
def invite(
    *,
    email: str,
    tier: Tier,
    role: str,
    actor: Actor,
    studio: Studio | None = None,
    studio_name: str = "",
    name: str = "",
    duties: Iterable[str] = (),
    days: int = 14,
) -> tuple[Invitation, str]:
    """An invitation for one address, and its code, which is never to be had again.

    With `studio` the person joins it; with `studio_name` they found it, as its owner, standing in `tier`. A studio
    that stands in a tier already stays there. Raises InvalidInvitation.
    """
    email, name, studio_name, duties = email.strip().lower(), name.strip(), studio_name.strip(), sorted(set(duties))
    _check_invitation(email, role, studio, studio_name, duties, days)
    code = secrets.token_urlsafe(CODE_BYTES)
    invitation = Invitation.objects.create(
        code_hash=queries.hash_of(code),
        email=email,
        name=name,
        studio=studio,
        studio_name=studio_name,
        tier=tier,
        role=role,
        duties=duties,
        created_by_id=actor.person_id,
        expires_at=timezone.now() + timedelta(days=days),
    )
    record(
        actor=actor,
        action="invitation.made",
        target=invitation,
        studio=studio,
        facts={"tier": tier.slug, "role": role, "duties": duties, "days": days},
        personal={"email": email},
        subject=invitation,
    )
    return invitation, code


def _check_invitation(
    email: str, role: str, studio: Studio | None, studio_name: str, duties: list[str], days: int
) -> None:
    try:
        validate_email(email)
    except ValidationError:
        raise InvalidInvitation(f"“{email}” is not an e-mail address.") from None
    if (studio is None) == (not studio_name):
        raise InvalidInvitation("Name a new studio, or pick one that exists; one of the two.")
    if len(studio_name) > 120:
        raise InvalidInvitation("A studio's name has at most 120 characters.")
    if role not in Seat.Role.values:
        raise InvalidInvitation(f"“{role}” is no role; use one of {', '.join(Seat.Role.values)}.")
    if studio is None and role != Seat.Role.OWNER:
        raise InvalidInvitation("Whoever founds a studio owns it: invite them as its owner.")
    if unknown := [duty for duty in duties if duty not in Duty.Kind.values]:
        raise InvalidInvitation(f"“{unknown[0]}” is no duty; use {', '.join(Duty.Kind.values)}.")
    if not 1 <= days <= 90:
        raise InvalidInvitation("An invitation lasts between 1 and 90 days.")
    if studio and Seat.objects.filter(studio=studio, person__email__iexact=email, ended_at=None).exists():
        raise InvalidInvitation(f"{email} already has a seat at {studio.name}.")


@transaction.atomic
def accept(*, code: str, name: str = "", password: str | None = None, person: Person | None = None) -> Seat:
    """Turn an invitation into a seat, once. Two who try at the same moment: one gets it, the other is told.

    `person` is whoever is signed in. Somebody new gives `name` and, if they like, a `password`; somebody whose address
    is known here must be signed in, and gets one more seat. Raises InvitationRefused, SignInFirst, WrongAddress, and
    Django's ValidationError for a password that is too weak.
    The caller then sees to the studio's first credits (quotas.actions.grant_recurring): the ledger stands above this.
    """
    found = queries.open_invitation(code, lock=True)
    guest = _person_for(found, name, password, person)
    actor = Actor.of_person(guest)
    studio = found.studio or open_studio(name=found.studio_name, actor=actor)
    try:
        seat = add_seat(studio=studio, person=guest, role=found.role, actor=actor)
    except AlreadySeated as error:
        raise InvitationRefused(f"You already have a seat at {studio.name}. Sign in to use it.") from error
    for kind in found.duties:
        Duty.objects.get_or_create(person=guest, kind=kind)
    if standing_of(studio) is None:
        place(studio=studio, tier=found.tier, reason="Invited", actor=actor)
    Invitation.objects.filter(pk=found.pk).update(accepted_at=timezone.now(), accepted_by=guest)
    record(
        actor=actor,
        action="invitation.accepted",
        target=found,
        studio=studio,
        facts={"seat": seat.pk, "role": found.role, "duties": found.duties},
    )
    return seat


def _person_for(invitation: Invitation, name: str, password: str | None, person: Person | None) -> Person:
    if person is not None:
        if person.email.lower() != invitation.email:
            raise WrongAddress(
                f"This invitation is for {invitation.email}, and you are signed in as {person.email}. "
                "Sign out, then open the link again."
            )
        return person
    if Person.objects.filter(email__iexact=invitation.email).exists():
        raise _known_already(invitation)
    name = name.strip() or invitation.name or invitation.email.split("@")[0]
    if password is not None:
        validate_password(password, Person(email=invitation.email, name=name))
    try:
        with transaction.atomic():
            newcomer = Person.objects.create_person(invitation.email, name, password)
    except IntegrityError:  # a second invitation to the same address was accepted a moment ago
        raise _known_already(invitation) from None
    # The invitation reached the address, which is all that verifying it could show.
    EmailAddress.objects.create(user=newcomer, email=invitation.email, verified=True, primary=True)
    return newcomer


def _known_already(invitation: Invitation) -> SignInFirst:
    return SignInFirst(f"{invitation.email} has a place here already. Sign in, then open the link again.")


@transaction.atomic
def revoke(*, invitation: Invitation, actor: Actor) -> Invitation:
    """Take an invitation back. One that was accepted, or taken back before, stays as it is."""
    waiting = Invitation.objects.filter(pk=invitation.pk, accepted_at=None, revoked_at=None)
    if waiting.update(revoked_at=timezone.now()):
        record(actor=actor, action="invitation.revoked", target=invitation, studio=invitation.studio_id)
    invitation.refresh_from_db()
    return invitation
