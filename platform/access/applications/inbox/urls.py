from django.urls import path

from access.applications.inbox import views

urlpatterns = [
    path("lab/applications/", views.inbox, name="applications"),
    path("lab/applications/decide/", views.decide, name="applications_decide"),
    path("lab/applications/<int:pk>/", views.one, name="lab_application"),
    path("lab/applications/<int:pk>/tags/", views.tags, name="lab_application_tags"),
    path("lab/applications/<int:pk>/notes/", views.note, name="lab_application_note"),
    path("lab/applications/<int:pk>/readings/", views.reading, name="lab_application_reading"),
    path("lab/applications/<int:pk>/second-reading/", views.second, name="lab_application_second"),
    path("lab/applications/<int:pk>/one-reading/", views.one_reading, name="lab_application_one_reading"),
]
