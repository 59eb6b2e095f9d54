"""What others may ask of the render queue. What workers ask of it is in queue.py, offered here by name as well.

Each verb may be called inside the caller's transaction: a job exists when, and only when, the caller's own rows do.
"""

import hashlib
import json
import uuid
from collections.abc import Iterable

from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django.utils import timezone

from generation import catalogue, order, wake
from generation.catalogue import Spec
from generation.errors import InvalidSpec, KeyConflict
from generation.models import MAX_ATTEMPTS, UNFINISHED, Event, Job, JobState, Lane
from generation.queue import beat, claim, end_waiting, fail, report, succeed, sweep

__all__ = ["beat", "cancel", "claim", "enqueue", "fail", "mark_handled", "report", "succeed", "sweep"]


@transaction.atomic
def enqueue(
    *, key: str, spec: Spec, lane: str, weight: int = 1, estimate: int = 1, max_attempts: int = MAX_ATTEMPTS
) -> Job:
    """Put a render into the queue, in fair order.

    `key` makes it safe to ask again: the same key and spec give the first job. `lane` is whose turn it is (a studio),
    `weight` (1-1000) its share beside other lanes, `estimate` what the job costs in whole units that are the same for
    every lane. Raises InvalidSpec, or KeyConflict when the key stands for another spec.
    """
    fingerprint = fingerprint_of(spec)
    first = Job.objects.filter(key=key).first()
    if first is None:
        problems = catalogue.check(spec)
        if problems:
            raise InvalidSpec(problems)
        # One at a time within a lane: two jobs must not both be placed behind the same last one.
        Lane.objects.get_or_create(name=lane)
        Lane.objects.select_for_update().get(name=lane)
        try:
            with transaction.atomic():
                job = Job.objects.create(
                    key=key,
                    fingerprint=fingerprint,
                    spec=spec.to_json(),
                    model=spec.model,
                    work=spec.work,
                    steps=spec.steps,
                    lane_id=lane,
                    weight=weight,
                    rank=next_rank(lane=lane, weight=weight, estimate=estimate),
                    max_attempts=max_attempts,
                )
            wake.on_commit()
            return job
        except IntegrityError:
            first = Job.objects.filter(key=key).first()
            if first is None:
                raise
    if first.fingerprint != fingerprint:
        raise KeyConflict(key)
    return first


@transaction.atomic
def cancel(job_id: uuid.UUID) -> Job:
    """Ask for a job to end: at once if it waits, within one denoising step if it runs; what has ended stays as it is.

    Raises Job.DoesNotExist.
    """
    # Locked, so that it cannot go from running back to waiting between the two cases.
    job = Job.objects.select_for_update().get(pk=job_id)
    if job.state == JobState.QUEUED:
        end_waiting(job)
    elif job.state == JobState.RUNNING and job.cancel_requested_at is None:
        Job.objects.filter(pk=job_id).update(cancel_requested_at=Now())
    job.refresh_from_db()
    return job


def mark_handled(event_ids: Iterable[int]) -> int:
    """Take events out of the outbox, in the transaction that acts on them. Returns how many were still in it."""
    return Event.objects.filter(pk__in=list(event_ids), handled_at__isnull=True).update(handled_at=timezone.now())


def fingerprint_of(spec: Spec) -> str:
    """sha256 of the spec's canonical JSON, in hex."""
    return hashlib.sha256(json.dumps(spec.to_json(), sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def next_rank(*, lane: str, weight: int, estimate: int) -> int:
    """The rank a job of this lane would get now: two look-ups at the ends of two indexes."""
    begun = Job.objects.filter(attempts__gt=0).order_by("-rank").values_list("rank", flat=True).first()
    last = Job.objects.filter(lane_id=lane, state__in=UNFINISHED).order_by("-rank").values_list("rank", flat=True)
    return order.rank(reached=begun or 0, last=last.first(), estimate=estimate, weight=weight)
