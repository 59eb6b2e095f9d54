"""What pages are told: how far, how many ahead, how long; in a bounded number of queries."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from generation import queries, queue
from generation.models import Attempt, Job, Worker
from tests.generation.conftest import make_spec

pytestmark = pytest.mark.django_db


@pytest.fixture
def rendered_in_ten_seconds(put, worker_row):
    """One job was rendered before, at two steps, in ten seconds."""
    put("before")
    attempt = queue.claim(worker_row)
    queue.succeed(attempt, [], 10.0)
    ended = Attempt.objects.get(pk=attempt.pk).ended_at
    Attempt.objects.filter(pk=attempt.pk).update(started_at=ended - timedelta(seconds=10))


def test_a_waiting_job_knows_how_many_are_ahead(put):
    jobs = [put() for _ in range(3)]
    found = queries.progress([job.pk for job in jobs])
    assert [found[job.pk].ahead for job in jobs] == [0, 1, 2]
    assert {one.seconds_left for one in found.values()} == {None}


def test_time_left_is_learnt_from_what_was_rendered(rendered_in_ten_seconds, put):
    first, second, longer = put(), put(), put(steps=4)
    found = queries.progress([first.pk, second.pk, longer.pk])
    assert found[first.pk].seconds_left == pytest.approx(10, abs=0.1)
    assert found[second.pk].seconds_left == pytest.approx(20, abs=0.1)
    assert found[longer.pk].seconds_left == pytest.approx(40, abs=0.1)


def test_two_workers_halve_the_wait_but_not_the_render(rendered_in_ten_seconds, put):
    Worker.objects.create(name="second", device="cpu", seen_at=timezone.now())
    jobs = [put(), put(), put()]
    assert queries.progress([jobs[2].pk])[jobs[2].pk].seconds_left == pytest.approx(20, abs=0.1)


def test_no_worker_no_promise(rendered_in_ten_seconds, put):
    job = put()
    Worker.objects.update(seen_at=timezone.now() - timedelta(hours=1))
    assert queries.progress([job.pk])[job.pk].seconds_left is None


def test_a_running_job_shows_its_steps_and_picture(rendered_in_ten_seconds, put, worker_row):
    job = put()
    queue.report(queue.claim(worker_row), 1, b"\xff\xd8 a picture")
    found = queries.progress([job.pk])[job.pk]
    assert (found.state, found.step, found.steps, found.percent, found.ahead) == ("running", 1, 2, 50, None)
    assert found.preview == b"\xff\xd8 a picture"
    assert found.seconds_left == pytest.approx(5, abs=0.1)


def test_a_job_is_not_at_a_hundred_before_its_clip_is_there(put, worker_row):
    job = put()
    attempt = queue.claim(worker_row)
    queue.report(attempt, 2)
    assert queries.progress([job.pk])[job.pk].percent == 99
    queue.succeed(attempt, [], 1.0)
    assert queries.progress([job.pk])[job.pk].percent == 100


def test_the_number_of_queries_does_not_grow_with_the_jobs(
    rendered_in_ten_seconds, put, worker_row, django_assert_max_num_queries
):
    jobs = [put(f"lane {number % 3}") for number in range(12)]
    queue.claim(worker_row)
    with django_assert_max_num_queries(5):
        assert len(queries.progress([job.pk for job in jobs])) == 12


def test_a_job_far_behind_is_counted_to_the_horizon(put, monkeypatch):
    monkeypatch.setattr(queries, "HORIZON", 4)
    jobs = [put() for _ in range(8)]
    assert queries.progress([jobs[7].pk])[jobs[7].pk].ahead == 4


def test_unknown_jobs_are_left_out():
    assert queries.progress([uuid.uuid4()]) == {}


def test_a_forecast_is_what_then_happens(rendered_in_ten_seconds, put):
    for _ in range(4):
        put("busy")
    foreseen = queries.forecast(make_spec(), lane="quiet")
    job = put("quiet")
    found = queries.progress([job.pk])[job.pk]
    assert (foreseen.ahead, foreseen.seconds) == (found.ahead, pytest.approx(found.seconds_left, abs=0.1))


def test_depth_counts_jobs_and_live_workers(put, worker_row):
    put(), put()
    queue.claim(worker_row)
    assert queries.queue_depth() == queries.Depth(queued=1, running=1, workers=1)
    assert queries.workers() == [worker_row]


def test_a_model_never_rendered_is_estimated_by_its_catalogue_entry(put, worker_row, entries):
    from tests.generation import tiny

    tiny.write_entry(entries, "tiny-video", "nowhere", seconds_per_step="3.0")
    from generation import catalogue

    catalogue._entries.cache_clear()
    job = put(frames=9)
    assert queries.progress([job.pk])[job.pk].seconds_left == pytest.approx(3 * 2 * 9 / 5)
    assert Job.objects.count() == 1
