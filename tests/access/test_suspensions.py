"""The lab shuts a studio or a seat: at once, with a reason, undoably, once however often it is asked."""

import asyncio

import pytest
from asgiref.sync import async_to_sync
from django.db import IntegrityError, transaction
from django.test import AsyncClient
from django.urls import reverse

from access.errors import ReasonNeeded, ShutByTheLab
from access.models import Suspension
from access.queries import entitlements
from access.signals import withdrawn
from access.suspensions import actions, queries
from accounts import actions as accounts
from accounts.models import Seat
from audit.actions import Actor
from audit.models import Record
from takes import streams
from tests import factories
from tests.at_once import at_once

HOUSE = Actor.house("tests")
FINISH, STOP = Suspension.RunningWork.FINISH, Suspension.RunningWork.STOP


def suspend_studio(studio, reason="a leaked key", rule=FINISH, actor=HOUSE):
    return actions.suspend_studio(studio=studio, reason=reason, running_work=rule, actor=actor)


def suspend_seat(seat, reason="a leaked key", rule=FINISH, actor=HOUSE):
    return actions.suspend_seat(seat=seat, reason=reason, running_work=rule, actor=actor)


def fresh(seat):
    return Seat.objects.select_related("studio", "person").get(pk=seat.pk)


@pytest.fixture
def heard():
    told = []

    def hear(**said):
        told.append({name: said[name] for name in ("studio_id", "seat_id", "rule", "reason", "actor")})

    withdrawn.connect(hear)
    yield told
    withdrawn.disconnect(hear)


def test_a_suspended_studio_is_shut_for_every_seat_and_opens_again(people, heard):
    lead = Actor.of_person(people.access_lead)
    suspension = suspend_studio(people.studio, rule=STOP, actor=lead)
    assert (suspension.by, suspension.reason, suspension.ended_at) == (people.access_lead, "a leaked key", None)
    for seat in (people.owner, people.artist, people.guest):
        assert not entitlements(fresh(seat)).active
    assert entitlements(fresh(people.stranger)).active
    said = {"studio_id": people.studio.pk, "seat_id": None, "rule": "stop", "reason": "a leaked key", "actor": lead}
    assert heard == [said]
    actions.restore_studio(studio=people.studio, actor=lead, reason="looked at")
    suspension.refresh_from_db()
    assert (suspension.ended_by, suspension.ended_reason) == (people.access_lead, "looked at")
    assert entitlements(fresh(people.artist)).active
    written = Record.objects.filter(studio_id=people.studio.pk, action__in=["studio.suspended", "studio.restored"])
    assert ['"reason":"a leaked key"' in one.canonical for one in written.order_by("id")] == [True, False]


def test_a_suspended_seat_is_shut_alone_the_last_owners_too(people, heard):
    suspend_seat(people.owner)
    assert not entitlements(fresh(people.owner)).active
    assert entitlements(fresh(people.artist)).active
    assert [(one["studio_id"], one["seat_id"]) for one in heard] == [(None, people.owner.pk)]
    actions.restore_seat(seat=people.owner, actor=HOUSE)
    assert entitlements(fresh(people.owner)).active


def test_what_is_asked_twice_happens_once(people, heard):
    first, second = suspend_studio(people.studio), suspend_studio(people.studio, "another reason", STOP)
    assert (first, second.reason) == (second, "a leaked key")
    one, two = suspend_seat(people.artist), suspend_seat(people.artist)
    assert one == two
    for _ in range(2):
        actions.restore_studio(studio=people.studio, actor=HOUSE)
        actions.restore_seat(seat=people.artist, actor=HOUSE)
    assert len(heard) == 2
    wanted = ["studio.suspended", "seat.suspended", "studio.restored", "seat.restored"]
    assert list(Record.objects.filter(action__in=wanted).order_by("id").values_list("action", flat=True)) == wanted


@pytest.mark.parametrize("reason", ["", "  ", "x" * 301])
def test_a_suspension_without_a_reason_that_can_be_kept_is_refused_and_writes_nothing(people, reason):
    for suspend, whom in ((suspend_studio, people.studio), (suspend_seat, people.artist)):
        with pytest.raises(ReasonNeeded):
            suspend(whom, reason)
    with pytest.raises(ValueError, match="not a valid"):
        suspend_studio(people.studio, rule="burn")
    assert not Suspension.objects.exists()
    assert entitlements(fresh(people.artist)).active


