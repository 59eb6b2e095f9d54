"""Reads: how far jobs are, what is ahead of them, which workers live, what the outbox holds."""

import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import F
from django.utils import timezone

from generation import actions, catalogue
from generation.catalogue import Spec
from generation.models import ENDED, Artifact, Event, Job, JobState, Worker

HORIZON = 500  # jobs ahead are counted up to here
RECENT = 60  # finished jobs from which render times are learnt


@dataclass(frozen=True)
class Progress:
    """`ahead`: jobs in front of a waiting one (HORIZON means so many or more); None once it runs.

    `seconds_left` is None where it cannot be known: no worker lives, or the model was never rendered here.
    `preview` is a small JPEG while there is one.
    """

    state: str
    step: int
    steps: int
    percent: int
    ahead: int | None
    seconds_left: float | None
    preview: bytes | None
    error_code: str = ""
    error_message: str = ""


@dataclass(frozen=True)
class Forecast:
    """What would become of a job enqueued now."""

    ahead: int
    seconds: float | None


@dataclass(frozen=True)
class Depth:
    queued: int
    running: int
    workers: int


def unhandled_events(limit: int = 100) -> list[Event]:
    """The outbox, oldest first, each with its job."""
    unhandled = Event.objects.filter(handled_at__isnull=True).order_by("id").select_related("job").defer("job__preview")
    return list(unhandled[:limit])


def oldest_unhandled_event() -> datetime | None:
    """When what waits longest in the outbox happened; None when nothing waits."""
    return Event.objects.filter(handled_at__isnull=True).order_by("id").values_list("created_at", flat=True).first()


def progress(job_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, Progress]:
    """How far each job is. At most four queries, however many jobs are asked for; unknown ids are left out."""
    jobs = list(Job.objects.filter(pk__in=list(job_ids)))
    if all(job.state in ENDED for job in jobs):
        return {job.pk: _progress(job, None, None) for job in jobs}
    speed, times = len(live_workers()), RenderTimes.recent()
    queue = Queue.now(times, up_to=max((job.rank for job in jobs if job.state == JobState.QUEUED), default=None))
    found = {}
    for job in jobs:
        if job.state == JobState.QUEUED:
            ahead, before = queue.ahead_of(job.pk)
            found[job.pk] = _progress(job, ahead, _seconds(times.of(job.model, job.work), before, speed))
        else:
            found[job.pk] = _progress(job, None, times.left(job) if speed and job.state == JobState.RUNNING else None)
    return found


def forecast(spec: Spec, *, lane: str, weight: int = 1, estimate: int = 1) -> Forecast:
    """Where a job would stand and how long it would take until its clip is there, were it enqueued now."""
    times = RenderTimes.recent()
    rank = actions.next_rank(lane=lane, weight=weight, estimate=estimate)
    queue = Queue.now(times, up_to=rank)
    return Forecast(len(queue.waiting), _seconds(times.of(spec.model, spec.work), queue.seconds(), len(live_workers())))


def workers() -> list[Worker]:
    """Those that live, and those that stopped within the last day; the living first."""
    yesterday = timezone.now() - timedelta(days=1)
    return sorted(Worker.objects.filter(seen_at__gt=yesterday), key=lambda one: (one.stopped_at is not None, one.name))


def live_workers() -> list[Worker]:
    """Those heard from within the length of a lease."""
    return list(Worker.objects.filter(stopped_at__isnull=True, seen_at__gt=_silence()))


def queue_depth() -> Depth:
    """Counts for the operator. Counting a long queue takes a while: not for every page."""
    return Depth(
        queued=Job.objects.filter(state=JobState.QUEUED).count(),
        running=Job.objects.filter(state=JobState.RUNNING).count(),
        workers=len(live_workers()),
    )


def artifacts(job_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, dict[str, Artifact]]:
    """The files of each job by kind ("clip", "poster", "sprite"), in one query; jobs without any are left out."""
    found: dict[uuid.UUID, dict[str, Artifact]] = {}
    for artifact in Artifact.objects.filter(job_id__in=job_ids):
        found.setdefault(artifact.job_id, {})[artifact.kind] = artifact
    return found


