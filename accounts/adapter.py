"""Where this house differs from allauth."""

from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme

from accounts import vault

SECOND_STEP = "stagedoor second step"


class AccountAdapter(DefaultAccountAdapter):
    """Sign-up is closed: people come in by invitation (access.invitations.actions.accept)."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def is_safe_url(self, url: str) -> bool:
        """`next` leads to a page here, and to no other host, not even one of ALLOWED_HOSTS."""
        return url_has_allowed_host_and_scheme(url, allowed_hosts=None)

    def get_reset_password_from_key_url(self, key: str) -> str:
        """Mailed links start with SITE_URL: a request's host is only its sender's word."""
        return settings.SITE_URL.rstrip("/") + urlsplit(super().get_reset_password_from_key_url(key)).path


class MFAAdapter(DefaultMFAAdapter):
    """The secrets of authenticator apps and recovery codes are of no use to whoever reads only the database."""

    def encrypt(self, text: str) -> str:
        return vault.seal(text, purpose=SECOND_STEP)

    def decrypt(self, encrypted_text: str) -> str:
        return vault.unseal(encrypted_text, purpose=SECOND_STEP)
