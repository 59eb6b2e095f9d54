"""What the lead's first page says of letters."""

from django.urls import reverse

from access.models import Letter
from access.overview import Card, register


def given_up() -> Card | None:
    count = Letter.objects.filter(given_up_at__isnull=False).count()
    if not count:
        return None
    sentence = "They could not be sent for a day. See whether the addresses are right, and invite again."
    return Card("Letters nobody got", count, sentence, reverse("lab_invitations"))


register(given_up, place=45)
