"""Who may, who did, and once only: what every verb of takes begins with."""

from collections.abc import Callable
from typing import Any, TypeVar

from django.db import IntegrityError, transaction

from access.queries import entitlements as entitlements_of
from access.rules import Entitlements
from accounts.models import ApiKey, Seat, Studio
from audit.actions import Actor
from takes.errors import Conflict, Invalid, NotAllowed
from takes.models import Project, Take
from takes.wishes import same_request

Row = TypeVar("Row", Project, Take)

# What is said to a seat whose role does not include an act.
_NOT_YOURS = {
    "submit": "Your role in this studio lets you look, not send. Ask an owner of the studio.",
    "edit_projects": "Owners and producers of a studio make and change its projects. Ask one of them.",
}


def may(entitlements: Entitlements, act: str) -> None:
    if not entitlements.active:
        raise NotAllowed(entitlements.why, code="suspended")
    if not entitlements.may(act):
        raise NotAllowed(_NOT_YOURS[act])


def may_submit(entitlements: Entitlements, project: Project) -> None:
    may(entitlements, "submit")
    if project.archived_at:
        raise Conflict(f"“{project.name}” is archived. Restore it to go on working in it.", code="project_archived")


def still_open(seat: Seat) -> None:
    """Refuse what was asked from a seat that has been shut since, and keep it from being shut until this commits.

    Suspensions pass through the studio's row, as this does: what was accepted before one is seen by it, and nothing is
    accepted after it.
    """
    Studio.objects.select_for_update(no_key=True).get(pk=seat.studio_id)
    now = Seat.objects.select_related("studio", "person").get(pk=seat.pk)
    if not now.is_open or not now.person.is_active:
        raise NotAllowed(entitlements_of(now).why or "You are signed out of this house.", code="suspended")


def actor(seat: Seat, api_key: ApiKey | None) -> Actor:
    return Actor.of_key(api_key) if api_key else Actor.of_seat(seat)


def check_key(key: str) -> None:
    if not 1 <= len(key) <= 200:
        raise Invalid("An idempotency key of 1 to 200 characters is needed.", code="key_needed", field="key")


def once(model: type[Row], asked: str, new: Callable[[], Row], **by: Any) -> Row:
    """The row that a key names: the one that is there, else a new one. Two requests at once make one row.

    Raises Conflict where the row that is there was asked for differently.
    """
    known = model.objects.filter(**by).first()
    if known is None:
        try:
            with transaction.atomic():
                return new()
        except IntegrityError:
            # The other request was faster; what this one did so far has been undone.
            known = model.objects.filter(**by).first()
            if known is None:
                raise
    same_request(known.fingerprint, asked)
    return known
