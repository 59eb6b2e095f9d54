from django.urls import path

from access.terms import views

urlpatterns = [
    path("terms/", views.terms, name="terms"),
    path("terms/accept/", views.accept, name="terms_accept"),
    path("terms/<int:number>/", views.terms, name="terms_version"),
    path("lab/terms/", views.listing, name="lab_terms"),
    path("lab/terms/draft/", views.draft, name="lab_terms_draft"),
    path("lab/terms/<int:number>/", views.version, name="lab_terms_version"),
    path("lab/terms/<int:number>/publish/", views.publish, name="lab_terms_publish"),
]
