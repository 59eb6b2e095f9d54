"""Reads on invitations."""

import hashlib
from dataclasses import dataclass

from django.utils import timezone

from access.errors import InvitationRefused
from access.models import Invitation
from accounts.models import Person, Studio


@dataclass(frozen=True)
class Welcome:
    """What the invitation page says. `known` is the person who has the invited address already, if there is one."""

    invitation: Invitation
    studio_name: str
    known: Person | None


def welcome(code: str) -> Welcome:
    """The open invitation behind a code. Raises InvitationRefused, with the reason as its message."""
    invitation = open_invitation(code)
    return Welcome(
        invitation=invitation,
        studio_name=invitation.studio.name if invitation.studio else invitation.studio_name,
        known=Person.objects.filter(email__iexact=invitation.email).first(),
    )


def open_invitation(code: str, *, lock: bool = False) -> Invitation:
    """The invitation behind a code, if it can be accepted now; otherwise InvitationRefused. `lock` for those who do."""
    invitations = Invitation.objects.select_related("studio", "tier")
    if lock:
        invitations = invitations.select_for_update(of=("self",), no_key=True)
    invitation = invitations.filter(code_hash=hash_of(code)).first()
    if invitation is None:
        raise InvitationRefused("This link opens nothing. Check that it was copied whole, or ask for a new one.")
    _refuse_unless_open(invitation)
    return invitation


def hash_of(code: str) -> str:
    return hashlib.sha256(code.strip().encode()).hexdigest()


def _refuse_unless_open(invitation: Invitation) -> None:
    if invitation.accepted_at is not None:
        raise InvitationRefused("This invitation was used already. Sign in with the address it was sent to.")
    if invitation.revoked_at is not None:
        raise InvitationRefused("This invitation was taken back. Ask whoever invited you for a new one.")
    if invitation.expires_at <= timezone.now():
        raise InvitationRefused("This invitation has expired. Ask whoever invited you for a new one.")
    if invitation.studio is not None and invitation.studio.suspended_at is not None:
        raise InvitationRefused("The studio you were invited to is suspended. Ask whoever invited you what to do.")


def invitations_of(studio: Studio) -> list[Invitation]:
    """A studio's invitations that can still be accepted, newest first."""
    still_open = Invitation.objects.filter(accepted_at=None, revoked_at=None, expires_at__gt=timezone.now())
    return list(still_open.filter(studio=studio).select_related("created_by").order_by("-id"))
