"""What a key may do: what its scopes say, and nothing where a view names no scope."""

from typing import TYPE_CHECKING

from django.conf import settings
from django.utils import timezone
from rest_framework.exceptions import NotAuthenticated, PermissionDenied
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from access import queries as access
from access.terms import queries as terms
from accounts.models import ApiKey, Person
from takes.errors import NotAllowed

if TYPE_CHECKING:
    from rest_framework.views import APIView


class HasScope(BasePermission):
    """A view names its scopes: `reads` for safe methods, `writes` for the others. None named means nobody may."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        if request.auth is None:
            raise NotAuthenticated("Send your key as “Authorization: Bearer sd_…”.")
        if request.method not in view.allowed_methods:
            return True  # nothing answers it: the view says 405
        check(request.auth, getattr(view, "reads" if request.method in SAFE_METHODS else "writes", None))
        return True


def check(key: ApiKey, scope: str | None) -> None:
    """Raise, in words, unless the key has the scope and its seat may use the API at this moment."""
    if scope is None or scope not in key.scopes:
        raise PermissionDenied(f"This key lacks the scope “{scope}”. Make one that has it under Settings, Keys.")
    entitlements = access.entitlements(key.seat)
    if not entitlements.active:
        raise PermissionDenied(entitlements.why)
    if not entitlements.api:
        raise PermissionDenied(f"Your tier ({entitlements.tier}) does not include the API.")
    _refuse_without_terms(key.seat.person)


def _refuse_without_terms(person: Person) -> None:
    """A program cannot read terms; it goes on for TERMS_GRACE_DAYS while its person has not accepted new ones."""
    asked = terms.is_owed(person)
    if asked is not None and asked.must_be_accepted(timezone.now(), settings.TERMS_GRACE_DAYS):
        raise NotAllowed(
            f"The terms changed: version {asked.number} waits for whoever this key belongs to. "
            "They sign in, read it and accept it, and the key works again.",
            code="terms_not_accepted",
        )
