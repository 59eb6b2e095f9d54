"""The addresses of access, each room's own."""

from django.urls import include, path

urlpatterns = [
    path("", include("access.overview.urls")),
    path("", include("access.seats.urls")),
    path("", include("access.applications.urls")),
    path("", include("access.invitations.urls")),
    path("", include("access.studios.urls")),
    path("", include("access.tiers.urls")),
    path("", include("access.people.urls")),
    path("", include("access.rollouts.urls")),
    path("", include("access.explanations.urls")),
    path("", include("access.viewing.urls")),
    path("", include("access.terms.urls")),
    path("", include("access.allowance.urls")),
]
