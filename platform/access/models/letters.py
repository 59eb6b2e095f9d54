"""What we write to people, until it is on its way."""

from django.db import models
from django.db.models import Q
from django.utils import timezone


class Letter(models.Model):
    """One mail: written in the transaction of what it tells of, sent by the clock.

    `text` is sealed (accounts.vault), for it may hold a link that lets somebody in, and is emptied once it is sent or
    given up. `key` names what it tells of, so that nothing is told twice.
    """

    key = models.CharField(max_length=120, unique=True)
    to = models.EmailField()
    subject = models.CharField(max_length=200)
    text = models.TextField(blank=True)
    written_at = models.DateTimeField(default=timezone.now)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True, blank=True, default=timezone.now)
    sent_at = models.DateTimeField(null=True, blank=True)
    given_up_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(sent_at=None, given_up_at=None, next_try_at__isnull=False) & ~Q(text="")
                | Q(sent_at__isnull=False, given_up_at=None, next_try_at=None, text="")
                | Q(sent_at=None, given_up_at__isnull=False, next_try_at=None, text=""),
                name="letter_waits_or_has_ended",
            ),
        ]
        indexes = [
            models.Index(fields=["next_try_at"], condition=Q(next_try_at__isnull=False), name="letter_due"),
        ]

    def __str__(self) -> str:
        return self.subject
