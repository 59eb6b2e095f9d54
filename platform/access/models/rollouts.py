"""Opening something step by step: a rollout, its stages, who is listed by name, who signed a stage off."""

import secrets

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from access.models.tiers import Tier
from accounts.models import Person, Studio

WHOLE = 1_000_000  # parts per million


def new_salt() -> str:
    return secrets.token_hex(8)


class Edition(models.Model):
    """One row whose mark changes with every change of rollouts and tiers, in the change's own transaction: processes
    that keep a compiled copy look at it to see whether theirs is still good. The mark is random and not a number, so
    that a change that was rolled back never shares it with the one that comes next."""

    mark = models.CharField(max_length=32, default=new_salt)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="edition_is_one_row")]


class Rollout(models.Model):
    """A model or a feature that is being opened. While it is, only it says who may use that model.

    `position` is the stage that is open now (1 is the first, 0 none). `version` grows with every change: whoever
    changes it names the version they saw, so that of two who act at once one is told.
    """

    class Kind(models.TextChoices):
        MODEL = "model", "A model"
        FEATURE = "feature", "A feature"

    class Subject(models.TextChoices):
        STUDIO = "studio", "Studios, each as a whole"
        PERSON = "person", "People, one by one"

    class State(models.TextChoices):
        PLANNED = "planned", "Planned"
        OPEN = "open", "Open"
        HALTED = "halted", "Halted"
        FINISHED = "finished", "Finished"

    class RunningWork(models.TextChoices):
        FINISH = "finish", "Let what was accepted finish"
        STOP = "stop", "Stop what waits and runs"

    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=80)
    kind = models.CharField(max_length=10, choices=Kind)
    # The model's id in the catalogue, or the feature's name.
    target = models.CharField(max_length=80)
    subject = models.CharField(max_length=10, choices=Subject, default=Subject.STUDIO)
    salt = models.CharField(max_length=32, unique=True, default=new_salt, editable=False)
    state = models.CharField(max_length=10, choices=State, default=State.PLANNED)
    position = models.PositiveSmallIntegerField(default=0)
    # The kill switch: shut for everybody, those listed by name included, whatever the stages say.
    shut_at = models.DateTimeField(null=True, blank=True)
    running_work = models.CharField(max_length=10, choices=RunningWork, default=RunningWork.FINISH)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    changed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "target"], condition=~Q(state="finished"), name="rollout_one_at_a_time_for_each_target"
            ),
            models.CheckConstraint(condition=~Q(slug="") & ~Q(name="") & ~Q(target=""), name="rollout_is_named"),
            models.CheckConstraint(condition=Q(kind__in=["model", "feature"]), name="rollout_kind_is_known"),
            models.CheckConstraint(condition=Q(subject__in=["studio", "person"]), name="rollout_subject_is_known"),
            models.CheckConstraint(condition=Q(running_work__in=["finish", "stop"]), name="rollout_rule_is_known"),
            models.CheckConstraint(
                condition=Q(state="planned", position=0) | Q(state__in=["open", "halted", "finished"], position__gt=0),
                name="rollout_state_fits_its_stage",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_shut(self) -> bool:
        return self.shut_at is not None


class Stage(models.Model):
    """One step of a rollout: an audience, how much of it, under which limits, and what must be so before it opens.

    `ramp` is the steps of its percentage in parts per million, rising; `reached_ppm` how far it is open (0: it is not).
    `limits` narrows the tier's: {"max_pixels": 409920, "references": false, …}. Hours are UTC.
    """

    rollout = models.ForeignKey(Rollout, on_delete=models.CASCADE, related_name="stages")
    position = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=60)
    tiers = models.ManyToManyField(Tier, related_name="+")
    ramp = models.JSONField(default=list)
    ramp_wait_hours = models.PositiveSmallIntegerField("hours between two steps", default=24)
    ramps_by_itself = models.BooleanField(default=False)
    reached_ppm = models.PositiveIntegerField(default=0)
    limits = models.JSONField(default=dict, blank=True)

    # The gate in front of it.
    wait_hours = models.PositiveSmallIntegerField("hours after the last step of the stage before", default=0)
    hour_from = models.PositiveSmallIntegerField("opens from (hour, UTC)", default=0)
    hour_until = models.PositiveSmallIntegerField("opens until (hour, UTC)", default=24)
    minimum_sample = models.PositiveIntegerField("takes in the stage before", default=0)
    approvals_needed = models.PositiveSmallIntegerField(default=0)

    opened_at = models.DateTimeField(null=True, blank=True)
    widened_at = models.DateTimeField(null=True, blank=True)
    # What guardrails count begins here: the opening, or the resumption after a halt.
    measured_since = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["rollout", "position"], name="stage_one_at_each_position"),
            models.CheckConstraint(condition=Q(position__gt=0) & ~Q(name=""), name="stage_has_a_place_and_a_name"),
            models.CheckConstraint(condition=Q(reached_ppm__lte=WHOLE), name="stage_is_at_most_whole"),
            models.CheckConstraint(
                condition=Q(reached_ppm=0, opened_at=None, widened_at=None, measured_since=None)
                | Q(reached_ppm__gt=0, opened_at__isnull=False, widened_at__isnull=False, measured_since__isnull=False),
                name="stage_that_is_open_says_since_when",
            ),
            models.CheckConstraint(
                condition=Q(hour_from__lt=F("hour_until"), hour_until__lte=24), name="stage_hours_are_of_a_day"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def percent(self) -> float:
        return self.reached_ppm / 10_000

    @property
    def is_open(self) -> bool:
        return self.reached_ppm > 0

    @property
    def next_ppm(self) -> int | None:
        """The next step of its ramp; None at the end of it."""
        return next((ppm for ppm in self.ramp if ppm > self.reached_ppm), None)


class Approval(models.Model):
    """Somebody signed a stage off. A change of the stage voids it."""

    stage = models.ForeignKey(Stage, on_delete=models.CASCADE, related_name="approvals")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["stage", "person"], name="approval_once_per_person")]


