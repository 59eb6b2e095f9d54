"""Signing in, and a person's own settings. Of allauth's pages only those are mounted that this house wants."""

from allauth.account import views as account
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as codes
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as passkeys
from allauth.usersessions import views as sessions
from django.urls import path, re_path

from accounts import views

urlpatterns = [
    path("door/", views.door, name="door"),
    path("sign-in/", account.login, name="account_login"),
    path("sign-in/code/", account.request_login_code, name="account_request_login_code"),
    path("sign-in/code/confirm/", account.confirm_login_code, name="account_confirm_login_code"),
    path("sign-in/passkey/", passkeys.login_webauthn, name="mfa_login_webauthn"),
    path("sign-in/second-step/", mfa.authenticate, name="mfa_authenticate"),
    path("sign-in/closed/", account.account_inactive, name="account_inactive"),
    path("sign-up/", account.signup, name="account_signup"),
    path("sign-out/", account.logout, name="account_logout"),
    path("password/", account.password_reset, name="account_reset_password"),
    path("password/sent/", account.password_reset_done, name="account_reset_password_done"),
    path("password/done/", account.password_reset_from_key_done, name="account_reset_password_from_key_done"),
    re_path(
        r"^password/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>[^/]+)/$",
        account.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
    # A person's own settings; a studio's seats and keys are in access.urls, which knows what a seat may do.
    path("switch-studio/", views.switch_studio, name="switch_studio"),
    path("settings/", views.profile, name="profile"),
    path("settings/sessions/", sessions.list_usersessions, name="usersessions_list"),
    path("settings/confirm/", account.reauthenticate, name="account_reauthenticate"),
    path("settings/confirm/code/", mfa.reauthenticate, name="mfa_reauthenticate"),
    path("settings/confirm/passkey/", passkeys.reauthenticate_webauthn, name="mfa_reauthenticate_webauthn"),
    path("settings/security/", mfa.index, name="mfa_index"),
    path("settings/security/password/", account.password_change, name="account_change_password"),
    path("settings/security/password/set/", account.password_set, name="account_set_password"),
    path("settings/security/app/add/", totp.activate_totp, name="mfa_activate_totp"),
    path("settings/security/app/remove/", totp.deactivate_totp, name="mfa_deactivate_totp"),
    path("settings/security/passkeys/", passkeys.list_webauthn, name="mfa_list_webauthn"),
    path("settings/security/passkeys/add/", passkeys.add_webauthn, name="mfa_add_webauthn"),
    path("settings/security/passkeys/<int:pk>/remove/", passkeys.remove_webauthn, name="mfa_remove_webauthn"),
    path("settings/security/passkeys/<int:pk>/name/", passkeys.edit_webauthn, name="mfa_edit_webauthn"),
    path("settings/security/codes/", codes.view_recovery_codes, name="mfa_view_recovery_codes"),
    path("settings/security/codes/new/", codes.generate_recovery_codes, name="mfa_generate_recovery_codes"),
    path("settings/security/codes/download/", codes.download_recovery_codes, name="mfa_download_recovery_codes"),
]
