"""Reads on tiers, their versions, standings and exceptions."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from access.models import Invitation, Override, Standing, Tier, TierVersion
from access.rules import TierLimits
from access.tiers.limits import LIMITS, SMALL
from accounts.models import Seat, Studio


def limits(tier: Tier) -> TierLimits:
    return TierLimits(
        name=tier.name,
        models=frozenset(tier.models),
        max_pixels=tier.max_pixels,
        max_seconds=tier.max_seconds,
        references=tier.references,
        api=tier.api,
        concurrency=tier.concurrency,
        queue_weight=tier.queue_weight,
        daily_takes=tier.daily_takes,
    )


def said(tier: Tier) -> dict[str, Any]:
    """Every field of limits.LIMITS as the tier says it now, as JSON; another tier stands there by its slug."""
    values = {field: getattr(tier, field) for field in LIMITS}
    return values | {"invitation_tier": tier.invitation_tier.slug if tier.invitation_tier else None}


def said_on(tier: Tier, when: datetime) -> Mapping[str, Any]:
    """What the tier said at that moment; before its first version, what that one says."""
    versions = tier.versions.order_by("number")
    found = versions.filter(at__lte=when).last() or versions.first()
    return found.limits if found else said(tier)


def open_tiers() -> QuerySet[Tier]:
    """The tiers a studio can be placed in, the most open last."""
    return Tier.objects.filter(retired_at=None)


def tiers_with_studios() -> QuerySet[Tier]:
    """Every tier, the most open last. `studios` is how many stand in it."""
    standing = Standing.objects.filter(tier=OuterRef("pk"), until=None).order_by().values("tier")
    studios = Subquery(standing.annotate(n=Count("pk")).values("n"))
    return Tier.objects.annotate(studios=Coalesce(studios, 0)).order_by("rank")


def next_rank() -> int:
    """One that no tier has, above all others."""
    highest = Tier.objects.order_by("-rank").values_list("rank", flat=True).first()
    return 10 if highest is None else min(highest + 10, SMALL)


def version_number(tier: Tier) -> int:
    """Of the version that says what the tier says now."""
    return tier.versions.order_by("-number").values_list("number", flat=True).first() or 1


def versions_of(tier: Tier) -> QuerySet[TierVersion]:
    return tier.versions.select_related("by")


def open_invitations(tier: Tier) -> int:
    """How many invitations that can still be accepted lead to this tier."""
    usable = Invitation.objects.filter(revoked_at=None, expires_at__gt=timezone.now(), uses__lt=F("uses_allowed"))
    return usable.filter(tier=tier, studio=None).count()


def standing_of(studio: Studio) -> Standing | None:
    """Where the studio stands now, with its tier joined."""
    return Standing.objects.filter(studio=studio, until=None).select_related("tier").first()


def standing_before(standing: Standing) -> Standing | None:
    """Where the same studio stood before."""
    earlier = Standing.objects.filter(studio=standing.studio_id, pk__lt=standing.pk)
    return earlier.select_related("tier").order_by("-pk").first()


def standings_of(studio: Studio) -> QuerySet[Standing]:
    return Standing.objects.filter(studio=studio).select_related("tier", "by")


def standings_in(tier: Tier) -> QuerySet[Standing]:
    """The studios that stand in a tier now, as their standings."""
    return Standing.objects.filter(tier=tier, until=None).select_related("studio")


def overrides_of(*, studio: Studio | None = None, seat: Seat | None = None) -> QuerySet[Override]:
    """Exceptions: of a studio and all of its seats, or of one seat. Those that have ended are history."""
    whose = Q(studio=studio) | Q(seat__studio=studio) if seat is None else Q(seat=seat)
    return Override.objects.filter(whose).select_related("seat__person", "by")
