"""The ledger of credits. Whole numbers only; every invariant that one row can state is a constraint on it."""

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from accounts.models import Studio

MEMO_LENGTH, REASON_LENGTH = 200, 300


class Account(models.Model):
    """One studio's credits: given, reserved, spent. The sums of its entries, kept so that one row decides.

    `granted` is what was granted less what lapsed, over all time; `spent` likewise never falls.
    """

    studio = models.OneToOneField(Studio, on_delete=models.PROTECT, related_name="account")
    granted = models.BigIntegerField(default=0)
    held = models.BigIntegerField(default=0)
    spent = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(granted__gte=F("held") + F("spent")), name="account_never_overspent"),
            models.CheckConstraint(condition=Q(granted__gte=0, held__gte=0, spent__gte=0), name="account_not_negative"),
        ]

    def __str__(self) -> str:
        return f"Account of {self.studio}"


class Grant(models.Model):
    """A lot of credits. Lots are burnt by priority (lowest number first), then expiry, then age.

    Each credit of `amount` is in exactly one place: remaining, held, spent or lapsed.
    """

    class Source(models.TextChoices):
        TIER = "tier", "Monthly credits"
        GOODWILL = "goodwill", "Goodwill"
        REWARD = "reward", "Reward"
        PURCHASE = "purchase", "Purchase"

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="grants")
    key = models.CharField(max_length=120, unique=True)
    fingerprint = models.CharField(max_length=64)
    source = models.CharField(max_length=20, choices=Source)
    priority = models.PositiveSmallIntegerField(default=100)
    amount = models.BigIntegerField()
    remaining = models.BigIntegerField()
    held = models.BigIntegerField(default=0)
    spent = models.BigIntegerField(default=0)
    lapsed = models.BigIntegerField(default=0)
    reason = models.CharField(max_length=REASON_LENGTH, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(amount=F("remaining") + F("held") + F("spent") + F("lapsed")), name="grant_adds_up"
            ),
            models.CheckConstraint(
                condition=Q(amount__gt=0, remaining__gte=0, held__gte=0, spent__gte=0, lapsed__gte=0),
                name="grant_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(source__in=["tier", "goodwill", "reward", "purchase"]), name="grant_source_is_known"
            ),
        ]
        indexes = [
            models.Index(
                fields=["account", "priority", "expires_at", "id"],
                condition=Q(remaining__gt=0),
                name="grant_to_burn",
            ),
            models.Index(fields=["expires_at"], condition=Q(remaining__gt=0), name="grant_to_lapse"),
        ]

    def __str__(self) -> str:
        return f"{self.amount} credits ({self.get_source_display()})"


class Hold(models.Model):
    """Credits reserved for one piece of work. It ends once: settled (the work was done) or released (it was not)."""

    class State(models.TextChoices):
        HELD = "held", "Held"
        SETTLED = "settled", "Settled"
        RELEASED = "released", "Released"

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="holds")
    key = models.CharField(max_length=120, unique=True)
    fingerprint = models.CharField(max_length=64)
    amount = models.BigIntegerField()
    settled = models.BigIntegerField(default=0, help_text="Of the amount, what was spent in the end.")
    state = models.CharField(max_length=10, choices=State, default=State.HELD)
    memo = models.CharField(max_length=MEMO_LENGTH, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)
    # Only for work that may be forgotten. Without one, a hold stands until whoever made it ends it.
    expires_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="hold_is_positive"),
            models.CheckConstraint(
                condition=Q(state="settled", settled__gte=0, settled__lte=F("amount"))
                | Q(state__in=["held", "released"], settled=0),
                name="hold_settles_within_amount",
            ),
            models.CheckConstraint(
                condition=Q(state="held", ended_at=None) | Q(state__in=["settled", "released"], ended_at__isnull=False),
                name="hold_ends_once",
            ),
        ]
        indexes = [
            models.Index(fields=["account", "id"], condition=Q(state="held"), name="hold_open"),
            models.Index(fields=["expires_at"], condition=Q(state="held"), name="hold_to_expire"),
        ]

    def __str__(self) -> str:
        return f"{self.amount} credits for {self.key}"


class HoldPart(models.Model):
    """Which lot a hold's credits came from, in the order they were taken."""

    hold = models.ForeignKey(Hold, on_delete=models.PROTECT, related_name="parts")
    grant = models.ForeignKey(Grant, on_delete=models.PROTECT, related_name="parts")
    amount = models.BigIntegerField()
    settled = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["hold", "grant"], name="hold_part_once_per_grant"),
            models.CheckConstraint(
                condition=Q(amount__gt=0, settled__gte=0, settled__lte=F("amount")), name="hold_part_within_amount"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount} of grant {self.grant_id}"


class Entry(models.Model):
    """One line of the ledger: by how much it changed each sum of the account. Written once; triggers refuse any change.

    `memo` says what it was for. It is kept for good, so it holds no personal data and no words of a prompt.
    """

    class Kind(models.TextChoices):
        GRANT = "grant", "Granted"
        HOLD = "hold", "Held"
        SETTLE = "settle", "Spent"
        RELEASE = "release", "Returned"
        LAPSE = "lapse", "Lapsed"

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="entries")
    kind = models.CharField(max_length=10, choices=Kind)
    granted = models.BigIntegerField(default=0)
    held = models.BigIntegerField(default=0)
    spent = models.BigIntegerField(default=0)
    grant = models.ForeignKey(Grant, on_delete=models.PROTECT, null=True, related_name="entries")
    hold = models.ForeignKey(Hold, on_delete=models.PROTECT, null=True, related_name="entries")
    memo = models.CharField(max_length=MEMO_LENGTH, blank=True)
    reason = models.CharField(max_length=REASON_LENGTH, blank=True)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="grant", granted__gt=0, held=0, spent=0, grant__isnull=False)
                | Q(kind="lapse", granted__lt=0, held=0, spent=0, grant__isnull=False)
                | Q(kind="hold", granted=0, held__gt=0, spent=0, hold__isnull=False)
                | Q(kind="release", granted=0, held__lt=0, spent=0, hold__isnull=False)
                | Q(kind="settle", granted=0, held=-F("spent"), spent__gt=0, hold__isnull=False),
                name="entry_is_of_one_kind",
            ),
        ]
        indexes = [models.Index(fields=["account", "-id"], name="entry_by_account")]
        verbose_name_plural = "entries"

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.amount}"

    @property
    def amount(self) -> int:
        """How many credits moved, without a sign."""
        return abs(self.granted or self.held)

    @property
    def tone(self) -> str:
        """The colour of its state on a page: go, hold, stop or cue."""
        return {"grant": "go", "hold": "hold", "settle": "cue", "release": "go", "lapse": "stop"}[self.kind]
