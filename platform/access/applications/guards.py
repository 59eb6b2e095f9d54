"""What keeps programs from filling the inbox, without asking a third party: a field that people do not see, the time
it takes to write, and how often one caller may."""

import time
from collections.abc import Mapping

from allauth.account.adapter import get_adapter
from django.core import signing
from django.core.cache import cache
from django.http import HttpRequest

TRAP = "fax"  # the name of the field that people leave empty, for they do not see it
QUICKEST, LONGEST = 3, 24 * 60 * 60  # seconds between reading the form and sending it
SALT = "access.applications.form"

BEGUN_ALLOWED, BEGUN_WINDOW = 10, 60 * 60
SAVED_ALLOWED, SAVED_WINDOW = 60, 60 * 60
WRONG_CODES_ALLOWED, WRONG_CODES_WINDOW = 20, 10 * 60


def stamp(at: float | None = None) -> str:
    """When the form was read (seconds since the epoch; now, when left out), signed."""
    return signing.dumps(int(time.time() if at is None else at), salt=SALT)


def problem(sent: Mapping[str, str]) -> str:
    """Why this form looks like a program's, as a sentence that helps a person who was taken for one; or nothing."""
    if sent.get(TRAP):
        return "A field that people do not see was filled in, as programs do. It is empty again: send it once more."
    try:
        age = time.time() - signing.loads(sent.get("read_at", ""), salt=SALT)
    except (signing.BadSignature, TypeError):
        age = LONGEST + 1
    if age < QUICKEST:
        return "That was quicker than people write. Wait three seconds, then send it once more."
    if age > LONGEST:
        return "This page was open for more than a day. It is fresh again, with what you wrote: send it once more."
    return ""


def stamp_again(sent: Mapping[str, str]) -> str:
    """The stamp for the form when it is shown again: the same one, while it is good."""
    try:
        age = time.time() - signing.loads(sent.get("read_at", ""), salt=SALT)
    except (signing.BadSignature, TypeError):
        return stamp()
    return sent["read_at"] if age <= LONGEST else stamp()


def count(request: HttpRequest, what: str, window: int) -> int:
    """Count one more of `what` from this caller, and say how many there are in this window (seconds)."""
    key = _counter(request, what)
    cache.add(key, 0, window)
    try:
        return cache.incr(key)
    except ValueError:  # the window ended between the two
        return 1


def counted(request: HttpRequest, what: str) -> int:
    return cache.get(_counter(request, what), 0)


def _counter(request: HttpRequest, what: str) -> str:
    return f"apply:{what}:{get_adapter().get_client_ip(request)}"
