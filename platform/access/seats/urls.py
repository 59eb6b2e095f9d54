from django.urls import path

from access.seats import views

urlpatterns = [
    path("settings/seats/", views.seats, name="seats"),
    path("settings/seats/invite/", views.invite, name="invite"),
    path("settings/seats/invitations/<int:pk>/revoke/", views.revoke_invitation, name="invitation_revoke"),
    path("settings/seats/invitations/<int:pk>/resend/", views.resend_invitation, name="invitation_resend"),
    path("settings/seats/<int:pk>/role/", views.change_role, name="seat_role"),
    path("settings/seats/<int:pk>/suspend/", views.suspend, name="seat_suspend"),
    path("settings/seats/<int:pk>/restore/", views.restore, name="seat_restore"),
    path("settings/seats/<int:pk>/end/", views.end, name="seat_end"),
    path("settings/seats/<int:pk>/reopen/", views.reopen, name="seat_reopen"),
    path("settings/keys/", views.keys, name="keys"),
    path("settings/keys/<uuid:pk>/revoke/", views.revoke_key, name="key_revoke"),
]
