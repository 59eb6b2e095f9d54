"""How often a seat may call, whatever number of keys it has: settings' API_RATE. For flags it is each key's own
FLAGS_RATE."""

import time
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.cache import cache
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


class KeyThrottle(SimpleRateThrottle):
    """One count for each key and window. Other systems ask so often that a list of every call would cost more than
    the answer; at the turn of a window a key can have twice its rate for a moment."""

    left = 0.0

    def get_rate(self) -> str:
        return settings.FLAGS_RATE

    def allow_request(self, request: Request, view: "APIView") -> bool:
        window, passed = divmod(time.time(), self.duration)
        self.left = self.duration - passed
        name = f"flags:{request.auth.pk}:{int(window)}"
        cache.add(name, 0, timeout=self.duration * 2)
        try:
            return cache.incr(name) <= self.num_requests
        except ValueError:  # the count was evicted between the two lines
            return True

    def wait(self) -> float:
        """Seconds until the next window."""
        return self.left