@dataclass(frozen=True)
class RenderTimes:
    """Seconds for each unit of work, by model, learnt from what was rendered last; else the catalogue's estimate."""

    rates: dict[str, float]
    now: datetime

    @classmethod
    def recent(cls) -> "RenderTimes":
        rows = (
            Job.objects.filter(state=JobState.SUCCEEDED, tries__outcome="succeeded")
            .order_by("-finished_at")
            .annotate(seconds=F("tries__ended_at") - F("tries__started_at"))
            .values_list("model", "work", "seconds")[:RECENT]
        )
        seconds: dict[str, float] = {}
        work: dict[str, int] = {}
        for model, amount, took in rows:
            seconds[model] = seconds.get(model, 0.0) + took.total_seconds()
            work[model] = work.get(model, 0) + amount
        return cls({model: seconds[model] / work[model] for model in work}, timezone.now())

    def of(self, model: str, work: int) -> float | None:
        if model in self.rates:
            return self.rates[model] * work
        entry = catalogue.entries().get(model)
        if entry is None or entry.seconds_per_step is None:
            return None
        size, frames = entry.sizes[0], entry.lengths[0]
        return entry.seconds_per_step * work / (size.width * size.height * frames)

    def left(self, job: Job) -> float | None:
        """For a running job: the share of its expected time that its steps leave."""
        expected = self.of(job.model, job.work)
        return None if expected is None else expected * (job.steps - job.step) / job.steps


@dataclass(frozen=True)
class Queue:
    """What is rendered before a given rank: seconds left of each running job, and (id, seconds) of each waiting one."""

    running: list[float]
    waiting: list[tuple[uuid.UUID, float]]

    @classmethod
    def now(cls, times: RenderTimes, up_to: int | None) -> "Queue":
        if up_to is None:
            return cls([], [])
        running = Job.objects.filter(state=JobState.RUNNING).only("model", "work", "step", "steps")[:HORIZON]
        waiting = (
            Job.objects.filter(state=JobState.QUEUED, rank__lte=up_to)
            .order_by("rank", "created_at")
            .values_list("pk", "model", "work")[:HORIZON]
        )
        return cls(
            [times.left(job) or 0.0 for job in running],
            [(pk, times.of(model, work) or 0.0) for pk, model, work in waiting],
        )

    def seconds(self, jobs: int | None = None) -> float:
        """Of one worker's work, for what runs and the first `jobs` that wait."""
        return sum(self.running) + sum(seconds for _, seconds in self.waiting[:jobs])

    def ahead_of(self, job_id: uuid.UUID) -> tuple[int, float]:
        ahead = next((place for place, (pk, _) in enumerate(self.waiting) if pk == job_id), len(self.waiting))
        return ahead, self.seconds(ahead)


def _seconds(own: float | None, before: float, workers: int) -> float | None:
    return None if own is None or not workers else own + before / workers


def _progress(job: Job, ahead: int | None, seconds_left: float | None) -> Progress:
    preview = bytes(job.preview) if job.preview else None
    return Progress(
        job.state, job.step, job.steps, job.progress, ahead, seconds_left, preview, job.error_code, job.error_message
    )


def _silence() -> datetime:
    return timezone.now() - timedelta(seconds=settings.RENDER_LEASE)


@dataclass(frozen=True)
class Demand:
    """How a model was used and rendered lately. `seconds` of each render; `lanes` that sent them; `hours` they span."""

    seconds: tuple[float, ...]
    lanes: int
    hours: float


def demand(model: str, *, reach: timedelta = timedelta(days=1), most: int = 2000) -> Demand:
    """Of a model, or of every one for "", from at most the `most` renders that ended last within `reach`."""
    now = timezone.now()
    rows = list(
        Job.objects.filter(state=JobState.SUCCEEDED, finished_at__gt=now - reach, tries__outcome="succeeded")
        .order_by("-finished_at")
        .annotate(seconds=F("tries__ended_at") - F("tries__started_at"))
        .values_list("model", "lane_id", "seconds", "finished_at")[:most]
    )
    oldest = rows[-1][3] if len(rows) == most else None
    span = now - oldest if oldest else reach
    mine = [row for row in rows if model in ("", row[0])]
    return Demand(
        tuple(row[2].total_seconds() for row in mine), len({row[1] for row in mine}), span.total_seconds() / 3600
    )
