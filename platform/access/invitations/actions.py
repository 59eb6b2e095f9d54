"""Invite, accept, take back, send again. Each is one transaction and audited."""

import re
import secrets
from collections.abc import Iterable
from datetime import timedelta

from allauth.account.models import EmailAddress
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from access.errors import (
    ConfirmAddress,
    InvalidInvitation,
    InvitationRefused,
    SignInFirst,
    StudioNameNeeded,
    TierRetired,
    WrongAddress,
)
from access.invitations import letters, queries
from access.models import Invitation, InvitationUse, Tier
from access.models.invitations import MOST_USES
from access.terms import actions as terms_of_use
from access.tiers.actions import place
from access.tiers.queries import standing_of
from accounts.actions import add_seat, open_studio
from accounts.errors import AlreadySeated
from accounts.models import Duty, Person, Seat, Studio
from audit.actions import Actor, record

CODE_BYTES = 24  # 192 random bits: nobody finds one by trying
LONGEST_NAME, LONGEST_NOTE = 120, 1000
ANOTHER_LETTER_AFTER = timedelta(minutes=10)
REMIND_BEFORE, REMIND_NOT_BEFORE, REMINDERS_AT_ONCE = timedelta(days=3), timedelta(days=1), 100
AGAIN = timedelta(days=14)
_DOMAIN = re.compile(r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]")


@transaction.atomic
def invite(
    *,
    tier: Tier,
    role: str,
    actor: Actor,
    email: str = "",
    domain: str = "",
    anybody: bool = False,
    studio: Studio | None = None,
    studio_name: str = "",
    founder_names: bool = False,
    name: str = "",
    note: str = "",
    duties: Iterable[str] = (),
    uses_allowed: int = 1,
    days: int = 14,
    key: str | None = None,
    of_allowance: bool = False,
) -> tuple[Invitation, str]:
    """An invitation, and its code, which is never to be had again.

    It is for one address (`email`), for whoever has one at `domain` ("lantern.example"), or for `anybody`; the last two
    may be used `uses_allowed` times. With `studio` people join it; with `studio_name` they found it, as its owner,
    standing in `tier`; with `founder_names` whoever accepts names it. A studio that stands in a tier already stays
    there. The same `key` again gives the first invitation, and "" for its code. Raises InvalidInvitation.
    """
    if key and (first := Invitation.objects.filter(key=key).first()):
        return first, ""
    invitation = Invitation(
        key=key or None,
        email=email.strip().lower(),
        domain=domain.strip().lower().removeprefix("@"),
        name=name.strip(),
        note=note.strip(),
        studio=studio,
        studio_name=studio_name.strip(),
        founder_names=founder_names,
        tier=tier,
        role=role,
        duties=sorted(set(duties)),
        uses_allowed=uses_allowed,
        of_allowance=of_allowance,
        created_by_id=actor.person_id,
        invited_by_seat_id=actor.seat_id,
    )
    _check(invitation, anybody, days)
    invitation.expires_at = timezone.now() + timedelta(days=days)
    return _make(invitation, actor, days=days)


def _make(invitation: Invitation, actor: Actor, **facts: object) -> tuple[Invitation, str]:
    code = secrets.token_urlsafe(CODE_BYTES)
    invitation.code_hash = queries.hash_of(code)
    try:
        with transaction.atomic():
            invitation.save(force_insert=True)
    except IntegrityError:  # the same key, at the same moment
        if first := Invitation.objects.filter(key=invitation.key).exclude(key=None).first():
            return first, ""
        raise
    binding = "address" if invitation.email else "domain" if invitation.domain else "anybody"
    facts |= {"tier": invitation.tier.slug, "role": invitation.role, "duties": invitation.duties, "binding": binding}
    record(
        actor=actor,
        action="invitation.made",
        target=invitation,
        studio=invitation.studio,
        facts=facts | {"uses_allowed": invitation.uses_allowed, "link": invitation.link_id},
        personal={"email": invitation.email} if invitation.email else {},
        subject=invitation,
    )
    return invitation, code


