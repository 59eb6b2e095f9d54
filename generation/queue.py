"""The queue as its workers see it: claim, beat, report, and the ways in which an attempt ends.

Every write names the attempt's token. Once a job was taken from a worker (its lease ran out, and a sweep saw it), that
token is gone from the job, and whatever the worker still tries raises LeaseLost and leaves no trace.
"""

import logging
import uuid
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, QuerySet
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce, Now
from django.utils import timezone

from generation import wake
from generation.errors import Cancelled, LeaseLost
from generation.models import Artifact, Attempt, Event, Job, JobState, Worker

log = logging.getLogger(__name__)


def claim(worker: Worker) -> Attempt | None:
    """Take the job whose turn it is; None when nothing waits.

    1. Look without a lock: an idle worker must not take SQLite's only write lock several times a second.
    2. Pick the lowest rank (PostgreSQL skips the rows that others are taking at this moment).
    3. Mark it with a new token. If no row changed, somebody was faster: look again.
    """
    waiting = Job.objects.filter(state=JobState.QUEUED).order_by("rank", "created_at")
    while waiting.exists():
        with transaction.atomic():
            pk = _unlocked(waiting).values_list("pk", flat=True).first()
            if pk is None:
                return None
            token = uuid.uuid4()
            taken = Job.objects.filter(pk=pk, state=JobState.QUEUED).update(
                state=JobState.RUNNING,
                worker=worker,
                fence=token,
                lease_expires_at=_lease(),
                attempts=F("attempts") + 1,
                started_at=Coalesce("started_at", Now()),
            )
            if taken:
                return _open_attempt(pk, token, worker)
    return None


def beat(attempt: Attempt) -> None:
    """Say that the worker lives. Raises LeaseLost, or Cancelled when somebody asked for that."""
    _write(attempt, lease_expires_at=_lease())


def report(attempt: Attempt, step: int, preview: bytes | None = None) -> None:
    """Say how far the render is, which is a beat too; `preview` is a small JPEG. Raises LeaseLost or Cancelled."""
    _write(attempt, lease_expires_at=_lease(), step=step, **({"preview": preview} if preview else {}))


def look(attempt: Attempt) -> None:
    """Only ask whether to go on; cheaper than a report. Raises LeaseLost or Cancelled."""
    held = _held(attempt).values_list("cancel_requested_at").first()
    if held is None:
        raise LeaseLost
    if held[0] is not None:
        raise Cancelled


def succeed(attempt: Attempt, artifacts: Iterable[Artifact], seconds: float) -> None:
    """End the job with its files. `seconds` is what the render took.

    Raises LeaseLost, or Cancelled: what was cancelled before this moment is never delivered.
    """
    with transaction.atomic():
        _write(attempt, **_resting(JobState.SUCCEEDED), step=F("steps"))
        Artifact.objects.bulk_create(artifacts)
        _close(attempt, Attempt.Outcome.SUCCEEDED)
        _tell(attempt.job_id, Event.Kind.SUCCEEDED, {"seconds": round(seconds, 3), "attempts": attempt.number})


def fail(attempt: Attempt, code: str, message: str, *, retry: bool) -> None:
    """End the attempt without a clip; the job goes back into the queue if another may help and is left.

    Raises LeaseLost.
    """
    with transaction.atomic():
        _leave(attempt, Attempt.Outcome.FAILED, code, message, retry=retry)


def confirm_cancelled(attempt: Attempt) -> None:
    """End the job as cancelled, as was asked. Raises LeaseLost."""
    with transaction.atomic():
        _leave(attempt, Attempt.Outcome.CANCELLED)


def give_back(attempt: Attempt) -> None:
    """Put the job back, because this worker must stop now; the attempt is not counted. Raises LeaseLost."""
    with transaction.atomic():
        _held(attempt).update(max_attempts=F("max_attempts") + 1)
        _leave(attempt, Attempt.Outcome.RETURNED, retry=True)


