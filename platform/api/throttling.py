"""How often a seat may call, whatever number of keys it has. The rate is settings' API_RATE."""

from typing import TYPE_CHECKING

from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle

if TYPE_CHECKING:
    from rest_framework.views import APIView


class SeatThrottle(SimpleRateThrottle):
    scope = "seat"

    def get_cache_key(self, request: Request, view: "APIView") -> str:
        # Strangers get no further than the description of the API; each address has an allowance for that.
        ident = f"seat-{request.auth.seat_id}" if request.auth else f"address-{self.get_ident(request)}"
        return self.cache_format % {"scope": self.scope, "ident": ident}
