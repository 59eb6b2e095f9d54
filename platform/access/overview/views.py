"""The lead's first page: who waits, what is held; and in a new house, where to begin."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.views.decorators.http import require_safe

from access.lab import lead
from access.overview import cards


@dataclass(frozen=True)
class Step:
    """Something a new house does first, with the name of the place where it is done."""

    place: str
    title: str
    sentence: str

    @property
    def url(self) -> str | None:
        """None where this house has no such place."""
        try:
            return reverse(self.place)
        except NoReverseMatch:
            return None


STEPS = (
    Step("lab_terms", "Publish terms", "What people agree to before they come in."),
    Step("lab_tiers", "Read the tiers", "What studios may do, from the first ten to the lab itself."),
    Step("lab_invitations", "Write invitations", "For one address, for a domain, or from a list."),
    Step("lab_rollouts", "Open a rollout", "A model reaches a few first, and more when it goes well."),
)


@require_safe
@lead
def overview(request: HttpRequest) -> HttpResponse:
    told = cards()
    steps = [] if told else [step for step in STEPS if step.url]
    return render(request, "access/lab/overview.html", {"cards": told, "steps": steps})
