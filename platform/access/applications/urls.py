from django.urls import include, path

from access.applications import views

urlpatterns = [
    path("", include("access.applications.inbox.urls")),
    path("apply/", views.apply, name="apply"),
    path("apply/written/", views.written, name="apply_written"),
    path("apply/<str:code>/", views.application, name="application"),
    path("apply/<str:code>/confirm/", views.confirm, name="application_confirm"),
    path("apply/<str:code>/withdraw/", views.withdraw, name="application_withdraw"),
]
