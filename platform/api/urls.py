"""/api/v1/: what programs may ask. docs/api.md walks through it; openapi.json describes it exactly."""

from django.contrib.auth.decorators import login_not_required
from django.urls import path, re_path

from api import credits, entitlements, errors, projects, takes
from api.schema import Schema

app_name = "api"

urlpatterns = [
    path("openapi.json", Schema.as_view(), name="schema"),
    path("entitlements/", entitlements.Entitlements.as_view(), name="entitlements"),
    path("models/", projects.Models.as_view(), name="models"),
    path("projects/", projects.Projects.as_view(), name="projects"),
    path("projects/<uuid:pk>/", projects.Project.as_view(), name="project"),
    path("projects/<uuid:pk>/references/", projects.References.as_view(), name="references"),
    path("projects/<uuid:pk>/preflight/", takes.Preflight.as_view(), name="preflight"),
    path("projects/<uuid:pk>/takes/", takes.ProjectTakes.as_view(), name="project_takes"),
    path("takes/<uuid:pk>/", takes.OneTake.as_view(), name="take"),
    path("takes/<uuid:pk>/cancel/", takes.Cancel.as_view(), name="cancel"),
    path("takes/<uuid:pk>/retry/", takes.Retry.as_view(), name="retry"),
    path("takes/<uuid:pk>/remix/", takes.Remix.as_view(), name="remix"),
    path("takes/<uuid:pk>/content/", takes.Content.as_view(), name="content"),
    path("credits/", credits.Balance.as_view(), name="credits"),
    path("credits/entries/", credits.Entries.as_view(), name="credit_entries"),
    re_path("", login_not_required(errors.not_found), name="not_found"),
]
