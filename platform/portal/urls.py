from django.urls import path

from portal import joining, views

urlpatterns = [
    path("", views.home, name="home"),
    path("join/<str:code>/", joining.join, name="join"),
    path("healthz", views.health, name="health"),
]
