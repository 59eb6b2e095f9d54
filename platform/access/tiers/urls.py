from django.urls import path

from access.tiers import views

urlpatterns = [
    path("lab/tiers/", views.tiers, name="lab_tiers"),
    path("lab/new-tier/", views.new, name="lab_tier_new"),
    path("lab/tiers/<slug:slug>/", views.tier, name="lab_tier"),
    path("lab/tiers/<slug:slug>/retire/", views.retire, name="lab_tier_retire"),
    path("lab/tiers/<slug:slug>/return/", views.bring_back, name="lab_tier_return"),
]