def test_a_studio_has_one_open_suspension_even_by_the_back_door(people):
    suspend_studio(people.studio)
    for whose in ({"studio": people.studio}, {"studio": people.studio, "seat": people.artist}, {}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Suspension.objects.create(**whose, reason="again", running_work=STOP)


def test_what_the_lab_shut_its_studio_can_neither_open_nor_replace(people):
    suspend_seat(people.artist)
    for verb in (accounts.restore_seat, accounts.end_seat, accounts.suspend_seat):
        with pytest.raises(ShutByTheLab, match="write to the lab"):
            actions.let_the_studio(seat=people.artist, verb=verb, actor=Actor.of_seat(people.owner))
    actions.restore_seat(seat=people.artist, actor=HOUSE)
    actions.let_the_studio(seat=people.artist, verb=accounts.end_seat, actor=Actor.of_seat(people.owner))
    assert fresh(people.artist).ended_at


def test_an_owner_reads_on_the_seats_page_that_the_lab_shut_a_seat(people, sign_in):
    suspend_seat(people.artist)
    client = sign_in(people.owner)
    page = client.get("/settings/seats/").content.decode()
    assert "Suspended by the lab" in page
    restore = reverse("seat_restore", args=[people.artist.pk])
    assert restore not in page
    assert "The lab suspended" in client.post(restore, follow=True).content.decode()
    assert not fresh(people.artist).is_open


def test_a_seat_that_its_studio_had_shut_stays_shut_by_it_when_the_lab_lets_go(people):
    accounts.suspend_seat(seat=people.artist, actor=Actor.of_seat(people.owner))
    suspend_seat(people.artist)
    actions.restore_seat(seat=people.artist, actor=HOUSE)
    assert fresh(people.artist).suspended_at
    assert queries.open_suspension(seat=people.artist) is None
    actions.let_the_studio(seat=people.artist, verb=accounts.restore_seat, actor=Actor.of_seat(people.owner))
    assert fresh(people.artist).is_open


def test_what_was_let_finish_can_be_stopped_later_once(people, heard):
    suspension = suspend_studio(people.studio)
    for _ in range(2):
        actions.stop_work(suspension=suspension, actor=HOUSE)
    assert [one["rule"] for one in heard] == [FINISH, STOP]
    actions.restore_studio(studio=people.studio, actor=HOUSE)
    ended = suspend_studio(people.studio)
    actions.restore_studio(studio=people.studio, actor=HOUSE)
    actions.stop_work(suspension=ended, actor=HOUSE)
    assert len(heard) == 3


@pytest.mark.django_db(transaction=True)
def test_of_two_leads_who_suspend_at_once_one_does(heard):
    studio = factories.make_studio()
    leads = [Actor.of_person(factories.make_person(duties=["access_lead"])) for _ in range(2)]
    answers = at_once(*[lambda lead=lead: suspend_studio(studio, f"by {lead.id}", actor=lead) for lead in leads])
    assert answers[0] == answers[1] == Suspension.objects.get()
    assert len(heard) == 1
    assert Record.objects.filter(action="studio.suspended").count() == 1


@pytest.mark.django_db(transaction=True)
def test_one_who_suspends_and_one_who_restores_at_once_leave_one_state_or_the_other():
    studio = factories.make_studio()
    suspend_studio(studio)
    at_once(
        lambda: actions.restore_studio(studio=studio, actor=HOUSE),
        lambda: suspend_studio(studio, "again"),
    )
    studio.refresh_from_db()
    assert (studio.suspended_at is not None) == (queries.open_suspension(studio=studio) is not None)


# --- Every way in is shut --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("whole_studio", [True, False], ids=["studio", "seat"])
def test_a_key_stops_working_and_works_again(client, people, whole_studio):
    _, secret = accounts.create_key(
        seat=people.artist, name="suite", scopes=["takes:read"], expires_at=None, actor=HOUSE
    )
    ask = lambda: client.get("/api/v1/projects/", headers={"Authorization": f"Bearer {secret}"}).status_code  # noqa: E731
    assert ask() == 200
    suspend_studio(people.studio) if whole_studio else suspend_seat(people.artist)
    assert ask() == 401
    actions.restore_studio(studio=people.studio, actor=HOUSE)
    actions.restore_seat(seat=people.artist, actor=HOUSE)
    assert ask() == 200


@pytest.mark.parametrize("whole_studio", [True, False], ids=["studio", "seat"])
def test_an_open_session_sees_no_more(people, sign_in, whole_studio):
    client = sign_in(people.artist)
    assert client.get(reverse("takes:projects")).status_code == 200
    suspend_studio(people.studio) if whole_studio else suspend_seat(people.artist)
    assert client.get(reverse("takes:projects")).status_code == 403
    assert "suspended" in client.get("/").content.decode()


def test_rights_are_asked_anew_within_fifteen_seconds():
    assert streams.BEAT + max(streams.IDLE, streams.BUSY) < 15


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("whole_studio", [True, False], ids=["studio", "seat"])
def test_an_open_stream_of_events_ends(people, monkeypatch, whole_studio):
    project = factories.make_project(people.owner)
    for name, seconds in (("BEAT", 0.05), ("IDLE", 0.02), ("LENGTH", 60)):
        monkeypatch.setattr(streams, name, seconds)
    client = AsyncClient()
    client.force_login(people.artist.person, "allauth.account.auth_backends.AuthenticationBackend")

    def shut():
        suspend_studio(people.studio) if whole_studio else suspend_seat(people.artist)

    async def hear():
        response = await client.get(reverse("takes:events", args=[project.pk]))
        beats = 0
        async for chunk in response.streaming_content:
            if b"still here" in chunk:
                beats += 1
                if beats == 1:
                    await asyncio.to_thread(in_a_thread_of_its_own, shut)
        return beats

    async def in_time():
        return await asyncio.wait_for(hear(), 15)

    assert async_to_sync(in_time)() >= 1


def in_a_thread_of_its_own(call):
    from django.db import connection

    try:
        call()
    finally:
        connection.close()
