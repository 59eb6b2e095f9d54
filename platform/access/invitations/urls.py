from django.urls import path

from access.invitations import list_views, tree_views, views

urlpatterns = [
    path("lab/invitations/", views.listing, name="lab_invitations"),
    path("lab/invitations/new/", views.make, name="lab_invitation_new"),
    path("lab/invitations/<int:pk>/", views.invitation, name="lab_invitation"),
    path("lab/invitations/<int:pk>/revoke/", views.revoke, name="lab_invitation_revoke"),
    path("lab/invitations/<int:pk>/resend/", views.resend, name="lab_invitation_resend"),
    path("lab/invitations/lists/new/", list_views.read, name="invitation_list_new"),
    path("lab/invitations/lists/<int:pk>/", list_views.show, name="invitation_list"),
    path("lab/invitations/lists/<int:pk>/send/", list_views.send, name="invitation_list_send"),
    path("lab/invitations/tree/", tree_views.inviters, name="lab_invitation_tree"),
    path("lab/invitations/tree/lab/", tree_views.branch, name="lab_invitation_branch_of_lab"),
    path("lab/invitations/tree/<int:pk>/", tree_views.branch, name="lab_invitation_branch"),
]
