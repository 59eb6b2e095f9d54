"""Reads that pages and the API share. Whatever takes a seat answers only with what that seat's studio owns."""

import re
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from accounts.models import Seat, Studio
from accounts.paging import LONGEST_CURSOR, Page
from generation import queries as generation
from generation.models import Artifact
from generation.queries import Progress
from takes.models import Project, Reference, Take

PAGE = 24


@dataclass(frozen=True)
class Card:
    """A take with what `generation` knows of it: its progress while under way, its artifacts by kind once ready."""

    take: Take
    progress: Progress | None
    artifacts: dict[str, Artifact]


# --- Projects --------------------------------------------------------------------------------------------------------


def projects_for(seat: Seat, *, archived: bool = False, after: str | None = None, limit: int = PAGE) -> Page[Project]:
    """The studio's projects, the last used first. Each carries `ready` and `under_way` counts and its latest ready
    take's id as `poster_take`."""
    takes = Take.objects.filter(project=OuterRef("pk"))
    rows = Project.objects.filter(studio=seat.studio_id, archived_at__isnull=not archived)
    if position := _position(after):
        touched, pk = position
        rows = rows.filter(Q(touched_at__lt=touched) | Q(touched_at=touched, id__lt=pk))
    rows = rows.annotate(
        ready=_count(takes.filter(state=Take.State.READY)),
        under_way=_count(takes.filter(state__in=Take.UNDER_WAY)),
        poster_take=Subquery(takes.filter(state=Take.State.READY).order_by("-number").values("pk")[:1]),
    ).order_by("-touched_at", "-id")
    return _page(list(rows[: limit + 1]), limit, lambda row: f"{row.touched_at.isoformat()}~{row.pk}")


def project_for(seat: Seat, pk: uuid.UUID | str) -> Project:
    """Raises Project.DoesNotExist, also where another studio has it."""
    return Project.objects.select_related("studio").get(pk=pk, studio=seat.studio_id)


# --- Takes -----------------------------------------------------------------------------------------------------------


def takes_page(project: Project, *, after: str | None = None, limit: int = PAGE) -> Page[Take]:
    """A project's takes, the newest first."""
    rows = project.takes.select_related("seat__person", "remix_of").order_by("-number")
    if after and after.isdecimal() and len(after) < LONGEST_CURSOR:
        rows = rows.filter(number__lt=int(after))
    return _page(list(rows[: limit + 1]), limit, lambda row: str(row.number))


def take_for(seat: Seat, pk: uuid.UUID | str) -> Take:
    """Raises Take.DoesNotExist, also where another studio has it."""
    rows = Take.objects.select_related("project", "studio", "seat__person", "reference", "remix_of", "retry_of")
    return rows.get(pk=pk, studio=seat.studio_id)


def reference_for(seat: Seat, pk: uuid.UUID | str) -> Reference:
    """Raises Reference.DoesNotExist, also where another studio has it."""
    return Reference.objects.select_related("project").get(pk=pk, project__studio=seat.studio_id)


def cards(takes: Iterable[Take]) -> list[Card]:
    """Takes with their progress and artifacts: as many queries for one as for a page full."""
    takes = list(takes)
    progress = generation.progress([take.job_id for take in takes if take.is_under_way and take.job_id])
    artifacts = generation.artifacts([take.job_id for take in takes if take.state == Take.State.READY and take.job_id])
    return [
        Card(take, progress.get(take.job_id), artifacts.get(take.job_id, {})) if take.job_id else Card(take, None, {})
        for take in takes
    ]


def remixes(take: Take, limit: int = PAGE) -> QuerySet[Take]:
    """What was made from a take, the newest first."""
    return take.remixes.order_by("-created_at")[:limit]


def file_name(take: Take, artifact: Artifact) -> str:
    """What a downloaded file is called: "Tidewater take 6.mp4"."""
    name = re.sub(r"[^\w .-]", "", take.project.name).strip() or "Project"
    return f"{name} take {take.number}{PurePosixPath(artifact.file).suffix}"


# --- Limits ------------------------------------------------------------------------------------------------


def under_way(studio: Studio) -> int:
    """How many takes of a studio wait or render now. A studio never has more than its tier's concurrency."""
    return Take.objects.filter(studio=studio, state__in=Take.UNDER_WAY).count()


def days_takes(studio: Studio, now: datetime | None = None) -> int:
    """How many takes a studio sent in the last 24 hours, refused ones left out."""
    since = (now or timezone.now()) - timedelta(days=1)
    return Take.objects.filter(studio=studio, created_at__gt=since).exclude(state=Take.State.REFUSED).count()


# --- Pages -----------------------------------------------------------------------------------------------------------


def _count(takes: QuerySet[Take]) -> Subquery:
    return Subquery(takes.order_by().values("project").annotate(n=Count("pk")).values("n"))


def _position(after: str | None) -> tuple[datetime, uuid.UUID] | None:
    """Where a page of projects goes on. A cursor that is not one of ours starts at the beginning."""
    moment, _, pk = (after or "").partition("~")
    try:
        return datetime.fromisoformat(moment).astimezone(UTC), uuid.UUID(pk)
    except (ValueError, OverflowError):  # the first and last hours of the calendar have no time in UTC
        return None


def _page(rows, limit, cursor):
    return Page(rows[:limit], cursor(rows[limit - 1]) if len(rows) > limit else None)