@transaction.atomic
def invite_by_letter(*, email: str, actor: Actor, **details: object) -> Invitation:
    """`invite` for one address, and the letter that brings its link: nobody here ever sees it."""
    invitation, code = invite(email=email, actor=actor, **details)  # type: ignore[arg-type]
    if code:
        letters.write_invitation(invitation, code)
    return invitation


def check_address(email: str) -> None:
    try:
        validate_email(email)
    except ValidationError:
        raise InvalidInvitation(f"“{email}” is not an e-mail address.") from None


def _check(invitation: Invitation, anybody: bool, days: int) -> None:
    email, domain, studio = invitation.email, invitation.domain, invitation.studio
    if [bool(email), bool(domain), anybody].count(True) > 1:
        raise InvalidInvitation("An invitation is for one address, for a domain or for anybody; choose one.")
    if not domain and not anybody:
        check_address(email)
    if domain and not _DOMAIN.fullmatch(domain):
        raise InvalidInvitation(f"“{domain}” is no domain; write it as in lantern.example.")
    if not 1 <= invitation.uses_allowed <= MOST_USES:
        raise InvalidInvitation(f"An invitation is used between 1 and {MOST_USES:,} times.")
    if invitation.uses_allowed > 1 and email:
        raise InvalidInvitation("An invitation for one address is used once.")
    if invitation.uses_allowed > 1 and invitation.studio_name:
        raise InvalidInvitation("Where several found studios, each names their own; leave the name empty.")
    if invitation.duties and not email:
        raise InvalidInvitation("Duties for the lab are given to one address, not by a link.")
    if [studio is not None, bool(invitation.studio_name), invitation.founder_names].count(True) != 1:
        raise InvalidInvitation("Name a new studio, or pick one that exists; one of the two.")
    if len(invitation.studio_name) > LONGEST_NAME:
        raise InvalidInvitation("A studio's name has at most 120 characters.")
    if len(invitation.name) > LONGEST_NAME:
        raise InvalidInvitation("A person's name has at most 120 characters.")
    if len(invitation.note) > LONGEST_NOTE:
        raise InvalidInvitation(f"Your words have at most {LONGEST_NOTE:,} characters.")
    if invitation.role not in Seat.Role.values:
        raise InvalidInvitation(f"“{invitation.role}” is no role; use one of {', '.join(Seat.Role.values)}.")
    if studio is None and invitation.role != Seat.Role.OWNER:
        raise InvalidInvitation("Whoever founds a studio owns it: invite them as its owner.")
    if unknown := [duty for duty in invitation.duties if duty not in Duty.Kind.values]:
        raise InvalidInvitation(f"“{unknown[0]}” is no duty; use {', '.join(Duty.Kind.values)}.")
    if studio is None and invitation.tier.retired_at is not None:
        raise InvalidInvitation(f"“{invitation.tier.name}” is retired: nobody new stands in it. Choose another tier.")
    if not 1 <= days <= 90:
        raise InvalidInvitation("An invitation lasts between 1 and 90 days.")
    if studio and email and _sits(studio, email):
        raise InvalidInvitation(f"{email} already has a seat at {studio.name}.")


def _sits(studio: Studio, email: str) -> bool:
    return Seat.objects.filter(studio=studio, person__email__iexact=email, ended_at=None).exists()


# --- Coming in -------------------------------------------------------------------------------------------------------


