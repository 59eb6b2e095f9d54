"""What the rail and the settings' tabs show: only places that exist and that this person may enter."""

from dataclasses import dataclass, replace
from functools import partial

from django.http import HttpRequest
from django.urls import reverse

from access.rules import ACTS
from accounts.models import Duty
from quotas.queries import balance

# What the lab's own people find in the rail, by their duty.
OF_A_DUTY: dict[str, list[tuple[str, str]]] = {
    Duty.Kind.ACCESS_LEAD: [
        ("Overview", "lab"),
        ("Rollouts", "lab_rollouts"),
        ("Applications", "applications"),
        ("Invitations", "lab_invitations"),
        ("Studios", "lab_studios"),
        ("People", "lab_people"),
        ("Who may what", "lab_entitlements"),
        ("Tiers", "lab_tiers"),
        ("Terms", "lab_terms"),
    ],
}


@dataclass(frozen=True)
class Place:
    title: str
    url: str
    current: str = ""  # the value of aria-current: "page", "true" (a page below this place) or nothing
    count: str | None = None
    hint: str = ""


def navigation(request: HttpRequest) -> dict[str, object]:
    """Template context for every page. Templates call what they use, so a fragment without a rail asks nothing."""
    return {"places": partial(rail, request), "settings_places": partial(tabs, request)}


def rail(request: HttpRequest) -> list[Place]:
    """One query for the duties; two more for a seat that may see credits."""
    if not _is_known(request):
        return []
    wanted = [("Settings", "profile")]
    if request.seat is not None:
        acts = ACTS[request.seat.role]
        wanted = [("Projects", "takes:projects"), *([("Credits", "credits")] if "see_credits" in acts else []), *wanted]
    of_duties = [place for kind, places in OF_A_DUTY.items() if kind in request.duties for place in places]
    places = _places(request, [*of_duties, *wanted], below={"Settings": "/settings/", "Overview": None})
    return [_with_credits(place, request) if place.title == "Credits" else place for place in places]


def tabs(request: HttpRequest) -> list[Place]:
    """The settings' pages."""
    if not _is_known(request):
        return []
    of_seat = [("Rights", "rights"), ("Seats", "seats"), ("Keys", "keys")] if request.seat is not None else []
    if request.seat is not None and "submit" in ACTS[request.seat.role]:
        of_seat.append(("Invite", "allowance"))
    wanted = [("Profile", "profile"), *of_seat, ("Security", "mfa_index"), ("Sessions", "usersessions_list")]
    return _places(request, wanted, below={"Profile": None})


def _is_known(request: HttpRequest) -> bool:
    # An error before the middleware has run leaves a request without user or seat.
    return hasattr(request, "seat") and request.user.is_authenticated


def _with_credits(place: Place, request: HttpRequest) -> Place:
    return replace(place, count=f"{balance(request.seat.studio).available:,}", hint="credits left")


def _places(request: HttpRequest, wanted: list[tuple[str, str]], below: dict[str, str | None]) -> list[Place]:
    """A place is current on its own page, and on pages below its address (or below another: `below`, None: nowhere)."""
    places = []
    for title, name in wanted:
        url = reverse(name)
        root = below.get(title, url)
        inside = root is not None and request.path.startswith(root)
        places.append(Place(title, url, "page" if request.path == url else "true" if inside else ""))
    return places