def sweep() -> int:
    """Take jobs from workers that fell silent: back into the queue, or failed when no attempt is left.

    Returns how many were taken. Any number of processes may sweep at once.
    """
    expired = Job.objects.filter(state=JobState.RUNNING, lease_expires_at__lt=Now())
    swept = 0
    for pk in list(expired.values_list("pk", flat=True)[:500]):
        with transaction.atomic():
            fence = _unlocked(expired.filter(pk=pk)).values_list("fence", flat=True).first()
            if fence is None:
                continue
            attempt = Attempt.objects.get(token=fence)
            message = f"The machine that rendered this stopped answering, {attempt.number} times. Send it again."
            _leave(attempt, Attempt.Outcome.LOST, "worker_lost", message, retry=True)
            swept += 1
            log.warning("Job %s was taken from a silent worker; that was attempt %s.", pk, attempt.number)
    silent = timezone.now() - timedelta(seconds=3 * settings.RENDER_LEASE)
    Worker.objects.filter(stopped_at__isnull=True, seen_at__lt=silent).update(
        state=Worker.State.STOPPED, stopped_at=timezone.now()
    )
    return swept


def end_waiting(job: Job) -> None:
    """Cancel a job that waits in the queue. The caller holds its row."""
    Job.objects.filter(pk=job.pk).update(**_resting(JobState.CANCELLED), cancel_requested_at=Now())
    _tell(job.pk, Event.Kind.CANCELLED, {})


def _held(attempt: Attempt) -> QuerySet[Job]:
    """The attempt's job, as long as it is still this attempt's."""
    return Job.objects.filter(pk=attempt.job_id, fence=attempt.token)


def _write(attempt: Attempt, **changes: object) -> None:
    if not _held(attempt).filter(cancel_requested_at__isnull=True).update(**changes):
        look(attempt)
        raise LeaseLost  # the row came and went between the two statements


def _unlocked(jobs: QuerySet[Job]) -> QuerySet[Job]:
    """Lock what is read, passing over what others have locked. SQLite locks the whole database when writing begins."""
    return jobs.select_for_update(skip_locked=True) if connection.features.has_select_for_update_skip_locked else jobs


def _lease() -> Combinable:
    """On the database's clock, so that the clocks of machines need not agree."""
    return Now() + timedelta(seconds=settings.RENDER_LEASE)


def _open_attempt(pk: uuid.UUID, token: uuid.UUID, worker: Worker) -> Attempt:
    job = Job.objects.get(pk=pk)
    attempt = Attempt.objects.create(
        job=job, number=job.attempts, worker=worker, token=token, started_at=timezone.now()
    )
    if attempt.number == 1:
        _tell(pk, Event.Kind.STARTED, {"worker": worker.name})
    return attempt


def _resting(state: JobState) -> dict[str, Any]:
    """What a job's row holds when no worker has it."""
    ended_at = None if state == JobState.QUEUED else Now()
    nobody = {"worker": None, "fence": None, "lease_expires_at": None, "preview": None}
    return nobody | {"state": state, "finished_at": ended_at}


def _leave(attempt: Attempt, outcome: str, code: str = "", message: str = "", *, retry: bool = False) -> None:
    """Let go of the job without a clip: cancelled if that was asked for, else queued again if it may, else failed."""
    held = _held(attempt)
    row = held.select_for_update().values_list("cancel_requested_at", "attempts", "max_attempts").first()
    if row is None:
        raise LeaseLost
    cancel_requested, attempts, max_attempts = row
    if cancel_requested:
        held.update(**_resting(JobState.CANCELLED))
        _tell(attempt.job_id, Event.Kind.CANCELLED, {})
    elif retry and attempts < max_attempts:
        held.update(**_resting(JobState.QUEUED), step=0)
        wake.on_commit()
    else:
        held.update(**_resting(JobState.FAILED), error_code=code, error_message=message)
        _tell(attempt.job_id, Event.Kind.FAILED, {"code": code, "message": message})
    _close(attempt, outcome, code, message)


def _close(attempt: Attempt, outcome: str, code: str = "", message: str = "") -> None:
    Attempt.objects.filter(pk=attempt.pk).update(
        ended_at=timezone.now(), outcome=outcome, error_code=code, error_message=message
    )


def _tell(job_id: uuid.UUID, kind: str, payload: dict[str, Any]) -> None:
    Event.objects.create(job_id=job_id, kind=kind, payload=payload)
