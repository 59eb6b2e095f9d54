"""What a key may do: what its scopes say, and nothing where a view names no scope."""

from typing import TYPE_CHECKING

from django.conf import settings
from django.utils import timezone
from rest_framework.exceptions import NotAuthenticated, PermissionDenied
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from access import queries as access
from access.terms import queries as terms
from accounts.models import Person
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
        scope = getattr(view, "reads" if request.method in SAFE_METHODS else "writes", None)
        if scope is None or scope not in request.auth.scopes:
            raise PermissionDenied(f"This key lacks the scope “{scope}”. Make one that has it under Settings, Keys.")
        entitlements = access.entitlements(request.auth.seat)
        if not entitlements.active:
            raise PermissionDenied(entitlements.why)
        if not entitlements.api:
            raise PermissionDenied(f"Your tier ({entitlements.tier}) does not include the API.")
        _refuse_without_terms(request.auth.seat.person)
        return True


def _refuse_without_terms(person: Person) -> None:
    """A program cannot read terms; it goes on for TERMS_GRACE_DAYS while its person has not accepted new ones."""
    asked = terms.is_owed(person)
    if asked is not None and asked.must_be_accepted(timezone.now(), settings.TERMS_GRACE_DAYS):
        raise NotAllowed(
            f"The terms changed: version {asked.number} waits for whoever this key belongs to. "
            "They sign in, read it and accept it, and the key works again.",
            code="terms_not_accepted",
        )