class Listing(models.Model):
    """A studio or a person let in, or kept out, by name, whatever the stages say."""

    class Kind(models.TextChoices):
        ALLOW = "allow", "Let in by name"
        DENY = "deny", "Kept out by name"

    rollout = models.ForeignKey(Rollout, on_delete=models.CASCADE, related_name="listings")
    kind = models.CharField(max_length=10, choices=Kind)
    studio = models.ForeignKey(Studio, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    reason = models.CharField(max_length=300)
    by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=["allow", "deny"]), name="listing_kind_is_known"),
            models.CheckConstraint(
                condition=Q(studio=None, person__isnull=False) | Q(studio__isnull=False, person=None),
                name="listing_of_studio_or_person",
            ),
            models.UniqueConstraint(
                fields=["rollout", "studio"],
                condition=Q(ended_at=None, studio__isnull=False),
                name="listing_once_per_studio",
            ),
            models.UniqueConstraint(
                fields=["rollout", "person"],
                condition=Q(ended_at=None, person__isnull=False),
                name="listing_once_per_person",
            ),
        ]
        indexes = [
            models.Index(fields=["studio"], condition=Q(ended_at=None), name="listing_of_studio"),
            models.Index(fields=["person"], condition=Q(ended_at=None), name="listing_of_person"),
        ]

    @property
    def whom(self) -> str:
        return str(self.studio or self.person)


class Guardrail(models.Model):
    """Something that must not get worse while a rollout widens.

    Both readings are of a proportion: things that went wrong of all things counted. `limit_ppm` is a limit of its own;
    `compares` sets the stage against the one before by a sequential test.
    """

    class Action(models.TextChoices):
        WARN = "warn", "Warn"
        HALT = "halt", "Halt"
        ROLL_BACK = "roll_back", "Roll back"

    rollout = models.ForeignKey(Rollout, on_delete=models.CASCADE, related_name="guardrails")
    metric = models.CharField(max_length=40)
    compares = models.BooleanField("compare with the stage before", default=True)
    limit_ppm = models.PositiveIntegerField("never above", null=True, blank=True)
    window_minutes = models.PositiveIntegerField("over the last minutes", default=60)
    minimum_sample = models.PositiveIntegerField(default=50)
    failure_limit = models.PositiveSmallIntegerField("failing looks in a row before it acts", default=3)
    action = models.CharField(max_length=10, choices=Action, default=Action.HALT)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["rollout", "metric"], name="guardrail_once_per_metric"),
            models.CheckConstraint(condition=Q(action__in=["warn", "halt", "roll_back"]), name="guardrail_acts"),
            models.CheckConstraint(condition=Q(compares=True) | Q(limit_ppm__isnull=False), name="guardrail_measures"),
            models.CheckConstraint(
                condition=Q(limit_ppm=None) | Q(limit_ppm__lte=WHOLE), name="guardrail_limit_is_a_share"
            ),
            models.CheckConstraint(
                condition=Q(window_minutes__gt=0, minimum_sample__gt=0, failure_limit__gt=0),
                name="guardrail_numbers_are_positive",
            ),
        ]


class Reading(models.Model):
    """What a guardrail saw at one look. Counts are cumulative since the stage's `measured_since`; `base_*` of the stage
    before. `evidence` is the natural logarithm of the e-value, `most_evidence` the greatest so far."""

    class Verdict(models.TextChoices):
        PASS = "pass", "Holds"
        FAIL = "fail", "Fails"
        INCONCLUSIVE = "inconclusive", "Cannot be told yet"

    guardrail = models.ForeignKey(Guardrail, on_delete=models.CASCADE, related_name="readings")
    stage = models.ForeignKey(Stage, on_delete=models.CASCADE, related_name="readings")
    since = models.DateTimeField()
    at = models.DateTimeField()
    until = models.DateTimeField("what is counted ends here")
    bad = models.PositiveBigIntegerField(default=0)
    total = models.PositiveBigIntegerField(default=0)
    base_bad = models.PositiveBigIntegerField(default=0)
    base_total = models.PositiveBigIntegerField(default=0)
    evidence = models.FloatField(default=0.0)
    most_evidence = models.FloatField(default=0.0)
    failing_in_a_row = models.PositiveIntegerField(default=0)
    verdict = models.CharField(max_length=12, choices=Verdict)
    why = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["guardrail", "stage", "since", "at"], name="reading_once_a_moment"),
            models.CheckConstraint(
                condition=Q(bad__lte=F("total"), base_bad__lte=F("base_total")), name="reading_counts_a_share"
            ),
            models.CheckConstraint(
                condition=Q(verdict__in=["pass", "fail", "inconclusive"]), name="reading_verdict_is_known"
            ),
        ]
        indexes = [models.Index(fields=["guardrail", "stage", "-at"], name="reading_latest")]
