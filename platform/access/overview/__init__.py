"""The lead's first page is a registry: a room says what it has for a lead to look at, and nobody imports the room.

A room of access puts its providers into its own `cards.py`, which is found by name; an app above registers in its
`AppConfig.ready`. Order on the page is order of `place`, then of registration.
"""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Card:
    """What waits or is held: how many, a sentence on what to do, and the address where it is done."""

    title: str
    count: int
    sentence: str
    url: str


Provider = Callable[[], Card | None]
_providers: list[tuple[int, int, Provider]] = []


def register(provider: Provider, *, place: int = 50) -> Provider:
    """Have `provider` asked with every look at the page: at most two queries, and None for nothing to tell.

    What waits for a person has a low `place`, what only is so a high one. Registering again changes nothing.
    """
    if all(provider is not known for _, _, known in _providers):
        _providers.append((place, len(_providers), provider))
        _providers.sort(key=lambda one: one[:2])
    return provider


def cards() -> list[Card]:
    """What there is to tell now."""
    return [card for _, _, provider in _providers if (card := provider()) is not None]
