"""Where the files of a render go, and how those that nobody owns are taken away.

An attempt stores under a folder of its own before its job ends. The rows that point there are written by the job's
end; if that never comes, the files belong to nobody, and their names are known without listing the storage.
"""

import contextlib
import errno
import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone

from generation.errors import StorageFull
from generation.models import Artifact, Attempt

if TYPE_CHECKING:  # the clock comes by here too, and needs no codec
    from generation.codec import File

log = logging.getLogger(__name__)

# Every name that codec.py gives to a file.
NAMES = ("clip.mp4", "clip.png", "poster.jpg", "sprite.jpg")
# A worker that was only slow may still be storing for a lost attempt; it clears up itself when it learns of that.
GRACE = timedelta(hours=1)
FULL = (errno.ENOSPC, errno.EDQUOT)


def store(attempt: Attempt, files: "list[File]") -> list[Artifact]:
    """Store a render's files; the artifacts are not saved yet.

    All or nothing: raises StorageFull, or what the storage raised, with none of them left.
    """
    try:
        return [
            file.artifact(attempt.job_id, default_storage.save(f"{attempt.folder}/{file.name}", ContentFile(file.data)))
            for file in files
        ]
    except BaseException as error:
        clear(attempt)
        if isinstance(error, OSError) and error.errno in FULL:
            raise StorageFull(
                "There is no room left to store the clip. An operator must make room; then send it again."
            ) from error
        raise


def clear(attempt: Attempt) -> None:
    """Take away whatever this attempt stored. A storage that cannot be reached is left to `clear_orphans`."""
    try:
        for name in NAMES:
            default_storage.delete(f"{attempt.folder}/{name}")
        # Storages without folders ignore this; a folder that is not empty stays.
        for folder in (attempt.folder, f"jobs/{attempt.job_id}"):
            with contextlib.suppress(OSError, ValueError):
                default_storage.delete(folder)
    except Exception as error:
        log.warning("Files under %s could not be deleted: %s: %s", attempt.folder, type(error).__name__, error)


def clear_orphans(limit: int = 500) -> int:
    """Take away what attempts left that ended without a clip, a while after their end. Returns how many attempts."""
    ended = Attempt.objects.filter(ended_at__lt=timezone.now() - GRACE, cleared_at__isnull=True)
    attempts = list(ended.exclude(outcome=Attempt.Outcome.SUCCEEDED).order_by("ended_at")[:limit])
    for attempt in attempts:
        clear(attempt)
    return Attempt.objects.filter(pk__in=[attempt.pk for attempt in attempts]).update(cleared_at=timezone.now())
