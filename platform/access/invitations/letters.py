"""What we write to people about coming in."""

import logging

from django.conf import settings
from django.core.mail import send_mail
from django.template.loader import render_to_string
from django.urls import reverse

from access.models import Invitation

log = logging.getLogger(__name__)


def join_link(code: str) -> str:
    """The address that lets somebody in. It starts with SITE_URL: a request's host is only its sender's word."""
    return settings.SITE_URL.rstrip("/") + reverse("join", args=[code])


def send_invitation(invitation: Invitation, *, link: str, studio: str, inviter: str) -> bool:
    """Mail the link to whom it is for; False when the mail could not be handed over, which undoes nothing."""
    words = {"invitation": invitation, "link": link, "studio": studio, "inviter": inviter}
    try:
        send_mail(
            " ".join(f"{inviter} invites you to {studio}".split()),  # a subject is one line, whatever names hold
            render_to_string("access/invitation.txt", words),
            None,
            [invitation.email],
        )
    except OSError:
        log.exception("Invitation %s could not be mailed", invitation.pk)
        return False
    return True
