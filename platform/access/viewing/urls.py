from django.urls import path

from access.viewing import views

urlpatterns = [
    path("lab/view-as/<int:pk>/", views.start, name="viewing_start"),
    path("view-as/end/", views.end, name="viewing_end"),
]
