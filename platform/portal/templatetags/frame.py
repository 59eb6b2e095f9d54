"""Small helpers of the frame, for templates."""

from django import template
from django.contrib.messages.storage.base import Message

from accounts.models import Person
from accounts.notices import UNDO

register = template.Library()
FACES = 8


@register.filter
def face(person: Person) -> str:
    """The class that gives a person their own pair of colours."""
    return f"face-{person.pk % FACES}"


@register.filter
def undo_url(message: Message) -> str:
    """The path that undoes what the message tells of, or nothing."""
    tags = message.extra_tags or ""
    return tags.removeprefix(UNDO) if tags.startswith(UNDO) else ""


BROWSERS = (("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)


@register.filter
def browser(user_agent: str) -> str:
    """ "Firefox on Linux" for the header a browser sends; the first words of anything else."""
    name = next((name for mark, name in BROWSERS if mark in user_agent), user_agent[:40] or "Unknown browser")
    system = next((name for mark, name in SYSTEMS if mark in user_agent), "")
    return f"{name} on {system}" if system else name
