"""The worker: take a job, render it, store it, say so; again.

One process, one job at a time, one model kept warm. It can be killed at any moment: its lease runs out and another
worker takes the job. It must never be forked once torch is loaded.
"""

import logging
import os
import socket
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.utils import timezone

from generation import catalogue, codec, queue, store
from generation.catalogue import Spec
from generation.engine import Engine
from generation.errors import Cancelled, GivenBack, LeaseLost, RenderFailed, SpecRefused, UnknownModel
from generation.models import Attempt, Worker
from generation.wake import Listener

log = logging.getLogger(__name__)

FIRST_PAUSE, LONGEST_PAUSE = 0.25, 1.0  # seconds between looks at an empty queue
PAUSE_WITH_BROKER = 2.0
REPORT_EVERY = 0.25  # seconds between reports of steps
LOOK_EVERY = 0.1  # seconds between looks at whether to go on, where a step is shorter


class RenderWorker:
    """`stop()` lets the job at hand finish; a second `stop()` gives it back at the next step."""

    def __init__(self, *, name: str = "", device: str = "auto") -> None:
        self.engine = Engine(device)
        self.row = Worker(name=name or f"{socket.gethostname()}:{os.getpid()}", device=self.engine.device)
        self.awake = threading.Event()
        self.leaving = self.at_once = False
        self._pause = FIRST_PAUSE
        self._swept_at = 0.0

    def run(self) -> None:
        """Work until told to stop."""
        self._enter(Worker.State.STARTING)
        listener = Listener(self.awake)
        try:
            self._warm_up()
            while not self.leaving:
                if self.work_once():
                    self._pause = FIRST_PAUSE
                else:
                    self._rest(PAUSE_WITH_BROKER if listener.connected else self._pause)
        finally:
            listener.close()
            self._leave()

    def run_until_empty(self) -> int:
        """Work until nothing waits. Returns how many attempts that took."""
        self._enter(Worker.State.IDLE)
        worked = 0
        try:
            queue.sweep()
            while not self.leaving and self.work_once():
                worked += 1
        finally:
            self._leave()
        return worked

    def stop(self) -> None:
        self.at_once = self.leaving
        self.leaving = True
        self.awake.set()

    def work_once(self) -> bool:
        """Take one job, if one waits, and bring this attempt to its end. Nothing that befalls a job ends the worker."""
        attempt = None
        try:
            attempt = queue.claim(self.row)
            if attempt is not None:
                self._attend(attempt)
        except LeaseLost:
            log.warning("Job %s was taken from this worker; what it rendered is dropped.", attempt and attempt.job_id)
        except (DatabaseError, InterfaceError):
            # Whatever could not be written is settled by the lease running out.
            log.exception("The database did not answer; looking again in a moment.")
            connection.close()
            return False
        return attempt is not None

    def _attend(self, attempt: Attempt) -> None:
        try:
            with Heart(attempt, self.row) as heart:
                self._render(attempt, heart)
        except Cancelled:
            queue.confirm_cancelled(attempt)
        except GivenBack:
            queue.give_back(attempt)
        except RenderFailed as failure:
            log.error("Job %s: %s: %s", attempt.job_id, failure.code, failure)
            queue.fail(attempt, failure.code, str(failure), retry=failure.retry)
        except (LeaseLost, DatabaseError, InterfaceError):
            raise
        except Exception as error:
            log.exception("Job %s failed in a way nobody foresaw.", attempt.job_id)
            message = f"The render broke off ({type(error).__name__}). It was tried {attempt.number} times."
            queue.fail(attempt, RenderFailed.code, message, retry=True)

    def _render(self, attempt: Attempt, heart: "Heart") -> None:
        began = time.monotonic()
        spec = Spec.from_json(attempt.job.spec)
        entry = _entry_for(spec)
        self._be(Worker.State.BUSY, entry.id)

        reported_at = looked_at = 0.0

        def on_step(step: int, preview: bytes | None) -> None:
            nonlocal reported_at, looked_at
            if self.at_once:
                raise GivenBack
            heart.check()
            now = time.monotonic()
            if preview or step == spec.steps or now - reported_at >= REPORT_EVERY:
                queue.report(attempt, step, preview)
                reported_at = looked_at = now
            elif now - looked_at >= LOOK_EVERY:
                queue.look(attempt)
                looked_at = now

        frames = self.engine.render(entry, spec, on_step)
        files = codec.encode(frames, fps=entry.fps, scale=entry.deliver_scale)
        heart.check()
        artifacts = store.store(attempt, files)
        try:
            queue.succeed(attempt, artifacts, time.monotonic() - began)
        except (LeaseLost, Cancelled):
            store.clear(attempt)
            raise
        # Any other failure may have come after the commit: the files stay, and clear_orphans decides by the rows.

    def _warm_up(self) -> None:
        """Load the first model that is there and render one step of it, so that nobody waits for it later."""
        entry = next((entry for entry in catalogue.entries().values() if catalogue.available(entry)), None)
        if entry is None:
            log.warning("No model of the catalogue lies on this machine; jobs will fail until one does.")
            return
        size, frames = entry.sizes[0], entry.lengths[0]
        spec = Spec(entry.id, entry.revision, "a", size.width, size.height, frames, 1, entry.guidance, seed=0)
        try:
            self.engine.render(entry, spec, lambda step, preview: None)
        except Exception as error:
            log.warning("%s could not be warmed up: %s", entry.id, error)

    def _rest(self, pause: float) -> None:
        """Wait for a wake or a moment, and look after what is due meanwhile."""
        self._be(Worker.State.IDLE)
        if time.monotonic() - self._swept_at > settings.RENDER_LEASE / 2:
            self._swept_at = time.monotonic()
            self._quietly(queue.sweep)
        if not self.awake.wait(pause):
            self._pause = min(LONGEST_PAUSE, self._pause * 1.5)
        self.awake.clear()

    def _enter(self, state: Worker.State) -> None:
        self.row.state, self.row.seen_at = state, timezone.now()
        self.row.save(force_insert=True)
        log.info("Worker %s renders on %s.", self.row.name, self.row.device)

    def _leave(self) -> None:
        now = timezone.now()
        self._quietly(
            lambda: Worker.objects.filter(pk=self.row.pk).update(
                state=Worker.State.STOPPED, seen_at=now, stopped_at=now
            )
        )

    def _be(self, state: Worker.State, model: str | None = None) -> None:
        """Say what this worker is at; an idle one repeats it as often as a beat."""
        model = model or (self.engine.warm.id if self.engine.warm else "")
        now = timezone.now()
        changed = (state, model) != (self.row.state, self.row.model)
        if changed or (now - self.row.seen_at).total_seconds() >= settings.RENDER_BEAT:
            self.row.state, self.row.model, self.row.seen_at = state, model, now
            # A sweep may have taken this worker for dead while its machine slept.
            self._quietly(lambda: self.row.save(update_fields=["state", "model", "seen_at", "stopped_at"]))

    def _quietly(self, do: Callable[[], object]) -> None:
        try:
            do()
        except (DatabaseError, InterfaceError) as error:
            log.warning("The database did not answer: %s", error)
            connection.close()


