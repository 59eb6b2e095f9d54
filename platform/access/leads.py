"""Access leads at the door of the lab's pages."""

from django.http import HttpRequest

from accounts.decorators import duty_required
from accounts.models import Duty, Person
from audit.actors import Actor

lead_required = duty_required(Duty.Kind.ACCESS_LEAD)


def person_of(request: HttpRequest) -> Person:
    """Whoever is signed in; for views that nobody else reaches."""
    assert isinstance(request.user, Person)
    return request.user


def lead_of(request: HttpRequest) -> Actor:
    """For the lab, not for a studio: an access lead's own seat, if there is one, plays no part."""
    return Actor.of_person(person_of(request))
