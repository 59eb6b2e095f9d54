"""What we write to people about coming in. A letter is written in the transaction of what it tells of."""

from django.conf import settings
from django.db.models import QuerySet
from django.urls import reverse

from access.invitations.queries import inviter_of, studio_of
from access.letters import actions as letters
from access.models import Invitation, Letter


def join_link(code: str) -> str:
    """The address that lets somebody in. It starts with SITE_URL: a request's host is only its sender's word."""
    return settings.SITE_URL.rstrip("/") + reverse("join", args=[code])


def write_invitation(invitation: Invitation, code: str, *, reminds: bool = False) -> Letter:
    """The letter that brings the link of a bound invitation; each code is mailed once."""
    words = {
        "invitation": invitation,
        "link": join_link(code),
        "studio": _one_line(studio_of(invitation)),
        "inviter": _one_line(inviter_of(invitation)),
        "reminds": reminds,
    }
    return letters.write(
        key=f"invitation:{invitation.pk}:{invitation.codes}",
        to=invitation.email,
        template="access/letters/invitation.txt",
        words=words,
    )


def write_here_already(link: Invitation, email: str, key: str) -> Letter:
    """To somebody who came by a link to where they have a seat: they sign in."""
    words = {"studio": _one_line(studio_of(link)), "sign_in": settings.SITE_URL.rstrip("/") + reverse("account_login")}
    return letters.write(key=key, to=email, template="access/letters/here_already.txt", words=words)


def letters_to(invitation: Invitation) -> QuerySet[Letter]:
    """What was written about this invitation."""
    return Letter.objects.filter(key__startswith=f"invitation:{invitation.pk}:")


def _one_line(name: str) -> str:
    """A name as it may stand in a subject."""
    return " ".join(name.split())
