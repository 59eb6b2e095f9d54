"""What the rail and the settings' tabs show: only places that exist and that this person may enter."""

from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse


@dataclass(frozen=True)
class Place:
    title: str
    url: str
    current: str = ""  # the value of aria-current: "page", "true" (a page below this place) or nothing
    count: str | None = None
    hint: str = ""


def navigation(request: HttpRequest) -> dict[str, object]:
    """Template context for every page: `places` (the rail) and `settings_places` (the tabs)."""
    if not getattr(request, "user", None) or not request.user.is_authenticated:
        return {"places": [], "settings_places": []}
    seat = getattr(request, "seat", None)
    rail, tabs = [], [("Profile", "profile"), ("Security", "mfa_index"), ("Sessions", "usersessions_list")]
    if seat is not None:
        rail += [("Projects", "takes:projects"), ("Credits", "credits")]
        tabs[1:1] = [("Seats", "seats"), ("Keys", "keys")]
    return {
        "places": _places(request, [*rail, ("Settings", "profile")], under={"Settings": "/settings/"}),
        "settings_places": _places(request, tabs, under={"Profile": None}),
    }


def _places(request: HttpRequest, wanted: list[tuple[str, str]], under: dict[str, str | None]) -> list[Place]:
    """Places in order; a place is current on its own page, and on pages below its address (or below `under`)."""
    places = []
    for title, name in wanted:
        try:
            url = reverse(name)
        except NoReverseMatch:
            continue
        root = under.get(title, url)
        below = root is not None and request.path.startswith(root)
        places.append(Place(title, url, "page" if request.path == url else "true" if below else ""))
    return places
