from django.urls import path

from takes import media, streams, views

app_name = "takes"

urlpatterns = [
    path("projects/", views.projects, name="projects"),
    path("projects/<uuid:pk>/", views.project, name="project"),
    path("projects/<uuid:pk>/preflight/", views.preflight, name="preflight"),
    path("projects/<uuid:pk>/rename/", views.rename, name="rename"),
    path("projects/<uuid:pk>/archive/", views.archive, name="archive"),
    path("projects/<uuid:pk>/restore/", views.restore, name="restore"),
    path("projects/<uuid:pk>/references/", views.add_reference, name="references"),
    path("projects/<uuid:project_id>/events/", streams.events, name="events"),
    path("projects/<uuid:project_id>/live/", streams.poll, name="live"),
    path("references/<uuid:pk>.jpg", media.reference, name="reference"),
    path("takes/<uuid:pk>/", views.take, name="take"),
    path("takes/<uuid:pk>/cancel/", views.cancel, name="cancel"),
    path("takes/<uuid:pk>/retry/", views.retry, name="retry"),
    path("takes/<uuid:pk>/remix/", views.remix, name="remix"),
    path("takes/<uuid:pk>/clip/", media.clip, name="clip"),
    path("takes/<uuid:pk>/download/", media.download, name="download"),
    path("takes/<uuid:pk>/poster.jpg", media.poster, name="poster"),
    path("takes/<uuid:pk>/sprite.jpg", media.sprite, name="sprite"),
    path("takes/<uuid:pk>/preview.jpg", media.preview, name="preview"),
    path("models/<path:model>/vocabulary/", views.vocabulary, name="vocabulary"),
]
