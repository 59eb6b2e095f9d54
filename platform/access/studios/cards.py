"""What the lead's first page says of studios."""

from datetime import timedelta

from django.urls import reverse

from access.overview import Card, register
from access.studios import queries


def in_no_tier() -> Card | None:
    if not (count := queries.studios(tier=queries.NOWHERE).count()):
        return None
    url = f"{reverse('lab_studios')}?tier={queries.NOWHERE}"
    return Card("In no tier", count, "Nobody there can make a take until you place the studio.", url)


def ending_exceptions() -> Card | None:
    days = queries.SOON // timedelta(days=1)
    if not (count := queries.ending_soon().count()):
        return None
    url = f"{reverse('lab_studios')}?ending=on"
    return Card("Exceptions that end", count, f"They end within {days} days. Make them anew, or let them end.", url)


def suspended() -> Card | None:
    if not (count := queries.studios(suspended=True).count()):
        return None
    url = f"{reverse('lab_studios')}?suspended=on"
    return Card("Suspended studios", count, "They wait for you to look into it and open them again.", url)


register(in_no_tier, place=30)
register(ending_exceptions, place=40)
register(suspended, place=60)
