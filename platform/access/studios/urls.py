from django.urls import path

from access.studios import views

urlpatterns = [
    path("lab/studios/", views.studios, name="lab_studios"),
    path("lab/studios/<slug:slug>/", views.studio, name="lab_studio"),
    path("lab/studios/<slug:slug>/record/", views.studio_record, name="lab_studio_record"),
    path("lab/studios/<slug:slug>/move/", views.move, name="lab_studio_move"),
    path("lab/studios/<slug:slug>/move/<int:pk>/undo/", views.move_back, name="lab_studio_move_back"),
    path("lab/studios/<slug:slug>/suspend/", views.suspend, name="lab_studio_suspend"),
    path("lab/studios/<slug:slug>/restore/", views.restore, name="lab_studio_restore"),
    path("lab/studios/<slug:slug>/stop/", views.stop_work, name="lab_studio_stop"),
    path("lab/studios/<slug:slug>/exceptions/", views.except_studio, name="lab_studio_except"),
    path("lab/studios/<slug:slug>/exceptions/<int:pk>/lift/", views.lift, name="lab_override_lift"),
    path("lab/studios/<slug:slug>/seats/<int:pk>/", views.seat, name="lab_seat"),
    path("lab/studios/<slug:slug>/seats/<int:pk>/suspend/", views.suspend_seat, name="lab_seat_suspend"),
    path("lab/studios/<slug:slug>/seats/<int:pk>/restore/", views.restore_seat, name="lab_seat_restore"),
    path("lab/studios/<slug:slug>/seats/<int:pk>/stop/", views.stop_work_of_seat, name="lab_seat_stop"),
    path("lab/studios/<slug:slug>/seats/<int:pk>/exceptions/", views.except_seat, name="lab_seat_except"),
]
