"""Place a studio, make an exception, lift it. Each is one transaction and audited."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from access.errors import InvalidOverride
from access.models import Override, Standing, Tier
from access.rules import OVERRIDABLE
from access.tiers import queries
from accounts.models import Seat, Studio
from audit.actions import Actor, record


@transaction.atomic
def place(*, studio: Studio, tier: Tier, reason: str, actor: Actor) -> Standing:
    """Stand a studio in a tier from now on; its former standing ends at the same moment and stays as history."""
    Studio.objects.select_for_update(no_key=True).get(pk=studio.pk)
    now = timezone.now()
    former = queries.standing_of(studio)
    if former is not None and former.tier_id == tier.pk:
        return former
    if former is not None:
        former.until = now
        former.save(update_fields=["until"])
    standing = Standing.objects.create(studio=studio, tier=tier, since=now, reason=reason, by_id=actor.person_id)
    record(
        actor=actor,
        action="studio.placed",
        target=studio,
        studio=studio,
        facts={"tier": tier.slug, "from": former.tier.slug if former else None, "reason": reason},
    )
    return standing


@transaction.atomic
def override(
    *,
    field: str,
    value: Any,
    ends_at: datetime,
    reason: str,
    actor: Actor,
    studio: Studio | None = None,
    seat: Seat | None = None,
) -> Override:
    """Except one studio, or one seat, from one limit of its tier until `ends_at`. Raises InvalidOverride."""
    if (studio is None) == (seat is None):
        raise TypeError("override() takes a studio or a seat, and one of them.")
    if field not in OVERRIDABLE:
        raise InvalidOverride(f"“{field}” is no limit that can be overridden; {', '.join(OVERRIDABLE)} can.")
    fits, wanted = OVERRIDABLE[field]
    if not fits(value):
        raise InvalidOverride(f"“{field}” takes {wanted}.")
    if ends_at <= timezone.now():
        raise InvalidOverride("An exception needs an end that is still to come.")
    made = Override.objects.create(
        studio=studio, seat=seat, field=field, value=value, ends_at=ends_at, reason=reason, by_id=actor.person_id
    )
    _record_override(made, "override.made", actor, field=field, value=value, ends_at=ends_at.isoformat(), reason=reason)
    return made


@transaction.atomic
def lift(*, override: Override, actor: Actor) -> Override:
    """End an exception now. One that has ended already stays as it is."""
    now = timezone.now()
    if Override.objects.filter(pk=override.pk, ends_at__gt=now).update(ends_at=now):
        _record_override(override, "override.lifted", actor, field=override.field)
    override.refresh_from_db()
    return override


def _record_override(made: Override, action: str, actor: Actor, **facts: Any) -> None:
    whose = made.studio_id or (made.seat.studio_id if made.seat else None)
    record(actor=actor, action=action, target=made, studio=whose, facts=facts | {"seat": made.seat_id})
