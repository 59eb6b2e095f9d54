"""Which lots pay, and in which order. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Lot:
    id: int
    priority: int
    expires_at: datetime | None
    remaining: int


class TooLittle(ValueError):
    """The lots together hold less than was asked for."""


def in_order(lots: Iterable[Lot]) -> list[Lot]:
    """Lowest priority number first, then what expires soonest (never comes last), then the oldest."""
    return sorted(lots, key=lambda lot: (lot.priority, lot.expires_at or NEVER, lot.id))


def burn(lots: Iterable[Lot], amount: int, now: datetime) -> list[tuple[int, int]]:
    """Take `amount` from the lots alive at `now`: [(lot id, credits taken), …], no zeros. Raises TooLittle."""
    taken: list[tuple[int, int]] = []
    for lot in in_order(lots):
        if amount == 0:
            break
        if lot.remaining <= 0 or (lot.expires_at is not None and lot.expires_at <= now):
            continue
        part = min(lot.remaining, amount)
        taken.append((lot.id, part))
        amount -= part
    if amount:
        raise TooLittle(f"{amount} credits more than the lots hold")
    return taken


def split(parts: Sequence[int], settled: int) -> list[int]:
    """How much of each part of a hold is spent when `settled` of their sum is: the first parts first."""
    spent = []
    for part in parts:
        spent.append(min(part, settled))
        settled -= spent[-1]
    return spent