@transaction.atomic
def accept(
    *,
    code: str,
    name: str = "",
    password: str | None = None,
    person: Person | None = None,
    studio_name: str = "",
    terms: int | None = None,
) -> Seat:
    """Turn an invitation into a seat. Of many who try at the same moment, as many get in as it has uses left.

    `person` is whoever is signed in. Somebody new gives `name` and, if they like, a `password`; somebody whose address
    is known here must be signed in, and gets one more seat. `studio_name` is what a founder calls their studio;
    `terms` the number of the version they read and accept. Raises InvitationRefused, SignInFirst, WrongAddress,
    ConfirmAddress, StudioNameNeeded, TermsNotAccepted, and Django's ValidationError for a password that is too weak.
    The caller then sees to the studio's first credits (quotas.actions.grant_recurring): the ledger stands above this.
    """
    found = queries.open_invitation(code, lock=True)
    studio_name = " ".join(studio_name.split()) if found.founder_names else found.studio_name
    if found.studio is None and not 1 <= len(studio_name) <= LONGEST_NAME:
        raise StudioNameNeeded("Give your studio a name, of at most 120 characters. Your own name will do.")
    terms_of_use.require(person=person, number=terms)
    counted = found.link or found
    if person and InvitationUse.objects.filter(invitation=counted, person=person).exists():
        raise InvitationRefused("You came in by this link already. Your studio is waiting for you.", "used")
    guest = _person_for(found, name, password, person)
    actor = Actor.of_person(guest)
    studio = found.studio or open_studio(name=studio_name, actor=actor)
    try:
        seat = add_seat(studio=studio, person=guest, role=found.role, actor=actor)
    except AlreadySeated as error:
        raise InvitationRefused(f"You already have a seat at {studio.name}. Sign in to use it.", "used") from error
    for kind in found.duties:
        Duty.objects.get_or_create(person=guest, kind=kind)
    if standing_of(studio) is None:
        _place(studio, found.tier, actor)
    for one in {found.pk, counted.pk}:
        _count(one)
    InvitationUse.objects.create(invitation=counted, person=guest, seat=seat)
    terms_of_use.accept(person=guest, number=terms, how="invitation", seat=seat)
    if found.email:
        Invitation.objects.filter(pk=found.pk).update(accepted_at=timezone.now(), accepted_by=guest)
    record(
        actor=actor,
        action="invitation.accepted",
        target=found,
        studio=studio,
        facts={"seat": seat.pk, "role": found.role, "duties": found.duties, "link": found.link_id},
    )
    return seat


def _place(studio: Studio, tier: Tier, actor: Actor) -> None:
    try:
        place(studio=studio, tier=tier, reason="Invited", actor=actor)
    except TierRetired:
        raise InvitationRefused(
            f"The tier you were invited to, {tier.name}, is no longer given. Ask whoever invited you for a new one."
        ) from None


def _count(pk: int) -> None:
    left = Invitation.objects.filter(pk=pk, revoked_at=None, uses__lt=F("uses_allowed"))
    if not left.update(uses=F("uses") + 1):
        raise InvitationRefused(
            "Somebody else took the last place a moment ago. Ask whoever invited you for another.", "full"
        )


def _person_for(invitation: Invitation, name: str, password: str | None, person: Person | None) -> Person:
    if person is not None:
        if not invitation.fits(person.email):
            raise WrongAddress(
                f"This invitation is for {invitation.bound_to}, and you are signed in as {person.email}. "
                "Sign out, then open the link again."
            )
        return person
    if invitation.is_link:
        raise ConfirmAddress("Tell us your e-mail address first. We write to it, and the letter brings you in.")
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
def confirm_by_letter(*, code: str, email: str) -> None:
    """Somebody came by a link and says who they are: their mailbox gets a personal invitation, which confirms it.

    Who watches learns nothing about the address: whatever becomes of it, this returns the same. Asked again within
    ANOTHER_LETTER_AFTER, nothing more is written; later, a new letter with a new link. Raises InvitationRefused, and
    InvalidInvitation for what is no address or not one the link is for.
    """
    link, email = queries.open_invitation(code), email.strip().lower()
    if not link.is_link:
        raise InvitationRefused("This invitation is for somebody in particular already.")
    check_address(email)
    if not link.fits(email):
        raise InvalidInvitation(f"This link is for addresses that end in {link.bound_to}.")
    key = f"link:{link.pk}:{queries.hash_of(email)}"
    if link.studio and _sits(link.studio, email):
        letters.write_here_already(link, email, key)
        return
    invitation = Invitation.objects.filter(key=key).first()
    if invitation is None:
        # It stands for the link: the same inviter, the same end.
        same = ("studio", "studio_name", "founder_names", "tier", "role", "expires_at", "created_by", "invited_by_seat")
        personal = Invitation(key=key, link=link, email=email, **{field: getattr(link, field) for field in same})
        invitation, fresh = _make(personal, Actor.house("invitation link"))
    elif invitation.state == "open" and not _written_lately(invitation):
        fresh = _renew(invitation, Actor.house("invitation link"))
    else:
        return
    if fresh:
        letters.write_invitation(invitation, fresh)


