"""Reads on applications, for whoever applies. What the leads read is in the room inbox/."""

import hashlib

from access.applications.rules import Answers
from access.errors import ApplicationRefused
from access.models import Application, ApplicationLink

OPEN = (Application.State.DRAFT, Application.State.SENT, Application.State.WAITING)


def hash_of(code: str) -> str:
    return hashlib.sha256(code.strip().encode(errors="replace")).hexdigest()


def behind(code: str) -> Application:
    """The application that a secret link leads to. Raises ApplicationRefused, with the reason as its message."""
    found = ApplicationLink.objects.select_related("application").filter(code_hash=hash_of(code)).first()
    if found is None:
        raise ApplicationRefused("This link opens nothing. Check that it was copied whole, or ask for access again.")
    if found.application.erased_at is not None:
        raise ApplicationRefused("This application is no longer kept. You can ask for access again at any time.")
    return found.application


def open_at(email: str) -> Application | None:
    """The one application of this address that has not ended."""
    return Application.objects.filter(email__iexact=email, state__in=OPEN, erased_at=None).first()


def answers_of(application: Application) -> Answers:
    return Answers(**{name: getattr(application, name) for name in Answers.__dataclass_fields__})
