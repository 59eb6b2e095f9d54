"""What people agree to when they come in, version by version."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import Person, Seat


class TermsVersion(models.Model):
    """One version of the terms. A draft until `published_at`; from then on nothing about it changes, and triggers see
    to that. The newest published one is in force. `text` is paragraphs between empty lines; one that begins with # is
    a heading."""

    number = models.PositiveIntegerField(unique=True)
    title = models.CharField(max_length=120)
    text = models.TextField()
    summary = models.TextField(blank=True)  # what is new in it, for whoever accepted the one before
    created_at = models.DateTimeField(default=timezone.now)
    published_at = models.DateTimeField(null=True, blank=True)
    published_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.CheckConstraint(condition=Q(number__gte=1) & ~Q(title=""), name="terms_number_and_title"),
            models.CheckConstraint(
                condition=Q(published_at=None, published_by=None) | Q(published_at__isnull=False) & ~Q(text=""),
                name="terms_published_say_something",
            ),
        ]

    def __str__(self) -> str:
        return f"Terms, version {self.number}"

    def save(self, *args, **kwargs) -> None:
        """A version that is published stays as it was read: what is new goes into the next one."""
        if self.pk and TermsVersion.objects.filter(pk=self.pk, published_at__isnull=False).exists():
            raise TypeError(f"Version {self.number} of the terms is published; write a new version instead.")
        super().save(*args, **kwargs)


class TermsAcceptance(models.Model):
    """Somebody read a version and agreed to it. Written once."""

    class How(models.TextChoices):
        INVITATION = "invitation", "Coming in"
        AGAIN = "again", "Asked again"

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="terms_accepted")
    version = models.ForeignKey(TermsVersion, on_delete=models.PROTECT, related_name="acceptances")
    at = models.DateTimeField(default=timezone.now)
    how = models.CharField(max_length=10, choices=How)
    seat = models.ForeignKey(Seat, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person", "version"], name="terms_accepted_once"),
            models.CheckConstraint(condition=Q(how__in=["invitation", "again"]), name="terms_accepted_in_a_known_way"),
        ]

    def __str__(self) -> str:
        return f"{self.person} accepted version {self.version_id}"
