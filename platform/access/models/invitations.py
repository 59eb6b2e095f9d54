"""How people come in."""

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from access.models.tiers import Tier
from accounts.models import Person, Seat, Studio

MOST_USES = 10_000


class Invitation(models.Model):
    """A way in. The code is shown, or mailed, once and never kept: only its SHA-256 is.

    It is bound to an address (`email`), to a domain (`domain`: whoever reads mail there), or to nobody. One that is not
    bound to an address is a *link*: it may be used by several, and because it reached nobody's mailbox, whoever comes
    by it is sent a personal invitation of their own, whose `link` it is. Both are counted when that one is accepted.

    With `studio`, the person joins it; with `studio_name`, accepting founds a studio of that name, standing in `tier`;
    with `founder_names`, whoever accepts names it. `duties` is a list of accounts.Duty.Kind values.
    """

    code_hash = models.CharField(max_length=64, unique=True)
    codes = models.PositiveSmallIntegerField(default=1)  # how many it has had; only the newest opens
    key = models.CharField(max_length=120, unique=True, null=True, blank=True)
    link = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="personal")
    email = models.EmailField(blank=True)  # lower case
    domain = models.CharField(max_length=253, blank=True)  # lower case, without the @
    name = models.CharField(max_length=120, blank=True)
    note = models.CharField(max_length=1000, blank=True)  # a few words of whoever invites, for the letter
    studio = models.ForeignKey(Studio, on_delete=models.PROTECT, null=True, blank=True, related_name="invitations")
    studio_name = models.CharField(max_length=120, blank=True)
    founder_names = models.BooleanField(default=False)
    tier = models.ForeignKey(Tier, on_delete=models.PROTECT, related_name="+")
    role = models.CharField(max_length=10, choices=Seat.Role)
    duties = models.JSONField(default=list)
    uses_allowed = models.PositiveSmallIntegerField(default=1)
    uses = models.PositiveSmallIntegerField(default=0)
    of_allowance = models.BooleanField(default=False)  # counts against what its seat may bring in
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    invited_by_seat = models.ForeignKey(
        Seat, on_delete=models.PROTECT, null=True, blank=True, related_name="invitations_made"
    )  # null: the lab
    expires_at = models.DateTimeField()
    reminded_at = models.DateTimeField(null=True, blank=True)
    accepted_at = models.DateTimeField(null=True, blank=True)  # of one that is bound to an address
    accepted_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(studio=None, founder_names=False) & ~Q(studio_name="")
                | Q(studio__isnull=False, studio_name="", founder_names=False)
                | Q(studio=None, studio_name="", founder_names=True),
                name="invitation_to_one_studio",
            ),
            models.CheckConstraint(
                condition=Q(studio__isnull=False) | Q(role="owner"), name="invitation_founder_is_owner"
            ),
            models.CheckConstraint(
                condition=Q(accepted_at=None, accepted_by=None)
                | Q(accepted_at__isnull=False, accepted_by__isnull=False, revoked_at=None),
                name="invitation_ends_one_way",
            ),
            models.CheckConstraint(
                condition=Q(role__in=["owner", "producer", "artist", "guest"]), name="invitation_role_is_known"
            ),
            models.CheckConstraint(condition=Q(email="") | Q(domain=""), name="invitation_bound_to_one_thing"),
            models.CheckConstraint(
                condition=Q(uses__gte=0, uses__lte=F("uses_allowed"), uses_allowed__gte=1, uses_allowed__lte=MOST_USES),
                name="invitation_uses_within_limit",
            ),
            models.CheckConstraint(
                condition=Q(uses_allowed=1) | Q(email="", studio_name=""), name="invitation_many_use_is_a_link"
            ),
            models.CheckConstraint(condition=~Q(email="") | Q(duties=[]), name="invitation_duties_need_an_address"),
            models.CheckConstraint(condition=Q(link=None) | ~Q(email=""), name="invitation_by_link_is_personal"),
            models.CheckConstraint(
                condition=Q(of_allowance=False) | Q(invited_by_seat__isnull=False),
                name="invitation_allowance_has_seat",
            ),
        ]
        indexes = [
            models.Index(fields=["email"], name="invitation_by_email"),
            models.Index(fields=["invited_by_seat", "-created_at"], name="invitation_by_seat"),
            models.Index(
                fields=["expires_at"],
                condition=Q(accepted_at=None, revoked_at=None, reminded_at=None),
                name="invitation_to_remind",
            ),
        ]

    def __str__(self) -> str:
        return f"Invitation to {self.studio or self.studio_name or 'found a studio'}"

    @property
    def is_link(self) -> bool:
        return not self.email

    @property
    def bound_to(self) -> str:
        """ "ines@lantern.example", "@lantern.example", or "anybody"."""
        return self.email or (f"@{self.domain}" if self.domain else "anybody")

    @property
    def state(self) -> str:
        """used, revoked, expired or open. One that came by a link ends with it; have `link` joined."""
        if self.uses >= self.uses_allowed:
            return "used"
        if self.revoked_at is not None or (self.link is not None and self.link.revoked_at is not None):
            return "revoked"
        if self.expires_at <= timezone.now():
            return "expired"
        return "full" if self.link is not None and self.link.uses >= self.link.uses_allowed else "open"

    def fits(self, email: str) -> bool:
        """Whether somebody of this address may accept it."""
        email = email.strip().lower()
        if self.email:
            return email == self.email
        return not self.domain or email.rpartition("@")[2] == self.domain


