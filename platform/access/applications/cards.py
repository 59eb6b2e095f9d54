"""What the lead's first page says of applications."""

from django.urls import reverse

from access.models import Application
from access.overview import Card, register


def unread() -> Card | None:
    if not (count := Application.objects.filter(state=Application.State.SENT).count()):
        return None
    return Card("New applications", count, "Somebody waits for your answer to each.", reverse("applications"))


register(unread, place=10)
