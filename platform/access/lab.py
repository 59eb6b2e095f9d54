"""What every page of the lab begins with: who may come in, and as whom they act."""

from django.http import HttpRequest

from accounts.decorators import duty_required
from accounts.models import Duty, Person
from audit.actors import Actor

lead = duty_required(Duty.Kind.ACCESS_LEAD)


def person_of(request: HttpRequest) -> Person:
    """The signed-in person; for views that nobody else reaches."""
    assert isinstance(request.user, Person), "a view behind duty_required has a person"
    return request.user


def acting(request: HttpRequest) -> Actor:
    """The signed-in person, as the record names them: the lab's people act for the lab, from no seat."""
    return Actor.of_person(person_of(request))
