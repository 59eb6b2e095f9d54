"""Reads on tiers and standings."""

from access.models import Standing, Tier
from access.rules import TierLimits
from accounts.models import Studio


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


def standing_of(studio: Studio) -> Standing | None:
    """Where the studio stands now, with its tier joined."""
    return Standing.objects.filter(studio=studio, until=None).select_related("tier").first()
