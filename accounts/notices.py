"""Sentences shown once, on the next page. One that can be undone carries the address that undoes it."""

from django.contrib import messages
from django.http import HttpRequest

UNDO = "undo:"


def done(request: HttpRequest, text: str, *, undo: str | None = None) -> None:
    """Say that something is done; `undo` is a path that takes a POST and puts it back."""
    messages.success(request, text, extra_tags=f"{UNDO}{undo}" if undo else "")


def refused(request: HttpRequest, text: str) -> None:
    messages.error(request, text)
