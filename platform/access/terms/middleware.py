"""Asks people for the newest terms before they go on."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from access.terms import queries

SIGN_OUT = "account_logout"
API = "/api/"  # has keys, not sessions; api.permissions asks there
SAFE = ("GET", "HEAD")


class TermsMiddleware:
    """Whoever is signed in and has not accepted the version in force is sent to it from every page that needs a sign-in
    but the way out. Until TERMS_GRACE_DAYS after it was published, what they had begun goes on: forms they send, and
    what an open page fetches.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Callable, args: object, kwargs: object) -> HttpResponse | None:
        match = request.resolver_match
        if not request.user.is_authenticated or not getattr(view, "login_required", True):
            return None
        if match is None or match.url_name in (SIGN_OUT, "terms_accept") or request.path.startswith(API):
            return None
        asked = queries.is_owed(request.user)
        if asked is None:
            return None
        opens_a_page = request.method in SAFE and _wants_a_page(request)
        if not opens_a_page and not asked.must_be_accepted(timezone.now(), settings.TERMS_GRACE_DAYS):
            return None
        back = request.get_full_path() if opens_a_page else reverse("home")
        ask = f"{reverse('terms_accept')}?{urlencode({'next': back})}"
        if request.headers.get("HX-Request"):
            return HttpResponse(headers={"HX-Redirect": ask})
        if not _wants_a_page(request):
            return HttpResponse("The terms have to be accepted first.", status=403, content_type="text/plain")
        return redirect(ask)


def _wants_a_page(request: HttpRequest) -> bool:
    """What a browser opens as a page, and not what a page fetches."""
    accepted = request.headers.get("Accept", "")
    return "text/html" in accepted or not accepted
