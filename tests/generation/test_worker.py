"""One worker, in this process, with models that really render: what people get, and how it goes wrong."""

import errno
import io
import threading
from fractions import Fraction
from pathlib import Path

import av
import pytest
from django.core.files.storage import FileSystemStorage, default_storage
from django.core.management import call_command
from PIL import Image

from generation import actions, queries, queue, store, worker
from generation.models import Attempt, Event, Job, JobState, Worker
from generation.worker import Heart, RenderWorker
from tests.generation import tiny
from tests.generation.conftest import make_spec

pytestmark = pytest.mark.django_db(transaction=True)


def enqueue(model: str = "tiny-video", **changes: object) -> Job:
    key = f"{model} {sorted(changes.items())}"
    return actions.enqueue(key=key, spec=make_spec(model, **changes), lane="a")


def work() -> RenderWorker:
    one = RenderWorker(name="tester", device="cpu")
    one.run_until_empty()
    return one


def left_over(files: Path) -> list[Path]:
    return [path for path in files.rglob("*") if path.is_file()]


def test_words_become_a_clip_a_poster_and_a_sprite_sheet(tiny_catalogue):
    job = enqueue(frames=9)
    work()
    job.refresh_from_db()
    assert (job.state, job.error_message) == (JobState.SUCCEEDED, "")
    made = queries.artifacts([job.pk])[job.pk]
    assert set(made) == {"clip", "poster", "sprite"}
    with default_storage.open(made["clip"].file) as file, av.open(io.BytesIO(file.read())) as clip:
        assert (clip.streams.video[0].average_rate, clip.streams.video[0].frames) == (Fraction(8), 9)
    for kind in ("poster", "sprite"):
        with default_storage.open(made[kind].file) as file:
            assert Image.open(file).size == (made[kind].width, made[kind].height)
    assert [event.kind for event in queries.unhandled_events()] == ["started", "succeeded"]
    assert Worker.objects.get().state == Worker.State.STOPPED


def test_an_image_model_makes_a_picture(tiny_catalogue):
    job = enqueue("tiny-image")
    work()
    made = queries.artifacts([job.pk])[job.pk]
    assert set(made) == {"clip", "poster"}
    assert (made["clip"].media_type, made["clip"].frames) == ("image/png", 1)
    with default_storage.open(made["clip"].file) as file:
        assert Image.open(file).size == (40, 24)


def test_the_same_seed_gives_the_same_clip_and_another_another(tiny_catalogue):
    jobs = [enqueue(seed=1), actions.enqueue(key="again", spec=make_spec(seed=1), lane="a"), enqueue(seed=2)]
    work()
    first, again, other = (queries.artifacts([job.pk])[job.pk]["clip"].sha256 for job in jobs)
    assert first == again != other


def test_a_worker_changes_models_as_jobs_ask_for(tiny_catalogue):
    jobs = [enqueue(seed=1), enqueue("tiny-image"), enqueue(seed=2)]
    work()
    assert set(Job.objects.filter(pk__in=[job.pk for job in jobs]).values_list("state", flat=True)) == {"succeeded"}


def test_steps_and_previews_are_told_while_it_renders(tiny_catalogue, monkeypatch):
    monkeypatch.setattr("generation.engine.PREVIEW_EVERY", 0)
    told = []

    def listen(attempt, step, preview=None, original=queue.report):
        told.append((step, preview))
        original(attempt, step, preview)

    monkeypatch.setattr(queue, "report", listen)
    enqueue(steps=4)
    work()
    assert told[-1][0] == 4
    pictures = [preview for _, preview in told if preview]
    assert pictures
    assert Image.open(io.BytesIO(pictures[0])).format == "JPEG"


def test_cancelling_is_honoured_within_one_step(tiny_catalogue, monkeypatch):
    job = enqueue(steps=50)
    looks = []

    def look(attempt, original=queue.look):
        looks.append(1)
        if len(looks) == 3:
            actions.cancel(job.pk)
        original(attempt)

    monkeypatch.setattr(queue, "look", look)
    monkeypatch.setattr(worker, "REPORT_EVERY", 1e9)
    monkeypatch.setattr(worker, "LOOK_EVERY", 0)
    work()
    job.refresh_from_db()
    assert job.state == JobState.CANCELLED
    assert len(looks) == 3
    assert not job.artifacts.exists()


def test_a_cancel_that_comes_while_encoding_still_counts(tiny_catalogue, monkeypatch, files):
    job = enqueue()
    original = store.store
    monkeypatch.setattr(store, "store", lambda *args: (actions.cancel(job.pk), original(*args))[1])
    work()
    job.refresh_from_db()
    assert job.state == JobState.CANCELLED
    assert left_over(files) == []


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda folder: None, "model_missing"),
        (lambda folder: (folder.mkdir(), (folder / "model_index.json").write_text("{")), "model_broken"),
        (lambda folder: (tiny.save_video_model(folder), _truncate(folder / "transformer")), "model_broken"),
        (lambda folder: (tiny.save_video_model(folder), _remove(folder / "vae")), "model_broken"),
    ],
    ids=["no folder", "no index", "half a file", "a part is missing"],
)
def test_a_model_that_is_missing_or_broken_fails_the_job_and_not_the_worker(
    tiny_catalogue, settings, tmp_path, spoil, code
):
    settings.CATALOGUE = tmp_path / "catalogue"
    tiny.write_entry(settings.CATALOGUE, "spoilt", str(tmp_path / "spoilt"))
    tiny.write_entry(settings.CATALOGUE, "tiny-video", str(tiny_catalogue.parent / "tiny-video"))
    spoil(tmp_path / "spoilt")
    job, healthy = enqueue("spoilt"), enqueue()
    work()
    job.refresh_from_db(), healthy.refresh_from_db()
    assert (job.state, job.error_code, job.attempts) == (JobState.FAILED, code, 1)
    assert "operator must" in job.error_message
    assert healthy.state == JobState.SUCCEEDED


