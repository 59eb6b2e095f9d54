"""The queue's promises: idempotent, fenced, ended once, told once."""

import uuid
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from generation import actions, queries, queue, store
from generation.errors import Cancelled, InvalidSpec, KeyConflict, LeaseLost
from generation.models import Artifact, Attempt, Event, Job, JobState, Worker
from tests.generation.conftest import make_spec

pytestmark = pytest.mark.django_db


def kinds(job: Job) -> list[str]:
    return list(job.events.order_by("id").values_list("kind", flat=True))


def expire(attempt: Attempt) -> None:
    Job.objects.filter(pk=attempt.job_id).update(lease_expires_at=timezone.now() - timedelta(seconds=1))


def clip_of(attempt: Attempt) -> Artifact:
    return Artifact(
        job_id=attempt.job_id, kind="clip", file=f"{attempt.folder}/clip.mp4", media_type="video/mp4", sha256="0" * 64,
        bytes=1, width=32, height=16, frames=5, fps_num=8, fps_den=1,
    )  # fmt: skip


def test_the_same_key_and_spec_give_the_first_job(put):
    first = put(key="once")
    assert put(key="once") == first
    assert Job.objects.count() == 1


def test_the_same_key_with_another_spec_is_a_conflict(put):
    put(key="once", seed=1)
    with pytest.raises(KeyConflict, match="already stands for another"):
        put(key="once", seed=2)


def test_a_replay_is_recognised_even_when_the_model_has_left_the_catalogue(put, settings, tmp_path):
    first = put(key="once")
    settings.CATALOGUE = tmp_path / "empty"
    assert put(key="once") == first


def test_what_no_model_renders_is_refused_field_by_field(put):
    with pytest.raises(InvalidSpec) as refused:
        put(width=1, seed=-1)
    assert [problem.field for problem in refused.value.problems] == ["size", "seed"]
    assert not Job.objects.exists()


def test_a_job_exists_only_if_its_callers_transaction_does(put):
    with transaction.atomic():
        put()
        transaction.set_rollback(True)
    assert not Job.objects.exists()


def test_a_claimed_job_is_nobody_elses(put, worker_row):
    job = put()
    attempt = queue.claim(worker_row)
    assert attempt.job == job
    assert queue.claim(worker_row) is None
    job.refresh_from_db()
    assert (job.state, job.fence, job.attempts) == (JobState.RUNNING, attempt.token, 1)
    assert kinds(job) == ["started"]


def test_success_ends_the_job_with_its_files_and_one_event(put, worker_row):
    job = put()
    attempt = queue.claim(worker_row)
    queue.succeed(attempt, [clip_of(attempt)], seconds=1.5)
    job.refresh_from_db()
    assert (job.state, job.progress, job.fence, job.preview) == (JobState.SUCCEEDED, 100, None, None)
    assert kinds(job) == ["started", "succeeded"]
    assert queries.artifacts([job.pk])[job.pk]["clip"].file.endswith("clip.mp4")
    with pytest.raises(LeaseLost):
        queue.succeed(attempt, [], seconds=1.5)


def test_a_failure_that_may_pass_is_tried_three_times(put, worker_row):
    job = put()
    for number in (1, 2, 3):
        attempt = queue.claim(worker_row)
        assert attempt.number == number
        queue.fail(attempt, "render_failed", "It broke off.", retry=True)
    job.refresh_from_db()
    assert (job.state, job.error_code, job.error_message) == (JobState.FAILED, "render_failed", "It broke off.")
    assert kinds(job) == ["started", "failed"]
    assert queue.claim(worker_row) is None


def test_a_failure_that_will_not_pass_is_not_tried_again(put, worker_row):
    job = put()
    queue.fail(queue.claim(worker_row), "model_broken", "Broken.", retry=False)
    job.refresh_from_db()
    assert (job.state, job.attempts) == (JobState.FAILED, 1)


def test_a_waiting_job_is_cancelled_at_once(put, worker_row):
    job = actions.cancel(put().pk)
    assert job.state == JobState.CANCELLED
    assert kinds(job) == ["cancelled"]
    assert queue.claim(worker_row) is None


def test_a_running_job_learns_of_its_cancelling_at_the_next_word(put, worker_row):
    job = put()
    attempt = queue.claim(worker_row)
    assert actions.cancel(job.pk).state == JobState.RUNNING
    for word in (queue.beat, queue.look, lambda a: queue.report(a, 1), lambda a: queue.succeed(a, [], 1.0)):
        with pytest.raises(Cancelled):
            word(attempt)
    queue.confirm_cancelled(attempt)
    job.refresh_from_db()
    assert job.state == JobState.CANCELLED
    assert kinds(job) == ["started", "cancelled"]


def test_cancelling_what_has_ended_changes_nothing(put, worker_row):
    job = put()
    queue.succeed(queue.claim(worker_row), [], 1.0)
    assert actions.cancel(job.pk).state == JobState.SUCCEEDED
    assert kinds(job) == ["started", "succeeded"]


