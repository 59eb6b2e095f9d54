"""Where this house differs from allauth."""

import base64
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import Fernet, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme


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
        return _fernet().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return _fernet().decrypt(encrypted_text.encode()).decode()


def _fernet() -> MultiFernet:
    # The newest key encrypts, retired ones (SECRET_KEY_FALLBACKS) still read.
    return MultiFernet([Fernet(_derived(key)) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)])


def _derived(secret: str) -> bytes:
    kdf = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"stagedoor second step")
    return base64.urlsafe_b64encode(kdf.derive(secret.encode()))
