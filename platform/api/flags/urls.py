"""/ofrep/v1/: flags for other systems, as any OpenFeature SDK asks for them."""

from django.urls import path

from api.flags import streams, views

app_name = "ofrep"

urlpatterns = [
    path("evaluate/flags", views.AllFlags.as_view(), name="flags"),
    path("evaluate/flags/<path:key>", views.OneFlag.as_view(), name="flag"),
    path("events", streams.events, name="events"),
]
