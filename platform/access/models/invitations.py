"""How people come in."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from access.models.tiers import Tier
from accounts.models import Person, Seat, Studio


class Invitation(models.Model):
    """A way in for one address, once. The code is shown to whoever invites and never kept: only its SHA-256 is.

    With `studio`, the person joins it; with `studio_name`, accepting founds a studio of that name, standing in `tier`.
    `duties` is a list of accounts.Duty.Kind values.
    """

    code_hash = models.CharField(max_length=64, unique=True)
    email = models.EmailField()
    name = models.CharField(max_length=120, blank=True)
    studio = models.ForeignKey(Studio, on_delete=models.PROTECT, null=True, blank=True, related_name="invitations")
    studio_name = models.CharField(max_length=120, blank=True)
    tier = models.ForeignKey(Tier, on_delete=models.PROTECT, related_name="+")
    role = models.CharField(max_length=10, choices=Seat.Role)
    duties = models.JSONField(default=list)
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    accepted_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(studio=None) & ~Q(studio_name="") | Q(studio__isnull=False, studio_name=""),
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
        ]
        indexes = [models.Index(fields=["email"], name="invitation_by_email")]

    def __str__(self) -> str:
        return f"Invitation to {self.studio or self.studio_name}"
