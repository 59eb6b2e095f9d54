from django.urls import path

from access.people import views

urlpatterns = [
    path("lab/people/", views.people, name="lab_people"),
    path("lab/people/<int:pk>/", views.person, name="lab_person"),
    path("lab/people/<int:pk>/duties/give/", views.give_duty, name="lab_person_give"),
    path("lab/people/<int:pk>/duties/take/", views.take_duty, name="lab_person_take"),
    path("lab/people/<int:pk>/deactivate/", views.deactivate, name="lab_person_deactivate"),
    path("lab/people/<int:pk>/activate/", views.activate, name="lab_person_activate"),
]
