"""The record everything else writes to, and the personal values it only commits to."""

import uuid

from django.db import models
from django.db.models import Q


class Record(models.Model):
    """One thing that happened. Written once, in the transaction of the change; triggers refuse any change to it.

    `canonical` is RFC 8785 JSON of this shape, and the columns repeat it for look-ups (queries.flaws compares them):

        {"form": 1, "uid": "…", "at": "2026-11-25T01:46:38.123456Z", "action": "take.submitted",
         "actor": {"kind": "seat", "id": "7", "seat": 7}, "target": {"type": "takes.take", "id": "…"},
         "studio": 3, "facts": {…}, "personal": {"prompt": "64 hex digits: the commitment"}}

    Rows are named by their numbers and not by foreign keys: the record outlives what it speaks of.
    """

    class ActorKind(models.TextChoices):
        SEAT = "seat", "a seat"
        PERSON = "person", "a person"
        KEY = "key", "an API key"
        HOUSE = "house", "the house itself"

    uid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    at = models.DateTimeField()
    action = models.CharField(max_length=60)
    actor_kind = models.CharField(max_length=10, choices=ActorKind)
    actor_id = models.CharField(max_length=64)
    seat_id = models.BigIntegerField(null=True)
    studio_id = models.BigIntegerField(null=True)
    target_type = models.CharField(max_length=60)
    target_id = models.CharField(max_length=64)
    canonical = models.TextField()
    leaf_hash = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(actor_kind__in=["seat", "person", "key", "house"]), name="record_actor_kind_is_known"
            ),
            models.CheckConstraint(condition=~Q(action="") & ~Q(canonical=""), name="record_says_something"),
        ]
        indexes = [
            models.Index(fields=["studio_id", "-id"], name="record_by_studio"),
            models.Index(fields=["target_type", "target_id", "id"], name="record_by_target"),
        ]

    def __str__(self) -> str:
        return f"{self.action} by {self.actor_kind} {self.actor_id}"


class Disclosure(models.Model):
    """A personal value that a record commits to, with its salt. Erasing this row erases the value; the leaf stays.

    `subject` names whose value it is, as "app.model:id", so that one person's values can be found and erased.
    """

    record = models.ForeignKey(Record, on_delete=models.PROTECT, related_name="disclosures")
    field = models.CharField(max_length=40)
    salt = models.BinaryField()
    value = models.TextField()
    subject = models.CharField(max_length=120, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["record", "field"], name="disclosure_once_per_field")]
        indexes = [models.Index(fields=["subject"], name="disclosure_by_subject")]

    def __str__(self) -> str:
        return f"{self.field} of record {self.record_id}"
