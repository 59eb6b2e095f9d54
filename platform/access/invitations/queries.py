"""Reads on invitations."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F, Q, QuerySet
from django.utils import timezone

from access.errors import InvalidInvitation, InvitationRefused
from access.models import Invitation, InvitationUse
from accounts.models import Person, Studio

STATES = ("open", "used", "ended")


@dataclass(frozen=True)
class Welcome:
    """What the invitation page says. `known` is the person who has the invited address already, if there is one."""

    invitation: Invitation
    studio_name: str
    inviter: str
    known: Person | None


def welcome(code: str) -> Welcome:
    """The open invitation behind a code. Raises InvitationRefused, with the reason as its message."""
    invitation = open_invitation(code)
    return Welcome(
        invitation=invitation,
        studio_name=invitation.studio.name if invitation.studio else invitation.studio_name,
        inviter=inviter_of(invitation),
        known=Person.objects.filter(email__iexact=invitation.email).first() if invitation.email else None,
    )


def open_invitation(code: str, *, lock: bool = False) -> Invitation:
    """The invitation behind a code, if it can be accepted now; otherwise InvitationRefused. `lock` for those who do."""
    invitations = Invitation.objects.select_related("studio", "tier", "link", "created_by", "invited_by_seat__person")
    if lock:
        invitations = invitations.select_for_update(of=("self",), no_key=True)
    invitation = invitations.filter(code_hash=hash_of(code)).first()
    if invitation is None:
        raise InvitationRefused(
            "This link opens nothing. Check that it was copied whole; if a newer letter came, use the link in it.",
            "unknown",
        )
    if invitation.link is not None:
        if lock:
            invitation.link = Invitation.objects.select_for_update(no_key=True).get(pk=invitation.link.pk)
        refuse_unless_open(invitation.link)
    refuse_unless_open(invitation)
    return invitation


def hash_of(code: str) -> str:
    return hashlib.sha256(code.strip().encode()).hexdigest()


def refuse_unless_open(invitation: Invitation) -> None:
    if invitation.uses >= invitation.uses_allowed:
        if invitation.is_link:
            raise InvitationRefused(
                "Everybody this link was for has come in. If you are one of them, sign in; or ask for another link.",
                "full",
            )
        raise InvitationRefused("This invitation was used already. Sign in with the address it was sent to.", "used")
    if invitation.revoked_at is not None:
        raise InvitationRefused("This invitation was taken back. Ask whoever invited you for a new one.", "revoked")
    if invitation.expires_at <= timezone.now():
        raise InvitationRefused("This invitation has expired. Ask whoever invited you for a new one.", "expired")
    if invitation.studio is not None and invitation.studio.suspended_at is not None:
        raise InvitationRefused("The studio you were invited to is suspended. Ask whoever invited you what to do.")


def inviter_of(invitation: Invitation) -> str:
    """Who invites, by name. A seat invites as its person; without one it is the lab, or who wrote it for the lab."""
    if invitation.invited_by_seat is not None:
        return invitation.invited_by_seat.person.name
    return invitation.created_by.name if invitation.created_by else "The lab"


def studio_of(invitation: Invitation) -> str:
    """Where it leads to, as words that follow "to": a name, or "a studio of your own"."""
    return (invitation.studio.name if invitation.studio else invitation.studio_name) or "a studio of your own"


def is_open(now: datetime) -> Q:
    """Those that can be accepted at `now`."""
    by_link = Q(link=None) | Q(link__revoked_at=None, link__uses__lt=F("link__uses_allowed"))
    return by_link & Q(accepted_at=None, revoked_at=None, expires_at__gt=now, uses__lt=F("uses_allowed"))


def invitations_of(studio: Studio) -> list[Invitation]:
    """A studio's invitations that can still be accepted, newest first."""
    still_open = Invitation.objects.filter(is_open(timezone.now()), studio=studio)
    return list(still_open.select_related("created_by", "invited_by_seat__person").order_by("-id"))


def search(*, state: str = "", words: str = "") -> QuerySet[Invitation]:
    """Every invitation in `state` (one of STATES; any other: all) whose address, domain or studio has `words` in it."""
    found = Invitation.objects.select_related("studio", "tier", "link", "created_by", "invited_by_seat__person")
    used, can_be_accepted = Q(uses__gte=F("uses_allowed")), is_open(timezone.now())
    if state == "open":
        found = found.filter(can_be_accepted)
    elif state == "used":
        found = found.filter(used)
    elif state == "ended":
        found = found.exclude(used).exclude(can_be_accepted)
    if words := words.strip().lstrip("@").replace("\x00", ""):
        found = found.filter(
            Q(email__icontains=words)
            | Q(domain__icontains=words)
            | Q(studio__name__icontains=words)
            | Q(studio_name__icontains=words)
        )
    return found


def acceptances_of(invitation: Invitation) -> QuerySet[InvitationUse]:
    """Who came in by it. One that came by a link is counted, and listed, with the link."""
    uses = InvitationUse.objects.select_related("person", "seat__studio")
    if invitation.link_id:
        return uses.filter(invitation=invitation.link_id, person=invitation.accepted_by_id)
    return uses.filter(invitation=invitation)


def ending_soon(now: datetime, before: timedelta, *, made_before: datetime) -> QuerySet[Invitation]:
    """Bound ones that end within `before`, whom nobody has been reminded of yet; the earliest first."""
    waiting = Invitation.objects.filter(is_open(now), reminded_at=None, expires_at__lte=now + before)
    return waiting.filter(created_at__lte=made_before).exclude(email="").order_by("expires_at")


def studio_called(name: str) -> Studio | None:
    """The studio of this slug, or of this very name. Raises InvalidInvitation where two have the name."""
    if found := Studio.objects.filter(slug=name).first():
        return found
    of_name = list(Studio.objects.filter(name__iexact=name.strip()).order_by("slug")[:5])
    if len(of_name) > 1:
        slugs = ", ".join(studio.slug for studio in of_name)
        raise InvalidInvitation(f"More than one studio is called “{name}”; name one by its slug: {slugs}.")
    return of_name[0] if of_name else None
