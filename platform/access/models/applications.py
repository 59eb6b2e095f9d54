"""Who asks for access, what they told us, and what the leads made of it."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone

from access.models.invitations import Invitation
from accounts.models import Person


class Application(models.Model):
    """One address asks to be let in. Its answers are its own until they are sent, and fixed from then on.

    `links` is a list of http(s) addresses. `erased_at` says that the answers are gone and only the row and its state
    are kept.
    """

    class State(models.TextChoices):
        DRAFT = "draft", "Draft"
        SENT = "sent", "New"
        WAITING = "waiting", "Waiting list"
        ACCEPTED = "accepted", "Accepted"
        DECLINED = "declined", "Declined"
        WITHDRAWN = "withdrawn", "Withdrawn"

    class Kind(models.TextChoices):
        ARTIST = "artist", "An artist on my own"
        STUDIO = "studio", "A studio"

    email = models.EmailField(blank=True)
    name = models.CharField(max_length=120, blank=True)
    kind = models.CharField(max_length=10, choices=Kind, blank=True)
    studio_name = models.CharField(max_length=120, blank=True)
    links = models.JSONField(default=list)
    would_make = models.TextField(blank=True)
    worries = models.TextField(blank=True)
    state = models.CharField(max_length=10, choices=State, default=State.DRAFT)
    readings_needed = models.PositiveSmallIntegerField(default=1)
    second_asked_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    saved_at = models.DateTimeField(default=timezone.now)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    waiting_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    erased_at = models.DateTimeField(null=True, blank=True)
    # The last who put it on the waiting list, accepted or declined it.
    decided_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    invitation = models.OneToOneField(
        Invitation, on_delete=models.PROTECT, null=True, blank=True, related_name="application"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                Lower("email"),
                condition=Q(state__in=["draft", "sent", "waiting"], erased_at=None),
                name="application_one_open_per_address",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["draft", "sent", "waiting", "accepted", "declined", "withdrawn"]),
                name="application_state_is_known",
            ),
            models.CheckConstraint(condition=Q(kind__in=["", "artist", "studio"]), name="application_kind_is_known"),
            models.CheckConstraint(
                condition=Q(state="draft", confirmed_at=None)
                | Q(state="withdrawn")
                | Q(state__in=["sent", "waiting", "accepted", "declined"], confirmed_at__isnull=False),
                name="application_is_sent_by_its_applicant",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["draft", "sent", "waiting"], ended_at=None)
                | Q(state__in=["accepted", "declined", "withdrawn"], ended_at__isnull=False),
                name="application_ends_once",
            ),
            models.CheckConstraint(
                condition=Q(state="accepted", invitation__isnull=False) | ~Q(state="accepted") & Q(invitation=None),
                name="application_accepted_is_invited",
            ),
            models.CheckConstraint(
                condition=Q(confirmed_at=None)
                | Q(erased_at__isnull=False)
                | ~Q(name="") & ~Q(kind="") & ~Q(would_make=""),
                name="application_sent_is_whole",
            ),
            models.CheckConstraint(
                condition=Q(erased_at=None) & ~Q(email="")
                | Q(
                    erased_at__isnull=False,
                    state__in=["draft", "declined", "withdrawn"],
                    email="",
                    name="",
                    studio_name="",
                    would_make="",
                    worries="",
                ),
                name="application_is_there_or_erased",
            ),
            models.CheckConstraint(condition=Q(readings_needed__in=[1, 2]), name="application_one_or_two_readings"),
        ]
        indexes = [
            models.Index(fields=["state", "-id"], name="application_by_state"),
            models.Index(
                fields=["saved_at"], condition=Q(state="draft", erased_at=None), name="application_old_drafts"
            ),
            models.Index(
                fields=["ended_at"],
                condition=Q(state__in=["declined", "withdrawn"], erased_at=None),
                name="application_old_answers",
            ),
        ]

    def __str__(self) -> str:
        return f"Application {self.pk} ({self.state})"

    @property
    def is_open(self) -> bool:
        return self.state in {self.State.DRAFT, self.State.SENT, self.State.WAITING} and self.erased_at is None


class ApplicationLink(models.Model):
    """A secret way to one's own application. Each letter carries a fresh one; of all of them only hashes are kept."""

    application = models.ForeignKey(Application, on_delete=models.CASCADE, related_name="own_links")
    code_hash = models.CharField(max_length=64, unique=True)
    made_at = models.DateTimeField(default=timezone.now)


class ApplicationTag(models.Model):
    """A word that leads find applications by, in lower case."""

    application = models.ForeignKey(Application, on_delete=models.CASCADE, related_name="tags")
    word = models.CharField(max_length=30)

    class Meta:
        ordering = ["word"]
        constraints = [
            models.UniqueConstraint(fields=["application", "word"], name="application_tag_once"),
            models.CheckConstraint(condition=~Q(word=""), name="application_tag_is_a_word"),
        ]
        indexes = [models.Index(fields=["word"], name="application_by_tag")]

    def __str__(self) -> str:
        return self.word


class ApplicationNote(models.Model):
    """What leads tell each other about an application. Added, never changed. `key` makes it once."""

    application = models.ForeignKey(Application, on_delete=models.CASCADE, related_name="notes")
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    words = models.TextField()
    at = models.DateTimeField(default=timezone.now)
    key = models.CharField(max_length=64)

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["application", "key"], name="application_note_once")]


class ApplicationReading(models.Model):
    """What one lead makes of an application, written before they see what another made of it."""

    class Verdict(models.TextChoices):
        YES = "yes", "Yes"
        UNSURE = "unsure", "Unsure"
        NO = "no", "No"

    application = models.ForeignKey(Application, on_delete=models.CASCADE, related_name="readings")
    reader = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    verdict = models.CharField(max_length=10, choices=Verdict)
    words = models.TextField(blank=True)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["application", "reader"], name="application_one_reading_each"),
            models.CheckConstraint(
                condition=Q(verdict__in=["yes", "unsure", "no"]), name="application_verdict_is_known"
            ),
        ]