def _truncate(folder: Path) -> None:
    weights = next(folder.glob("*.safetensors"))
    weights.write_bytes(weights.read_bytes()[:1000])


def _remove(folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()


def test_an_entry_that_offers_what_its_model_refuses_is_named(tiny_catalogue, settings, tmp_path):
    settings.CATALOGUE = tmp_path
    tiny.write_entry(
        tmp_path, "tiny-video", str(tiny_catalogue.parent / "tiny-video"), sizes="[{width=33, height=17, rate=1}]"
    )
    job = enqueue(width=33, height=17)
    work()
    job.refresh_from_db()
    assert (job.error_code, job.attempts) == ("model_broken", 1)
    assert "refuses what its catalogue entry offers" in job.error_message


def test_a_job_whose_model_left_the_catalogue_fails_with_the_reason(tiny_catalogue, settings, tmp_path):
    job = enqueue()
    settings.CATALOGUE = tmp_path / "empty"
    work()
    job.refresh_from_db()
    assert (job.error_code, job.attempts) == ("spec_invalid", 1)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_fails_the_job_and_leaves_nothing(tiny_catalogue, monkeypatch, files, number):
    save, saved = FileSystemStorage._save, []

    def fill_up(self, name, content):
        saved.append(name)
        if len(saved) == 2:
            Path(self.path(name)).write_bytes(b"half a poster")
            raise OSError(number, "No room")
        return save(self, name, content)

    monkeypatch.setattr(FileSystemStorage, "_save", fill_up)
    job = enqueue()
    work()
    job.refresh_from_db()
    assert (job.state, job.error_code, job.attempts) == (JobState.FAILED, "storage_full", 1)
    assert left_over(files) == []
    assert not job.artifacts.exists()


def test_a_storage_that_stumbles_gets_another_chance(tiny_catalogue, monkeypatch, files):
    save, saved = FileSystemStorage._save, []

    def stumble(self, name, content):
        saved.append(name)
        if len(saved) == 1:
            raise ConnectionError("reset by peer")
        return save(self, name, content)

    monkeypatch.setattr(FileSystemStorage, "_save", stumble)
    job = enqueue()
    work()
    job.refresh_from_db()
    assert (job.state, job.attempts) == (JobState.SUCCEEDED, 2)
    assert len(left_over(files)) == 3


def test_a_failure_nobody_foresaw_is_tried_again_and_then_told(tiny_catalogue, monkeypatch):
    monkeypatch.setattr("generation.codec.encode", lambda *args, **options: 1 / 0)
    job = enqueue()
    work()
    job.refresh_from_db()
    assert (job.state, job.error_code, job.attempts) == (JobState.FAILED, "render_failed", 3)
    assert Event.objects.filter(job=job, kind="failed").count() == 1


def test_a_second_stop_gives_the_job_back(tiny_catalogue, monkeypatch):
    job = enqueue(steps=50)
    one = RenderWorker(name="tester", device="cpu")
    monkeypatch.setattr(queue, "look", lambda attempt: (one.stop(), one.stop()))
    monkeypatch.setattr(worker, "REPORT_EVERY", 1e9)
    monkeypatch.setattr(worker, "LOOK_EVERY", 0)
    one.run_until_empty()
    job.refresh_from_db()
    assert job.state == JobState.QUEUED
    assert Attempt.objects.get().outcome == "returned"


def test_a_heart_beats_from_another_thread_and_hears_of_a_lost_lease(tiny_catalogue, settings):
    settings.RENDER_BEAT = 0.02
    job = enqueue()
    row = Worker.objects.create(name="w", device="cpu", seen_at="2020-01-01T00:00Z")
    attempt = queue.claim(row)
    with Heart(attempt, row) as heart:
        before = Job.objects.get(pk=job.pk).lease_expires_at
        _until(lambda: Job.objects.get(pk=job.pk).lease_expires_at > before)
        queue.fail(attempt, "x", "y", retry=False)
        _until(lambda: heart.told)
        with pytest.raises(queue.LeaseLost):
            heart.check()
    row.refresh_from_db()
    assert row.seen_at.year > 2020


def _until(condition) -> None:
    beat = threading.Event()
    for _ in range(500):
        if condition():
            return
        beat.wait(0.02)
    raise AssertionError("It never came to be.")


def test_the_command_works_until_nothing_waits(tiny_catalogue):
    jobs = [enqueue(seed=seed) for seed in range(3)]
    call_command("worker", "--once", "--name=desk", "--device=cpu")
    assert {Job.objects.get(pk=job.pk).state for job in jobs} == {"succeeded"}
    assert Worker.objects.get().name == "desk"
