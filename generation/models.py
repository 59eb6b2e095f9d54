"""Facts of rendering. The database is the queue; what its constraints refuse, no crash and no race brings about."""

import uuid

from django.db import models
from django.db.models import F, Q


class JobState(models.TextChoices):
    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


UNFINISHED = (JobState.QUEUED, JobState.RUNNING)
ENDED = (JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED)
MAX_ATTEMPTS = 3


class Lane(models.Model):
    """Whose turn it is in the fair order, e.g. one lane for each studio. Its row is locked while a rank is given."""

    name = models.CharField(max_length=100, primary_key=True)


class Worker(models.Model):
    """One process that renders. A worker that was killed is marked stopped by the next sweep."""

    class State(models.TextChoices):
        STARTING = "starting"
        IDLE = "idle"
        BUSY = "busy"
        STOPPED = "stopped"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=100)
    device = models.CharField(max_length=100)
    model = models.CharField(max_length=100, blank=True, default="")  # the catalogue id it keeps warm
    state = models.CharField(max_length=10, choices=State, default=State.STARTING)
    started_at = models.DateTimeField(auto_now_add=True)
    seen_at = models.DateTimeField()
    stopped_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="worker_stopped_or_not", condition=Q(state="stopped") ^ Q(stopped_at__isnull=True)
            ),
        ]
        indexes = [models.Index(name="worker_live", fields=["seen_at"], condition=Q(stopped_at__isnull=True))]


class Job(models.Model):
    """One render that was asked for, from its place in the queue to its end. Artifacts hang on it once it succeeded."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    key = models.CharField(max_length=200, unique=True)
    fingerprint = models.CharField(max_length=64)  # sha256 of the canonical spec, to tell a replay from a conflict
    spec = models.JSONField()  # catalogue.Spec.to_json()
    model = models.CharField(max_length=100)  # spec["model"], for looking up render times
    work = models.BigIntegerField()  # Spec.work

    lane = models.ForeignKey(Lane, on_delete=models.PROTECT, db_index=False)
    weight = models.PositiveIntegerField(default=1)
    rank = models.BigIntegerField()  # virtual finish time; the lowest is rendered next

    state = models.CharField(max_length=10, choices=JobState, default=JobState.QUEUED)
    cancel_requested_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    max_attempts = models.PositiveSmallIntegerField(default=MAX_ATTEMPTS)

    # Only while running. `fence` is the token of the open attempt: every write of a worker names it.
    worker = models.ForeignKey(Worker, null=True, on_delete=models.SET_NULL)
    fence = models.UUIDField(null=True)
    lease_expires_at = models.DateTimeField(null=True)
    preview = models.BinaryField(null=True)  # a small JPEG of the picture as it stands

    step = models.PositiveIntegerField(default=0)
    steps = models.PositiveIntegerField()

    error_code = models.CharField(max_length=40, blank=True, default="")
    error_message = models.TextField(blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(name="job_steps", condition=Q(step__lte=F("steps"))),
            models.CheckConstraint(name="job_attempts", condition=Q(attempts__lte=F("max_attempts"))),
            models.CheckConstraint(name="job_weight", condition=Q(weight__gte=1)),
            models.CheckConstraint(
                name="job_held_while_running",
                condition=Q(state="running", fence__isnull=False, lease_expires_at__isnull=False)
                | (~Q(state="running") & Q(fence__isnull=True, lease_expires_at__isnull=True)),
            ),
            models.CheckConstraint(
                name="job_finished_when_ended", condition=Q(state__in=UNFINISHED) ^ Q(finished_at__isnull=False)
            ),
            models.CheckConstraint(name="job_failed_says_why", condition=~Q(state="failed") ^ ~Q(error_code="")),
        ]
        indexes = [
            # The queue itself: claiming reads the first entry of this one.
            models.Index(name="job_queue", fields=["rank", "created_at"], condition=Q(state="queued")),
            # The rank that service has reached, the last rank of a lane, leases to look after, recent render times.
            models.Index(name="job_reached", fields=["-rank"], condition=Q(attempts__gt=0)),
            models.Index(name="job_lane", fields=["lane", "-rank"], condition=Q(state__in=UNFINISHED)),
            models.Index(name="job_lease", fields=["lease_expires_at"], condition=Q(state="running")),
            models.Index(name="job_recent", fields=["-finished_at"], condition=Q(state="succeeded")),
        ]

    @property
    def progress(self) -> int:
        """0-100; 100 only once the clip is there."""
        if self.state == JobState.SUCCEEDED:
            return 100
        return min(99, 100 * self.step // self.steps)


class Attempt(models.Model):
    """One worker's try at one job. Its token is the fence: without it, nothing of the job can be written."""

    class Outcome(models.TextChoices):
        SUCCEEDED = "succeeded"
        FAILED = "failed"
        CANCELLED = "cancelled"
        LOST = "lost"  # the worker fell silent
        RETURNED = "returned"  # the worker was stopped and gave the job back

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="tries", db_index=False)
    number = models.PositiveSmallIntegerField()
    worker = models.ForeignKey(Worker, null=True, on_delete=models.SET_NULL)
    token = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=10, choices=Outcome, blank=True, default="")
    error_code = models.CharField(max_length=40, blank=True, default="")
    error_message = models.TextField(blank=True, default="")
    cleared_at = models.DateTimeField(null=True)  # when the files it may have left behind were taken away

    class Meta:
        constraints = [
            models.UniqueConstraint(name="attempt_number", fields=["job", "number"]),
            models.UniqueConstraint(name="attempt_one_open", fields=["job"], condition=Q(ended_at__isnull=True)),
            models.CheckConstraint(name="attempt_ended_says_how", condition=Q(ended_at__isnull=True) ^ ~Q(outcome="")),
        ]
        indexes = [
            models.Index(
                name="attempt_to_clear",
                fields=["ended_at"],
                condition=Q(ended_at__isnull=False, cleared_at__isnull=True) & ~Q(outcome="succeeded"),
            ),
        ]

    @property
    def folder(self) -> str:
        """Where this attempt's files lie in the default storage. Two attempts never share one."""
        return f"jobs/{self.job_id}/{self.token}"


