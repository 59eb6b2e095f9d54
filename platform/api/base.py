"""What every endpoint starts from."""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.models import ApiKey, Duty, Seat
from accounts.paging import Page
from takes.errors import Invalid

# Duties with one of which a key asks about every seat of the house.
EVERY_SEAT = frozenset({Duty.Kind.ACCESS_LEAD, Duty.Kind.OPERATOR})


class SeatView(APIView):
    """An endpoint that acts for the key's seat. Subclasses name their scopes in `reads` and `writes`."""

    reads: str | None = None
    writes: str | None = None

    @property
    def key(self) -> ApiKey:
        return self.request.auth

    @property
    def seat(self) -> Seat:
        return self.request.auth.seat

    def sent(self, shape: type[serializers.Serializer]) -> dict[str, Any]:
        """The request's body, checked for form. Raises what the error handler turns into 400."""
        serializer = shape(data=self.request.data)
        serializer.is_valid(raise_exception=True)
        return serializer.validated_data


def idempotency_key(request: Request) -> str:
    """The `Idempotency-Key` header. Everything that creates something needs one, so that a lost answer can be asked for
    again without doing the thing twice."""
    key = request.headers.get("Idempotency-Key", "").strip()
    if not 1 <= len(key) <= 160:
        raise Invalid(
            "Send an Idempotency-Key header of 1 to 160 characters, a new one for each new request.", code="key_needed"
        )
    return f"api:{key}"


def page(shape: type[serializers.Serializer], rows: list[Any], found: Page[Any]) -> dict[str, Any]:
    """One page of a list: `next` is what to send as `after`, null on the last page."""
    return {"data": [shape(row).data for row in rows], "next": found.next}


def paged(shape: type[serializers.Serializer]) -> type[serializers.Serializer]:
    """The schema of `page`, for the description of the API."""
    fields = {"data": shape(many=True), "next": serializers.CharField(allow_null=True)}
    return type(f"{shape.__name__}Page", (serializers.Serializer,), fields)
