"""What a tier gives, in words for somebody who decides whether to come in."""

from access.models import Tier
from generation import catalogue


def promises(tier: Tier) -> list[tuple[str, str]]:
    """(what, in which measure) of a tier, largest things first. Models are those of this house's catalogue."""
    entries = [one for one in catalogue.entries().values() if "*" in tier.models or one.id in tier.models]
    sizes = [size for one in entries for size in one.sizes if size.width * size.height <= tier.max_pixels]
    largest = max(sizes, key=lambda size: size.width * size.height, default=None)
    clips = f"up to {tier.max_seconds} second{'s' if tier.max_seconds > 1 else ''}"
    if largest:
        clips += f", {largest.width} × {largest.height}"
    found = [("Models", "all of this house" if "*" in tier.models else ", ".join(one.title for one in entries))]
    found.append(("Clips", clips))
    if tier.monthly_credits:
        found.append(("Credits", f"{tier.monthly_credits:,} every month, for the whole studio"))
    found.append(("At once", f"{tier.concurrency} take{'s' if tier.concurrency > 1 else ''}"))
    more = [words for has, words in ((tier.references, "start from an image"), (tier.api, "keys for programs")) if has]
    if more:
        found.append(("Also", ", ".join(more)))
    return [(what, measure) for what, measure in found if measure]
