"""The fields of a tier: what each is called, what it may be, how it is said. Pure, for forms, verbs and pages alike."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

MODEL_ID = re.compile(r"\*|[\w./:-]{1,120}")
MOST_MODELS = 50
MOST_CREDITS = 1_000_000_000
SMALL, LARGE = 32_767, 2_000_000_000  # what the columns hold on every database


@dataclass(frozen=True)
class Limit:
    """`fits` tests a value; `wanted` says what it takes; `kind` is models, number, yes, text or tier (by its slug)."""

    label: str
    help: str
    kind: str
    fits: Callable[[Any], bool]
    wanted: str


def _number(least: int, most: int) -> tuple[Callable[[Any], bool], str]:
    def fits(value: Any) -> bool:
        return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most

    return fits, f"a whole number from {least:,} to {most:,}"


def _models(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) <= MOST_MODELS
        and all(isinstance(one, str) and MODEL_ID.fullmatch(one) for one in value)
    )


def _no_limit_or_number(value: Any) -> bool:
    return value is None or _number(1, LARGE)[0](value)


_yes = (lambda value: isinstance(value, bool), "yes or no")

LIMITS: dict[str, Limit] = {
    "name": Limit(
        "Name",
        "What studios read.",
        "text",
        lambda value: isinstance(value, str) and 1 <= len(value.strip()) <= 60,
        "1 to 60 characters",
    ),
    "rank": Limit("Rank", "Orders the tiers, the most open last.", "number", *_number(0, SMALL)),
    "models": Limit(
        "Models",
        "Ids of the catalogue, or * for every model in it.",
        "models",
        _models,
        f"ids of models with spaces between them, at most {MOST_MODELS}, or *",
    ),
    "max_pixels": Limit("Pixels of a frame", "Width times height, at most.", "number", *_number(1, LARGE)),
    "max_seconds": Limit("Seconds of a clip", "At most.", "number", *_number(1, SMALL)),
    "references": Limit("References", "A take may start from an image.", "yes", *_yes),
    "api": Limit("API", "Seats may make keys for programs.", "yes", *_yes),
    "concurrency": Limit("Takes at once", "In the queue or rendering, at most.", "number", *_number(1, SMALL)),
    "queue_weight": Limit("Share of the queue", "Against other studios.", "number", *_number(1, 1000)),
    "monthly_credits": Limit("Credits a month", "", "number", *_number(0, MOST_CREDITS)),
    "daily_takes": Limit(
        "Takes a day",
        "Empty for no limit.",
        "number",
        _no_limit_or_number,
        f"a whole number from 1 to {LARGE:,}, or nothing for no limit",
    ),
    "invitation_allowance": Limit(
        "Invitations a seat has", "People from outside it may bring in within a year.", "number", *_number(0, SMALL)
    ),
    "invitation_tier": Limit(
        "Where those it invites stand",
        "The tier of studios they found. Empty for the lowest.",
        "tier",
        lambda value: value is None or (isinstance(value, str) and value != ""),
        "the slug of a tier, or nothing",
    ),
}


def problem_with(field: str, value: Any) -> str | None:
    """What is wrong with a value, as a sentence; None where it fits."""
    limit = LIMITS.get(field)
    if limit is None:
        return f"A tier has no such field. It has {', '.join(LIMITS)}."
    return None if limit.fits(value) else f"{limit.label} takes {limit.wanted}."


def read(field: str, text: str) -> Any:
    """The value that somebody typed for a field; whatever cannot be read comes back as it is, and does not fit."""
    text, kind = text.strip(), LIMITS[field].kind
    if kind == "models":
        return text.replace(",", " ").split()
    if kind == "tier":
        return text or None
    if kind == "yes":
        return {"yes": True, "true": True, "no": False, "false": False}.get(text.lower(), text)
    if kind == "number" and field == "daily_takes" and text.lower() in ("", "none", "no limit"):
        return None
    if kind == "number" and re.fullmatch(r"-?\d{1,12}", digits := re.sub(r"(?<=\d)[ ,_](?=\d{3})", "", text)):
        return int(digits)
    return text


def said(field: str, value: Any) -> str:
    """A value as people read it: “every model”, “921,600”, “yes”, “no limit”."""
    if value is None:
        return "the lowest" if field == "invitation_tier" else "no limit"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, list):
        return "every model" if "*" in value else ", ".join(value) or "no model"
    return str(value)


@dataclass(frozen=True)
class Change:
    """One field that is no longer what it was, in words."""

    label: str
    before: str
    after: str


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    """What differs between two sets of limits, in the order of LIMITS."""
    return [
        Change(limit.label, said(field, before[field]), said(field, after[field]))
        for field, limit in LIMITS.items()
        if field in before and field in after and before[field] != after[field]
    ]
