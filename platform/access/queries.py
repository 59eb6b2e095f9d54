"""The one read everything asks for: what a seat may do."""

from django.db.models import Q
from django.utils import timezone

from access.models import Override, Standing
from access.rules import Entitlements, OverrideValue, resolve
from access.tiers.queries import limits
from accounts.models import Seat


def entitlements(seat: Seat) -> Entitlements:
    """What the seat may do right now. Two queries when the seat's studio is joined, three otherwise."""
    now = timezone.now()
    standing = Standing.objects.filter(studio_id=seat.studio_id, until=None).select_related("tier").first()
    overrides = Override.objects.filter(Q(studio_id=seat.studio_id) | Q(seat_id=seat.pk), ends_at__gt=now)
    return resolve(
        tier=limits(standing.tier) if standing else None,
        overrides=[
            OverrideValue(one.field, one.value, one.seat_id is not None, one.created_at, one.ends_at)
            for one in overrides
        ],
        role=seat.role,
        seat_suspended=seat.suspended_at is not None,
        seat_ended=seat.ended_at is not None,
        studio_suspended=seat.studio.suspended_at is not None,
        now=now,
    )