def test_a_cancelled_job_is_not_tried_again_when_its_worker_dies(put, worker_row):
    job = put()
    attempt = queue.claim(worker_row)
    actions.cancel(job.pk)
    expire(attempt)
    assert queue.sweep() == 1
    job.refresh_from_db()
    assert job.state == JobState.CANCELLED


def test_a_silent_workers_job_goes_back_to_its_place(put, worker_row):
    job, behind = put(), put()
    expire(queue.claim(worker_row))
    assert queue.sweep() == 1
    assert queue.sweep() == 0
    again = queue.claim(worker_row)
    assert (again.job, again.number) == (job, 2)
    assert Attempt.objects.get(job=job, number=1).outcome == "lost"
    assert behind.state == JobState.QUEUED


def test_a_job_whose_workers_keep_dying_fails(put, worker_row):
    job = put()
    for _ in range(3):
        expire(queue.claim(worker_row))
        queue.sweep()
    job.refresh_from_db()
    assert (job.state, job.error_code) == (JobState.FAILED, "worker_lost")
    assert kinds(job) == ["started", "failed"]


def test_who_lost_the_lease_writes_nothing(put, worker_row):
    job = put()
    lost = queue.claim(worker_row)
    expire(lost)
    queue.sweep()
    held = queue.claim(worker_row)
    before = list(Job.objects.values()), list(Attempt.objects.values()), list(Event.objects.values())
    for word in (
        queue.beat,
        queue.look,
        queue.confirm_cancelled,
        queue.give_back,
        lambda attempt: queue.report(attempt, 1, b"picture"),
        lambda attempt: queue.succeed(attempt, [clip_of(attempt)], 1.0),
        lambda attempt: queue.fail(attempt, "x", "y", retry=True),
    ):
        with pytest.raises(LeaseLost):
            word(lost)
    assert before == (list(Job.objects.values()), list(Attempt.objects.values()), list(Event.objects.values()))
    assert not Artifact.objects.exists()
    queue.succeed(held, [clip_of(held)], 1.0)
    assert kinds(job) == ["started", "succeeded"]


def test_giving_back_costs_no_attempt(put, worker_row):
    job = put()
    for _ in range(5):
        queue.give_back(queue.claim(worker_row))
    for _ in range(3):
        queue.fail(queue.claim(worker_row), "x", "y", retry=True)
    job.refresh_from_db()
    assert job.state == JobState.FAILED
    assert kinds(job) == ["started", "failed"]


def test_the_database_itself_refuses_a_second_end(put, worker_row):
    job = actions.cancel(put().pk)
    with pytest.raises(IntegrityError), transaction.atomic():
        Event.objects.create(job=job, kind="succeeded")
    with pytest.raises(IntegrityError), transaction.atomic():
        Job.objects.filter(pk=job.pk).update(state=JobState.RUNNING)


def test_the_database_itself_refuses_two_open_attempts(put, worker_row):
    attempt = (put(), queue.claim(worker_row))[1]
    with pytest.raises(IntegrityError), transaction.atomic():
        Attempt.objects.create(job_id=attempt.job_id, number=2, worker=worker_row, started_at=timezone.now())


def test_the_outbox_is_read_in_order_and_each_event_once(put, worker_row):
    put(), put()
    queue.succeed(queue.claim(worker_row), [], 1.0)
    events = queries.unhandled_events()
    assert [event.kind for event in events] == ["started", "succeeded"]
    assert actions.mark_handled(event.pk for event in events) == 2
    assert actions.mark_handled(event.pk for event in events) == 0
    assert queries.unhandled_events() == []


def test_a_worker_that_fell_silent_is_marked_stopped(worker_row, settings):
    Worker.objects.update(seen_at=timezone.now() - timedelta(seconds=10 * settings.RENDER_LEASE))
    queue.sweep()
    worker_row.refresh_from_db()
    assert (worker_row.state, queries.live_workers()) == (Worker.State.STOPPED, [])


def test_files_of_an_attempt_that_came_to_nothing_are_taken_away(put, worker_row, files):
    put()
    attempt = queue.claim(worker_row)
    left = files / attempt.folder / "clip.mp4"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"half a clip")
    expire(attempt)
    queue.sweep()
    assert store.clear_orphans() == 0, "a worker that was only slow gets its hour"
    Attempt.objects.update(ended_at=timezone.now() - timedelta(hours=2))
    assert store.clear_orphans() == 1
    assert not (files / "jobs" / str(attempt.job_id)).exists()
    assert store.clear_orphans() == 0


def test_files_of_a_delivered_clip_are_never_taken_for_orphans(put, worker_row):
    put()
    queue.succeed(queue.claim(worker_row), [], 1.0)
    Attempt.objects.update(ended_at=timezone.now() - timedelta(days=9))
    assert store.clear_orphans() == 0


def test_an_unknown_job_cannot_be_cancelled():
    with pytest.raises(Job.DoesNotExist):
        actions.cancel(uuid.uuid4())


def test_a_fingerprint_is_of_the_spec_alone():
    assert actions.fingerprint_of(make_spec()) == actions.fingerprint_of(make_spec())
    assert actions.fingerprint_of(make_spec()) != actions.fingerprint_of(make_spec(seed=8))
