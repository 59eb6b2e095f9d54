"""Every address of the house. Each app owns its own; here they are only given their places."""

from django.urls import include, path

urlpatterns = [
    path("", include("portal.urls")),
    path("", include("accounts.urls")),
    path("", include("access.urls")),
    path("", include("quotas.urls")),
    path("", include("takes.urls")),
    path("", include("screening.urls")),
    path("api/v1/", include("api.urls")),
    path("ofrep/v1/", include("api.flags.urls")),
]
