"""A worker for tests that paints instead of rendering: what the words say, drawn by the starter model's own world.

Everything but the pixels is real: the claim, the reports, the encoded files, the outbox.
"""

from fractions import Fraction

import numpy as np
from django.db import transaction
from django.utils import timezone

from generation import codec, queue, store
from generation.models import Attempt, Job, Worker
from generation.starter import world
from generation.starter.vocabulary import parse
from takes.models import Take
from takes.tasks import read_outbox

FPS = Fraction(8)


def paint(words: str, seed: int = 1) -> np.ndarray:
    """Frames of what the words say, uint8 (frames, height, width, 3)."""
    told = {"subject": "balloon", "colour": "red", "place": "sea", "motion": "rise"} | parse(words)
    return world.render(world.Scene(**told), seed)[0]


def begin(take: Take, *, step: int = 0, preview: bytes | None = None) -> Attempt:
    """Claim the take's job and report a step of it."""
    worker = Worker.objects.create(name="painter", device="cpu", seen_at=timezone.now())
    Job.objects.filter(pk=take.job_id).update(rank=-1)
    attempt = queue.claim(worker)
    assert attempt is not None
    assert attempt.job_id == take.job_id
    if step:
        queue.report(attempt, step, preview)
    read_outbox()
    take.refresh_from_db()
    return attempt


def finish(attempt: Attempt, frames: np.ndarray, *, scale: int = 6) -> None:
    """End the render with a clip (or a picture), a poster and a sprite sheet."""
    queue.succeed(attempt, store.store(attempt, codec.encode(frames, fps=FPS, scale=scale)), 1.0)
    read_outbox()


def fail(take: Take, code: str = "storage_full", message: str = "There is no room left to store the clip.") -> None:
    queue.fail(begin(take), code, message, retry=False)
    read_outbox()


def under_way(take: Take) -> Attempt:
    """The attempt that `begin` began, perhaps in another process."""
    return Attempt.objects.select_related("job").get(job_id=take.job_id, ended_at=None)


@transaction.atomic
def project(take: Take, frames: np.ndarray | None = None) -> Take:
    """Bring a take that waits to its end. In one transaction, so that a real worker of the same house never sees the
    job waiting."""
    finish(begin(take), paint(take.prompt, take.spec["seed"]) if frames is None else frames)
    take.refresh_from_db()
    return take
