"""Who is calling: a seat, by its key."""

from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts.actions import verify_key
from accounts.models import ApiKey, Person


class KeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer sd_…`. `request.auth` is the ApiKey with its seat, studio and person joined."""

    def authenticate(self, request: Request) -> tuple[Person, ApiKey] | None:
        text = self.sent(request)
        if text is None:
            return None
        key = verify_key(text)
        if key is None:
            raise AuthenticationFailed("This key is not known here, or it has ended. Make a new one in Settings, Keys.")
        return key.seat.person, key

    def sent(self, request: Request) -> str | None:
        """The text that is meant to be a key; None where none was sent."""
        scheme, _, text = get_authorization_header(request).partition(b" ")
        return text.strip().decode("ascii", "replace") if scheme.lower() == b"bearer" else None

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"
