"""What a studio may do: tiers, where studios stand, and exceptions."""

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from accounts.models import Person, Seat, Studio


class Tier(models.Model):
    """A named bundle of limits and rights that studios stand in. `rank` orders tiers, the most open last."""

    slug = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=60)
    rank = models.PositiveSmallIntegerField(unique=True)
    max_pixels = models.PositiveIntegerField(help_text="Width times height of one frame, at most.")
    max_seconds = models.PositiveSmallIntegerField(help_text="Length of one clip, at most.")
    references = models.BooleanField(default=False, help_text="May a take start from an image?")
    api = models.BooleanField(default=False, help_text="May seats make API keys?")
    concurrency = models.PositiveSmallIntegerField(help_text="Takes queued or rendering at once, at most.")
    queue_weight = models.PositiveSmallIntegerField(default=1, help_text="Share of the queue against other studios.")
    monthly_credits = models.PositiveIntegerField(default=0)
    daily_takes = models.PositiveIntegerField(null=True, blank=True, help_text="Takes a day; empty for no limit.")
    invitation_allowance = models.PositiveSmallIntegerField(
        default=0, help_text="People from outside that one seat may bring in within a year."
    )
    invitation_tier = models.ForeignKey(
        "self",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="Where the studios they found will stand; empty for the lowest tier.",
    )
    # Nobody is placed in a retired tier; studios that stand in it stay.
    retired_at = models.DateTimeField(null=True, blank=True)
    # Ids of the catalogue, or ["*"] for every model in it. Last, for its name hides the module's in this class.
    models = models.JSONField(default=list)

    class Meta:
        ordering = ["rank"]
        constraints = [
            models.CheckConstraint(
                condition=Q(max_pixels__gt=0, max_seconds__gt=0, concurrency__gt=0, queue_weight__gt=0),
                name="tier_limits_are_positive",
            ),
            models.CheckConstraint(
                condition=Q(daily_takes=None) | Q(daily_takes__gt=0), name="tier_daily_takes_is_positive"
            ),
            models.CheckConstraint(condition=~Q(slug="") & ~Q(name=""), name="tier_has_a_name"),
        ]

    def __str__(self) -> str:
        return self.name


class TierVersion(models.Model):
    """What a tier said from `at` until its next version. The newest says what the tier itself says now.

    `limits` is JSON of this shape: {"name": "Studio", "rank": 20, "models": ["*"], "max_pixels": 921600,
    "max_seconds": 10, "references": true, "api": true, "concurrency": 6, "queue_weight": 2, "monthly_credits": 3000,
    "daily_takes": 400, "invitation_allowance": 3, "invitation_tier": "first-ten"}; `daily_takes` and
    `invitation_tier` may be null.
    """

    tier = models.ForeignKey(Tier, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    limits = models.JSONField()
    at = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    reason = models.CharField(max_length=300)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tier", "number"], name="tier_version_once_per_number"),
            models.CheckConstraint(condition=Q(number__gt=0) & ~Q(reason=""), name="tier_version_says_why"),
        ]

    def __str__(self) -> str:
        return f"{self.tier} as of {self.at:%Y-%m-%d}"


class Standing(models.Model):
    """A studio stood in a tier from `since` to `until`. One standing is open (no `until`): the studio's tier now."""

    studio = models.ForeignKey(Studio, on_delete=models.PROTECT, related_name="standings")
    tier = models.ForeignKey(Tier, on_delete=models.PROTECT, related_name="standings")
    since = models.DateTimeField(default=timezone.now)
    until = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=300)
    by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["studio"], condition=Q(until=None), name="standing_one_open_per_studio"),
            models.CheckConstraint(
                condition=Q(until=None) | Q(until__gte=F("since")), name="standing_ends_after_start"
            ),
        ]
        indexes = [models.Index(fields=["studio", "-since"], name="standing_history")]

    def __str__(self) -> str:
        return f"{self.studio} in {self.tier}"


class Override(models.Model):
    """An exception to the tier for one studio or one seat. It always has an end: one without would be a tier.

    `field` is one of rules.OVERRIDABLE; `value` is JSON of the type given there.
    """

    studio = models.ForeignKey(Studio, on_delete=models.PROTECT, null=True, blank=True, related_name="overrides")
    seat = models.ForeignKey(Seat, on_delete=models.PROTECT, null=True, blank=True, related_name="overrides")
    field = models.CharField(max_length=40)
    value = models.JSONField(null=True)
    reason = models.CharField(max_length=300)
    by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    ends_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(studio=None, seat__isnull=False) | Q(studio__isnull=False, seat=None),
                name="override_of_studio_or_seat",
            ),
            models.CheckConstraint(condition=Q(ends_at__gte=F("created_at")), name="override_ends_after_start"),
            models.CheckConstraint(
                condition=Q(
                    field__in=[
                        "models",
                        "max_pixels",
                        "max_seconds",
                        "references",
                        "api",
                        "concurrency",
                        "queue_weight",
                        "daily_takes",
                    ]
                ),
                name="override_field_is_known",
            ),
        ]
        indexes = [
            models.Index(fields=["studio", "ends_at"], name="override_by_studio"),
            models.Index(fields=["seat", "ends_at"], name="override_by_seat"),
        ]

    def __str__(self) -> str:
        return f"{self.field} until {self.ends_at:%Y-%m-%d}"
