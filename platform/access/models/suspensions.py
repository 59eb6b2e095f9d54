"""Who was shut out by the lab, when and why."""

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from accounts.models import Person, Seat, Studio


class Suspension(models.Model):
    """The lab shut a studio, or one seat, from `at` until `ended_at`. One is open for each at most.

    A seat that its own studio suspends has no row here, and an owner opens it again; what has an open row here, only
    the lab opens.
    """

    class RunningWork(models.TextChoices):
        FINISH = "finish", "Let what was accepted finish"
        STOP = "stop", "Stop what runs and waits"

    studio = models.ForeignKey(Studio, on_delete=models.PROTECT, null=True, blank=True, related_name="suspensions")
    seat = models.ForeignKey(Seat, on_delete=models.PROTECT, null=True, blank=True, related_name="suspensions")
    at = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    reason = models.CharField(max_length=300)
    running_work = models.CharField(max_length=10, choices=RunningWork)
    # The seat had been suspended by its own studio: lifting this one leaves it so.
    was_shut = models.BooleanField(default=False)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    ended_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["studio"], condition=Q(ended_at=None), name="suspension_once_per_studio"),
            models.UniqueConstraint(fields=["seat"], condition=Q(ended_at=None), name="suspension_once_per_seat"),
            models.CheckConstraint(
                condition=Q(studio=None, seat__isnull=False) | Q(studio__isnull=False, seat=None),
                name="suspension_of_studio_or_seat",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="suspension_has_a_reason"),
            models.CheckConstraint(condition=Q(running_work__in=["finish", "stop"]), name="suspension_rule_is_known"),
            models.CheckConstraint(
                condition=Q(ended_at=None, ended_by=None) | Q(ended_at__gte=F("at")), name="suspension_ends_after_start"
            ),
        ]

    def __str__(self) -> str:
        return f"Suspension of {self.studio or self.seat}"