class InvitationUse(models.Model):
    """Somebody came in: by which invitation (the link, where there was one), and to which seat."""

    invitation = models.ForeignKey(Invitation, on_delete=models.PROTECT, related_name="acceptances")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    seat = models.OneToOneField(Seat, on_delete=models.PROTECT, related_name="came_by")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["invitation", "person"], name="invitation_used_once_per_person"),
        ]

    def __str__(self) -> str:
        return f"{self.person} by {self.invitation}"


class ImportBatch(models.Model):
    """A list of people to invite, as it was read: shown first, sent when somebody says so, and then forgotten."""

    made_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField(default=timezone.now)
    note = models.CharField(max_length=1000, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(done_at=None) | Q(sent_at__isnull=False), name="import_batch_is_sent_before_done"
            ),
        ]
        indexes = [
            models.Index(
                fields=["sent_at"], condition=Q(sent_at__isnull=False, done_at=None), name="import_batch_to_send"
            ),
        ]

    def __str__(self) -> str:
        return f"List of {self.made_at:%d %B %Y}"


class ImportRow(models.Model):
    """One line of a list: whom it means, or what is wrong with it (`problems`, sentences)."""

    batch = models.ForeignKey(ImportBatch, on_delete=models.CASCADE, related_name="rows")
    line = models.PositiveIntegerField()
    email = models.CharField(max_length=254, blank=True)
    name = models.CharField(max_length=120, blank=True)
    studio = models.ForeignKey(Studio, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    studio_name = models.CharField(max_length=120, blank=True)
    tier = models.ForeignKey(Tier, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    role = models.CharField(max_length=10, blank=True)
    days = models.PositiveSmallIntegerField(default=14)
    problems = models.JSONField(default=list)
    is_good = models.BooleanField()
    invitation = models.OneToOneField(Invitation, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    failed = models.CharField(max_length=300, blank=True)  # why it could not be sent after all

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["batch", "line"], name="import_row_once_per_line"),
            models.CheckConstraint(condition=Q(is_good=False) | Q(tier__isnull=False), name="import_row_good_has_tier"),
            models.CheckConstraint(
                condition=Q(invitation=None) | Q(is_good=True, failed=""), name="import_row_sent_was_good"
            ),
        ]

    def __str__(self) -> str:
        return f"Line {self.line}"
