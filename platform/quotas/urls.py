from django.urls import path

from quotas import views

urlpatterns = [path("credits/", views.credits, name="credits")]
