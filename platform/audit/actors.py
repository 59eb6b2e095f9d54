"""Who did it, as a plain value."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from accounts.models import ApiKey, Person, Seat


@dataclass(frozen=True)
class Actor:
    """`kind` is seat, person, key or house; `id` is the row's id as text, or the name of the house's own process."""

    kind: str
    id: str
    seat_id: int | None = None
    person_id: int | None = None

    @classmethod
    def of_seat(cls, seat: "Seat") -> "Actor":
        return cls("seat", str(seat.pk), seat.pk, seat.person_id)

    @classmethod
    def of_person(cls, person: "Person") -> "Actor":
        return cls("person", str(person.pk), None, person.pk)

    @classmethod
    def of_key(cls, api_key: "ApiKey") -> "Actor":
        return cls("key", str(api_key.pk), api_key.seat_id, api_key.seat.person_id)

    @classmethod
    def house(cls, name: str) -> "Actor":
        """The house acting by itself: `Actor.house("clock")`, `Actor.house("manage.py invite")`."""
        return cls("house", name)
