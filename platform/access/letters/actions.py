"""Write a letter, send what is due. A letter is written with the change it tells of, or not at all; sending it is the
clock's, tried again for a day. A mail server that fell silent after taking one may get it twice."""

import logging
import smtplib
from collections.abc import Mapping
from datetime import timedelta

from cryptography.fernet import InvalidToken
from django.core.mail import send_mail
from django.db.models import F
from django.template.loader import render_to_string
from django.utils import timezone

from access.models import Letter
from accounts import vault

log = logging.getLogger(__name__)

PURPOSE = "stagedoor letters"
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=20), timedelta(hours=3)
MOST_ATTEMPTS = 14  # about a day
BATCH = 50


def write(*, key: str, to: str, template: str, words: Mapping[str, object]) -> Letter:
    """A letter to one address; the template's first line is its subject. The same key again gives the first letter."""
    head, _, text = render_to_string(template, dict(words)).strip().partition("\n")
    subject = " ".join(head.removeprefix("Subject:").split())[:200]  # one line, whatever names hold
    sealed = vault.seal(text.strip() + "\n", purpose=PURPOSE)
    letter, _ = Letter.objects.get_or_create(key=key, defaults={"to": to, "subject": subject, "text": sealed})
    return letter


def send_due() -> int:
    """Send what is due, oldest first; returns how many were handed over. Any number of clocks may do so at once."""
    now = timezone.now()
    due = Letter.objects.filter(next_try_at__lte=now).order_by("next_try_at").values_list("pk", "attempts")
    return sum(_send(pk, attempts) for pk, attempts in list(due[:BATCH]))


def _send(pk: int, attempts: int) -> bool:
    now = timezone.now()
    pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2**attempts)
    mine = Letter.objects.filter(pk=pk, attempts=attempts, next_try_at__lte=now)
    if not mine.update(attempts=F("attempts") + 1, next_try_at=now + pause):
        return False  # another clock has it
    letter = Letter.objects.get(pk=pk)
    try:
        text = vault.unseal(letter.text, purpose=PURPOSE)
        send_mail(letter.subject, text, None, [letter.to])
    except (OSError, smtplib.SMTPException, InvalidToken) as error:
        log.warning("Letter %s could not be sent (%s); attempt %s.", pk, type(error).__name__, letter.attempts)
        if letter.attempts >= MOST_ATTEMPTS or isinstance(error, InvalidToken | smtplib.SMTPRecipientsRefused):
            Letter.objects.filter(pk=pk).update(given_up_at=timezone.now(), next_try_at=None, text="")
        return False
    Letter.objects.filter(pk=pk).update(sent_at=timezone.now(), next_try_at=None, text="")
    return True
