"""Reads on terms. Which version is in force is asked at every page, so a process remembers it for a moment."""

import time

from django.core.cache import cache
from django.db.models import Count, QuerySet

from access.models import TermsAcceptance, TermsVersion
from access.terms.rules import Newest
from accounts.models import Person

REMEMBERED_FOR = 5.0  # seconds
ACCEPTED_FOR = 60 * 60  # seconds; an acceptance is never undone, so this only bounds what the cache holds

_remembered: tuple[float, Newest | None] | None = None


def newest(*, fresh: bool = False) -> Newest | None:
    """The version in force, or None. Up to REMEMBERED_FOR old unless `fresh`."""
    remembered = _remembered
    if fresh or remembered is None or time.monotonic() - remembered[0] > REMEMBERED_FOR:
        found = TermsVersion.objects.filter(published_at__isnull=False).order_by("-number")
        row = found.values_list("number", "published_at").first()
        remembered = remember(Newest(row[0], row[1]) if row and row[1] else None)
    return remembered[1]


def remember(asked: Newest | None) -> tuple[float, Newest | None]:
    """This is the version in force, as of now."""
    global _remembered
    _remembered = time.monotonic(), asked
    return _remembered


def forget() -> None:
    """Ask the database next time."""
    global _remembered
    _remembered = None


def has_accepted(person: Person, number: int) -> bool:
    """One query, and none for an hour after it was answered with yes."""
    key = f"terms:{number}:{person.pk}"
    if cache.get(key):
        return True
    accepted = TermsAcceptance.objects.filter(person=person, version__number=number).exists()
    if accepted:
        cache.set(key, True, ACCEPTED_FOR)
    return accepted


def is_owed(person: Person) -> Newest | None:
    """The version in force, if this person has not accepted it."""
    asked = newest()
    return asked if asked is not None and not has_accepted(person, asked.number) else None


def in_force() -> TermsVersion | None:
    return TermsVersion.objects.filter(published_at__isnull=False).order_by("-number").first()


def accepted_before(person: Person) -> int | None:
    """The number of the last version this person accepted."""
    numbers = TermsAcceptance.objects.filter(person=person).order_by("-version__number")
    return numbers.values_list("version__number", flat=True).first()


def versions() -> QuerySet[TermsVersion]:
    """All of them, drafts too, with how many accepted each."""
    return TermsVersion.objects.select_related("published_by").annotate(accepted=Count("acceptances"))


def draft() -> TermsVersion | None:
    return TermsVersion.objects.filter(published_at=None).first()


def acceptances_of(version: TermsVersion) -> QuerySet[TermsAcceptance]:
    return TermsAcceptance.objects.filter(version=version).select_related("person", "seat__studio")


def to_be_asked() -> int:
    """How many people a new version asks."""
    return Person.objects.filter(is_active=True).count()