class Artifact(models.Model):
    """A file that a job left: the clip (for image models a PNG of one frame), its poster, its sprite sheet."""

    class Kind(models.TextChoices):
        CLIP = "clip"
        POSTER = "poster"
        SPRITE = "sprite"

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="artifacts", db_index=False)
    kind = models.CharField(max_length=10, choices=Kind)
    file = models.CharField(max_length=300)  # a name in the default storage
    media_type = models.CharField(max_length=40)
    sha256 = models.CharField(max_length=64)
    bytes = models.BigIntegerField()
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    frames = models.PositiveIntegerField()
    fps_num = models.PositiveIntegerField()
    fps_den = models.PositiveIntegerField()
    # clip: {"rendered": [112, 64], "scale": 6, "padded": false, "keyframe_every": 4}
    # sprite: {"columns": 5, "rows": 4, "tile": [160, 92], "frames": [0, 1, …]}
    meta = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="artifact_kind", fields=["job", "kind"]),
            models.CheckConstraint(
                name="artifact_has_content",
                condition=Q(bytes__gt=0, width__gt=0, height__gt=0, frames__gt=0, fps_num__gt=0, fps_den__gt=0),
            ),
        ]


class Event(models.Model):
    """The outbox: what became of a job, written with the job's state and read by whoever asked for the job."""

    class Kind(models.TextChoices):
        STARTED = "started"
        SUCCEEDED = "succeeded"
        FAILED = "failed"
        CANCELLED = "cancelled"

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="events", db_index=False)
    kind = models.CharField(max_length=10, choices=Kind)
    # started {"worker": name} · succeeded {"seconds": 1.4, "attempts": 1} · failed {"code", "message"} · cancelled {}
    payload = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)
    handled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="event_once", fields=["job", "kind"]),
            # A job ends once, whatever is killed in between.
            models.UniqueConstraint(name="event_one_end", fields=["job"], condition=~Q(kind="started")),
        ]
        indexes = [models.Index(name="event_unhandled", fields=["id"], condition=Q(handled_at__isnull=True))]
