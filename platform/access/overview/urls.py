from django.urls import path

from access.overview import views

urlpatterns = [
    path("lab/", views.overview, name="lab"),
]