def _written_lately(invitation: Invitation) -> bool:
    since = timezone.now() - ANOTHER_LETTER_AFTER
    return letters.letters_to(invitation).filter(written_at__gt=since).exists()


# --- Afterwards ------------------------------------------------------------------------------------------------------


@transaction.atomic
def revoke(*, invitation: Invitation, actor: Actor) -> Invitation:
    """Take an invitation back, and with a link every personal invitation that came by it. One that was used up, or
    taken back before, stays as it is; whoever came in stays in."""
    waiting = Invitation.objects.filter(pk=invitation.pk, revoked_at=None, uses__lt=F("uses_allowed"))
    if waiting.update(revoked_at=timezone.now()):
        record(actor=actor, action="invitation.revoked", target=invitation, studio=invitation.studio_id)
    invitation.refresh_from_db()
    return invitation


@transaction.atomic
def resend(*, invitation: Invitation, actor: Actor, after: int) -> str:
    """A new code for the same invitation; the old one opens nothing any more. A bound one's letter is written too.

    `after` is how many codes it had when whoever asks looked (Invitation.codes): asking twice renews it once, and the
    second answer is "". One that has expired is open again for AGAIN. Raises InvitationRefused for one that is used up
    or was taken back.
    """
    invitation = Invitation.objects.select_for_update(of=("self",), no_key=True).get(pk=invitation.pk)
    if invitation.codes != after:
        return ""
    if invitation.state == "expired" and invitation.link is None and not invitation.of_allowance:
        invitation.expires_at = timezone.now() + AGAIN
        invitation.save(update_fields=["expires_at"])
    for one in (invitation.link, invitation):
        if one is not None:
            queries.refuse_unless_open(one)
    code = _renew(invitation, actor)
    if invitation.email:
        letters.write_invitation(invitation, code)
    return code


def _renew(invitation: Invitation, actor: Actor) -> str:
    """A new code in place of the old one; "" when somebody else renewed it, or it ended, a moment ago."""
    code = secrets.token_urlsafe(CODE_BYTES)
    same = Invitation.objects.filter(pk=invitation.pk, codes=invitation.codes, accepted_at=None, revoked_at=None)
    if not same.update(code_hash=queries.hash_of(code), codes=F("codes") + 1):
        return ""
    invitation.refresh_from_db()
    record(actor=actor, action="invitation.renewed", target=invitation, studio=invitation.studio_id)
    return code


def remind() -> int:
    """One letter to whoever has not come yet and whose invitation ends within REMIND_BEFORE; once each. As codes are
    not kept, it brings a new one. Returns how many were written. Any number of clocks may do so at once."""
    now = timezone.now()
    due = queries.ending_soon(now, REMIND_BEFORE, made_before=now - REMIND_NOT_BEFORE)
    return sum(_remind(invitation) for invitation in list(due[:REMINDERS_AT_ONCE]))


@transaction.atomic
def _remind(invitation: Invitation) -> bool:
    mine = Invitation.objects.filter(pk=invitation.pk, reminded_at=None, codes=invitation.codes)
    if not mine.update(reminded_at=timezone.now()):
        return False
    code = _renew(invitation, Actor.house("clock"))
    if code:
        letters.write_invitation(invitation, code, reminds=True)
    return bool(code)
