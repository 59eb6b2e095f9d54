from django.urls import path

from access.explanations import views

urlpatterns = [
    path("settings/rights/", views.rights, name="rights"),
    path("lab/entitlements/", views.entitlements, name="lab_entitlements"),
]
