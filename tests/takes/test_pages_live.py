"""Live pages: each change is told once, to the studio's own, at a bounded cost, and the stream ends by itself."""

import asyncio
import json
from datetime import datetime

import pytest
from asgiref.sync import async_to_sync
from django.db import connection
from django.test import AsyncClient, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from access.queries import entitlements
from generation import queue
from takes import actions, streams
from takes.tasks import read_outbox
from tests import factories
from tests.takes.projection import begin, project


@pytest.fixture
def tidewater(people):
    return factories.make_project(people.owner, "Tidewater")


@pytest.fixture
def watch(people, tidewater):
    def make(seat=None, **given):
        request = RequestFactory().get("/", given.get("query"), headers=given.get("headers", {}))
        request.seat = seat or people.artist
        request.entitlements = entitlements(request.seat)
        tidewater.refresh_from_db()
        return streams.Watch.of(request, tidewater)

    return make


def kinds(messages):
    return [message.kind for message in messages]


def test_each_change_of_a_take_is_told_once(people, tidewater, watch):
    watching = watch()
    assert watching.look() == []
    take = factories.make_take(people.owner, project=tidewater)
    told = watching.look()
    assert kinds(told) == ["card", "progress", "credits"]
    assert told[0].data["state"] == "queued"
    assert watching.look() == []
    attempt = begin(take, step=3)
    assert kinds(watching.look()) == ["card", "progress", "credits"]
    queue.report(attempt, 4)
    step = watching.look()
    assert kinds(step) == ["progress"]
    assert (step[0].data["percent"], step[0].data["detail"].split(" · ")[0]) == (25, "step 4 of 16")
    assert watching.look() == []


def test_a_card_carries_its_buttons_for_those_who_may_press_them(people, tidewater, watch):
    factories.make_take(people.owner, project=tidewater)
    cancel = "/cancel/"
    assert cancel in watch().look()[0].data["html"]
    assert cancel not in watch(seat=people.guest).look()[0].data["html"]


def test_what_ended_long_after_it_was_seen_waiting_is_still_told(people, tidewater, watch):
    take = factories.make_take(people.owner, project=tidewater)
    watching = watch()
    watching.look()
    watching.since = timezone.now() + 10 * streams.OVERLAP  # as if it had waited for long
    actions.cancel(seat=people.owner, take=take)
    read_outbox()
    told = watching.look()
    assert told[0].data["state"] == "cancelled"
    assert "credits returned" in told[0].data["html"]
    assert not watching.is_busy


def test_a_reader_that_comes_back_hears_what_it_missed(people, tidewater, watch):
    take = project(factories.make_take(people.owner, project=tidewater))
    before = (take.finished_at - streams.OVERLAP).isoformat()
    assert [one.data["state"] for one in watch(headers={"Last-Event-ID": before}).look()] == ["ready"]
    long_after = (take.finished_at + 2 * streams.OVERLAP).isoformat()
    assert watch(query={"since": long_after}).look() == []


@pytest.mark.parametrize(
    "since",
    ["", "yesterday", "2026-99-99T00:00", "2026-01-01T00:00:00", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"],
)
def test_a_moment_that_is_none_means_now(watch, since):
    assert (timezone.now() - watch(query={"since": since}).since).total_seconds() < 5


def test_a_look_costs_the_same_for_one_take_as_for_many(people, tidewater, watch):
    def cost():
        watching = watch()
        watching.look()
        with CaptureQueriesContext(connection) as asked:
            watching.look()
        return len(asked)

    begin(factories.make_take(people.owner, project=tidewater))
    few = cost()
    for _ in range(3):
        begin(factories.make_take(people.owner, project=tidewater))
    assert cost() == few <= 6


def test_polling_gives_the_same_as_one_look(people, sign_in, tidewater):
    factories.make_take(people.owner, project=tidewater)
    answer = sign_in(people.guest).get(reverse("takes:live", args=[tidewater.pk]))
    assert answer["Cache-Control"] == "no-store"
    assert [one["kind"] for one in answer.json()["events"]] == ["card", "progress"]
    assert answer.json()["now"]


def test_rights_that_are_gone_end_the_stream(people, watch):
    watching = watch()
    assert watching.may_go_on()
    people.artist.suspended_at = timezone.now()
    people.artist.save()
    assert not watching.may_go_on()


@pytest.fixture
def listen(tidewater):
    """Open the stream as a seat over ASGI and gather what comes until it ends or `enough` says so."""

    def listened(seat, enough=lambda text: False):
        client = AsyncClient()
        client.force_login(seat.person, "allauth.account.auth_backends.AuthenticationBackend")

        async def hear():
            response = await client.get(reverse("takes:events", args=[tidewater.pk]))
            text = ""
            if response.streaming:
                async for chunk in response.streaming_content:
                    text += chunk.decode()
                    if enough(text):
                        break
            return response, text

        async def in_time():
            return await asyncio.wait_for(hear(), 20)

        return async_to_sync(in_time)()

    return listened


@pytest.mark.django_db(transaction=True)
def test_the_stream_speaks_server_sent_events_and_ends_by_itself(people, tidewater, listen, monkeypatch):
    take = factories.make_take(people.owner, project=tidewater)
    monkeypatch.setattr(streams, "LENGTH", 0.2)
    monkeypatch.setattr(streams, "BUSY", 0.05)
    monkeypatch.setattr(streams, "BEAT", 0.0)
    response, text = listen(people.guest)
    assert response["Content-Type"] == "text/event-stream"
    assert response["Cache-Control"] == "no-store"
    assert text.startswith("retry: 2000\n\n")
    assert ": still here\n\n" in text
    event = next(part for part in text.split("\n\n") if part.startswith("event: card"))
    _, moment, data = event.split("\n")
    assert datetime.fromisoformat(moment.removeprefix("id: ")).tzinfo
    assert json.loads(data.removeprefix("data: "))["id"] == str(take.pk)
    assert text.count("event: card") == 1


@pytest.mark.django_db(transaction=True)
def test_the_stream_is_not_there_for_a_stranger_and_not_for_the_suspended(people, listen):
    assert listen(people.stranger)[0].status_code == 404
    people.studio.suspended_at = timezone.now()
    people.studio.save()
    assert listen(people.guest)[0].status_code == 403


@pytest.mark.django_db(transaction=True)
def test_a_seat_with_too_many_streams_is_asked_to_poll_and_a_closed_one_makes_room(people, listen, monkeypatch):
    monkeypatch.setattr(streams, "MOST_STREAMS", 1)
    monkeypatch.setitem(streams._open_streams, people.artist.pk, 1)
    assert listen(people.artist)[0].status_code == 429
    for _ in range(2):
        assert listen(people.guest, enough=lambda text: True)[0].status_code == 200
