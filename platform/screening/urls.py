from django.urls import path

from screening import views

app_name = "screening"

urlpatterns = [
    path("policy/", views.policy, name="policy"),
    path("policy/<int:version>/", views.policy, name="policy_version"),
]
