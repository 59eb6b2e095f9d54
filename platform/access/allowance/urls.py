from django.urls import path

from access.allowance import views

urlpatterns = [
    path("settings/invite/", views.invite, name="allowance"),
    path("settings/invite/<int:pk>/revoke/", views.revoke, name="allowance_revoke"),
    path("settings/invite/<int:pk>/resend/", views.resend, name="allowance_resend"),
]
