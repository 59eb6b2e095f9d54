"""Reads on what seats may bring in, and whom they did."""

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Q, QuerySet
from django.utils import timezone

from access.invitations.queries import is_open
from access.models import Invitation
from access.tiers.queries import standing_of
from accounts.models import Seat

YEAR = timedelta(days=365)


@dataclass(frozen=True)
class Allowance:
    """`used` counts who came in, and who may still: one that is taken back or expires comes back to the seat."""

    whole: int
    used: int

    @property
    def left(self) -> int:
        return max(0, self.whole - self.used)


def sent_by(seat: Seat) -> QuerySet[Invitation]:
    """Everybody this seat invited from outside, with what became of them."""
    return Invitation.objects.filter(invited_by_seat=seat, of_allowance=True).select_related("accepted_by", "link")


def allowance_of(seat: Seat) -> Allowance:
    """What the seat's tier gives, and how much of it is used within the last year."""
    now = timezone.now()
    standing = standing_of(seat.studio)
    lately = sent_by(seat).filter(created_at__gt=now - YEAR)
    used = lately.filter(Q(uses__gt=0) | is_open(now)).count()
    return Allowance(standing.tier.invitation_allowance if standing else 0, used)
