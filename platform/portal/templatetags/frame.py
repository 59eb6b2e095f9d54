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
