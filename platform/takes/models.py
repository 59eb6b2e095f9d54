"""Projects, references and takes: the facts of one prompt and what became of it. The verbs are in `actions`."""

import uuid

from django.db import models
from django.db.models import F, Q
from django.utils import timezone


class Project(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    studio = models.ForeignKey("accounts.Studio", on_delete=models.PROTECT, related_name="projects")
    name = models.CharField(max_length=120)
    created_by = models.ForeignKey("accounts.Seat", on_delete=models.PROTECT, related_name="+")
    key = models.CharField("idempotency key", max_length=200)
    fingerprint = models.CharField("what was asked with that key", max_length=64)
    created_at = models.DateTimeField(default=timezone.now)
    # When somebody last worked here: the list of projects is ordered by it.
    touched_at = models.DateTimeField(default=timezone.now)
    archived_at = models.DateTimeField(null=True, blank=True)
    # The number of the latest take. Kept here so that numbering locks one row, not a table.
    last_number = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["created_by", "key"], name="project_once_per_key"),
            models.CheckConstraint(condition=~Q(name=""), name="project_has_a_name"),
        ]
        indexes = [models.Index(fields=["studio", "archived_at", "-touched_at", "-id"], name="project_by_studio")]

    def __str__(self) -> str:
        return self.name


class Reference(models.Model):
    """An image a take may start from: decoded, bounded, stripped of metadata and encoded anew before it was stored."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="references")
    seat = models.ForeignKey("accounts.Seat", on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=120)
    file = models.CharField("name in the storage", max_length=200)
    sha256 = models.CharField(max_length=64)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    size = models.PositiveIntegerField("bytes")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "sha256"], name="reference_once_per_project")]
        indexes = [models.Index(fields=["project", "-created_at"], name="reference_by_project")]


class Take(models.Model):
    """One prompt and what became of it."""

    class State(models.TextChoices):
        IN_REVIEW = "in_review", "In review"
        QUEUED = "queued", "In the queue"
        RENDERING = "rendering", "On the GPU"
        READY = "ready", "Ready"
        REFUSED = "refused", "Refused"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"

    # What still holds credits and counts towards the takes a studio may have under way.
    UNDER_WAY = (State.IN_REVIEW, State.QUEUED, State.RENDERING)
    ENDED = (State.READY, State.REFUSED, State.FAILED, State.CANCELLED)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="takes")
    # The project's studio, repeated so that limits and lists of a studio are one index look-up.
    studio = models.ForeignKey("accounts.Studio", on_delete=models.PROTECT, related_name="takes")
    seat = models.ForeignKey("accounts.Seat", on_delete=models.PROTECT, related_name="takes")
    api_key = models.ForeignKey("accounts.ApiKey", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    # The stage of a rollout through which its model was open to the seat, if it was being rolled out.
    stage = models.ForeignKey("access.Stage", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    number = models.PositiveIntegerField()

    prompt = models.TextField()
    # generation.catalogue.Spec as JSON: {model, revision, prompt, width, height, frames, steps, guidance, seed, …}.
    spec = models.JSONField()
    seconds = models.DecimalField("length of the clip", max_digits=8, decimal_places=3)
    price = models.PositiveIntegerField("credits")
    reference = models.ForeignKey(Reference, on_delete=models.PROTECT, null=True, blank=True, related_name="takes")
    remix_of = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="remixes")
    retry_of = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="retries")

    key = models.CharField("idempotency key", max_length=200)
    fingerprint = models.CharField("what was asked with that key", max_length=64)

    state = models.CharField(max_length=10, choices=State)
    # screening.policy.Decision as JSON: {verdict, policy_version, findings: [{check, rule, title, message, start, …}]}.
    decision = models.JSONField()
    job_id = models.UUIDField("job in generation", null=True, blank=True, unique=True)
    error_code = models.CharField(max_length=40, blank=True)
    error_message = models.TextField(blank=True)

    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["seat", "key"], name="take_once_per_key"),
            models.UniqueConstraint(fields=["project", "number"], name="take_number_once_per_project"),
            models.CheckConstraint(condition=Q(price__gt=0), name="take_has_a_price"),
            models.CheckConstraint(
                condition=Q(state__in=["in_review", "queued", "rendering", "ready", "refused", "failed", "cancelled"]),
                name="take_state_is_known",
            ),
            models.CheckConstraint(
                condition=Q(finished_at__isnull=True, state__in=["in_review", "queued", "rendering"])
                | Q(finished_at__isnull=False, state__in=["ready", "refused", "failed", "cancelled"]),
                name="take_is_finished_when_it_ended",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["queued", "rendering", "ready"]) | Q(job_id__isnull=False),
                name="take_that_renders_has_a_job",
            ),
            models.CheckConstraint(condition=~Q(remix_of=F("id")) & ~Q(retry_of=F("id")), name="take_is_not_its_own"),
        ]
        indexes = [
            models.Index(fields=["project", "-number"], name="take_by_project"),
            models.Index(fields=["studio", "-created_at"], name="take_by_studio"),
            models.Index(
                fields=["studio"], condition=Q(state__in=["in_review", "queued", "rendering"]), name="take_under_way"
            ),
            # What guardrails count, minute by minute.
            models.Index(fields=["stage", "finished_at"], condition=Q(stage__isnull=False), name="take_ended_by_stage"),
            models.Index(fields=["stage", "created_at"], condition=Q(stage__isnull=False), name="take_sent_by_stage"),
        ]

    def __str__(self) -> str:
        return f"Take {self.number}"

    @property
    def hold_key(self) -> str:
        """The key of this take's hold in the ledger."""
        return f"take:{self.id}"

    @property
    def is_under_way(self) -> bool:
        return self.state in self.UNDER_WAY
