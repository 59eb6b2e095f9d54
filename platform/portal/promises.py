"""What a tier gives, in words for somebody who decides whether to come in."""

from access.models import Tier
from generation import catalogue


def promises(tier: Tier) -> list[tuple[str, str]]:
    """(what, in which measure) of a tier, largest things first. Models are those of this house's catalogue."""
    entries = [one for one in catalogue.entries().values() if "*" in tier.models or one.id in tier.models]
    # In the measures of what they are handed: the size a clip is delivered in, the length a model can make.
    sizes = [
        (size.width * one.deliver_scale, size.height * one.deliver_scale)
        for one in entries
        for size in one.sizes
        if size.width * size.height <= tier.max_pixels
    ]
    longest = max((one.seconds(frames) for one in entries for frames in one.lengths), default=tier.max_seconds)
    seconds = round(float(min(longest, tier.max_seconds)), 1)
    clips = f"up to {seconds:g} second{'s' if seconds != 1 else ''}"
    if sizes:
        clips += ", {} × {}".format(*max(sizes, key=lambda size: size[0] * size[1]))
    found = [("Models", "all of this house" if "*" in tier.models else ", ".join(one.title for one in entries))]
    found.append(("Clips", clips))
    if tier.monthly_credits:
        found.append(("Credits", f"{tier.monthly_credits:,} every month, for the whole studio"))
    found.append(("At once", f"{tier.concurrency} take{'s' if tier.concurrency > 1 else ''}"))
    more = [words for has, words in ((tier.references, "start from an image"), (tier.api, "keys for programs")) if has]
    if more:
        found.append(("Also", ", ".join(more)))
    return [(what, measure) for what, measure in found if measure]