class Heart(threading.Thread):
    """Beats for an attempt from its own thread, whatever the render is busy with, and remembers what it was told."""

    def __init__(self, attempt: Attempt, worker: Worker) -> None:
        super().__init__(name="heart", daemon=True)
        self.attempt, self.worker = attempt, worker
        self.told: Exception | None = None
        self._done = threading.Event()

    def check(self) -> None:
        """Raises LeaseLost or Cancelled, if that is what a beat was answered."""
        if self.told:
            raise self.told

    def run(self) -> None:
        try:
            while not self._done.wait(settings.RENDER_BEAT):
                try:
                    queue.beat(self.attempt)
                    Worker.objects.filter(pk=self.worker.pk).update(
                        state=Worker.State.BUSY, seen_at=timezone.now(), stopped_at=None
                    )
                except (DatabaseError, InterfaceError) as error:
                    log.warning("A beat was missed: %s", error)
                    connection.close()
        except (LeaseLost, Cancelled) as told:
            self.told = told
        finally:
            connection.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._done.set()
        self.join()


def _entry_for(spec: Spec) -> catalogue.CatalogueEntry:
    """The spec's model. Raises SpecRefused if the catalogue has changed under the job."""
    try:
        entry = catalogue.get(spec.model)
    except UnknownModel as error:
        raise SpecRefused(str(error)) from error
    if problems := catalogue.check(spec):
        raise SpecRefused(" ".join(problem.message for problem in problems))
    return entry
