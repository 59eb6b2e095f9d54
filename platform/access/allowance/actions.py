"""What a seat may bring in: people from outside who found studios of their own, so many within a year by its tier."""

from django.db import transaction
from django.utils import timezone

from access.allowance.queries import allowance_of, sent_by
from access.errors import InvalidInvitation, NothingLeft
from access.invitations.actions import invite_by_letter
from access.invitations.queries import is_open
from access.models import Invitation, Tier
from access.queries import entitlements
from access.tiers.queries import open_tiers, standing_of
from accounts.models import Seat
from audit.actions import Actor

DAYS = 30  # that such an invitation lasts
LONGEST_NOTE = 300


@transaction.atomic
def bring_in(*, seat: Seat, email: str, name: str = "", note: str = "", key: str) -> Invitation:
    """Invite somebody from outside to found a studio of their own. The same key again gives the first invitation.

    Raises NothingLeft, and InvalidInvitation.
    """
    # One at a time for each seat, so that two at once cannot both take the last.
    seat = Seat.objects.select_for_update(of=("self",), no_key=True).select_related("studio", "person").get(pk=seat.pk)
    key = f"allowance:{seat.pk}:{key}"
    if first := Invitation.objects.filter(key=key).first():
        return first
    email, note = email.strip().lower(), note.strip()
    if not entitlements(seat).may("submit"):
        raise NothingLeft("From this seat nobody is invited. An owner of your studio can give you another role.")
    if allowance_of(seat).left < 1:
        raise NothingLeft("You have invited as many people as your tier gives for now. Each comes back after a year.")
    if problem := problem_with_note(note):
        raise InvalidInvitation(problem)
    if Seat.objects.filter(studio=seat.studio, person__email__iexact=email, ended_at=None).exists():
        raise InvalidInvitation(f"{email} has a seat in your studio already.")
    if sent_by(seat).filter(is_open(timezone.now()), email=email).exists():
        raise InvalidInvitation(
            f"You invited {email} already, and they have not come yet. You can send it again below."
        )
    return invite_by_letter(
        email=email,
        name=name,
        note=note,
        tier=_tier_for(seat),
        role=Seat.Role.OWNER,
        founder_names=True,
        days=DAYS,
        of_allowance=True,
        actor=Actor.of_seat(seat),
        key=key,
    )


def _tier_for(seat: Seat) -> Tier:
    """Where whom this seat brings in will stand: what its tier says, or the lowest."""
    standing = standing_of(seat.studio)
    wanted = standing.tier.invitation_tier if standing else None
    if wanted is not None and wanted.retired_at is None:
        return wanted
    lowest = open_tiers().order_by("rank").first()
    if lowest is None:
        raise InvalidInvitation("There is no tier that anybody new could stand in. Write to the lab.")
    return lowest


def problem_with_note(note: str) -> str | None:
    """Words go to strangers in the house's name, so they are few and lead nowhere."""
    if len(note) > LONGEST_NOTE:
        return f"Your words have at most {LONGEST_NOTE} characters."
    if "://" in note or "www." in note.lower():
        return "Leave links out of your words: the letter brings the one that counts."
    return None
