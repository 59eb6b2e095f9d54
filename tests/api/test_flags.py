"""Flags for other systems: what is answered, to whom, at what cost, and what a stream tells."""

import asyncio
import json
import time
from datetime import timedelta

import pytest
from asgiref.sync import async_to_sync
from django.db import connections
from django.test import AsyncClient, Client
from django.utils import timezone

from access import snapshot
from access.models import Tier
from access.rollouts import actions
from access.rollouts.plan import StagePlan
from access.rollouts.rules import bucket_of
from access.tiers import actions as tiers
from accounts import actions as accounts
from accounts.models import Person, Seat
from api.flags import queries, rules, streams, views
from audit.actions import Actor
from tests import factories

HOUSE = Actor.house("tests")
FLAGS = "/ofrep/v1/evaluate/flags"
WHY = "for a test"
DAY = timedelta(days=1)


class Program:
    """A client with a key. Every call gives the response."""

    def __init__(self, seat, scopes=("flags:read",), header="Authorization"):
        self.seat = seat
        self.key, secret = accounts.create_key(
            seat=seat, name="test", scopes=scopes, expires_at=None, actor=Actor.of_seat(seat)
        )
        self.headers = {header: f"Bearer {secret}" if header == "Authorization" else secret}
        self.client = Client(headers=self.headers)

    def ask(self, flag, target, **headers):
        body = {"context": {"targetingKey": target}}
        address = f"{FLAGS}/{flag}" if flag else FLAGS
        return self.client.post(address, body, content_type="application/json", headers=headers)

    def told(self, flag, target):
        """(value, reason, why) of one flag."""
        answer = self.ask(flag, target)
        assert answer.status_code == 200, answer.content
        found = answer.json()
        return found["value"], found["reason"], found["metadata"]["why"]


def tier(slug):
    return Tier.objects.get(slug=slug)


def whole(*slugs, ppm=1_000_000):
    return StagePlan("All", tuple(tier(slug) for slug in slugs), (ppm,))


def open_next(rollout):
    rollout.refresh_from_db()
    actions.open_stage(rollout=rollout, position=rollout.position + 1, version=rollout.version, actor=HOUSE)
    rollout.refresh_from_db()
    return rollout


def finish(rollout):
    actions.finish(rollout=rollout, version=rollout.version, reason=WHY, actor=HOUSE)


def studio_key(studio):
    return f"studio:{studio.slug}"


def seat_key(seat):
    return f"seat:{seat.pk}"


@pytest.fixture
def lab(db):
    """A service of the lab's: its key asks about anybody."""
    return Program(factories.make_seat("owner", person=factories.make_person(duties=["operator"])))


@pytest.fixture
def own(db):
    return Program(factories.make_seat("owner"))


# --- What is answered ------------------------------------------------------------------------------------------------


def test_an_answer_is_what_the_protocol_says_and_no_more(lab):
    rollout = open_next(factories.make_rollout(whole("studio")))
    studio = factories.make_studio()
    assert lab.ask("starter", studio_key(studio)).json() == {
        "key": "starter",
        "value": True,
        "reason": "TARGETING_MATCH",
        "variant": "on",
        "metadata": {
            "state": "open",
            "why": "admitted",
            "tier": "Studio",
            "stage": 1,
            "stage_name": "All",
            "bucket": bucket_of(rollout.salt, f"studio:{studio.pk}"),
        },
    }


def test_a_part_of_a_tier_is_split_by_bucket(lab):
    rollout = open_next(factories.make_rollout(whole("studio", ppm=500_000)))
    studios = [factories.make_studio(credits=0) for _ in range(12)]
    answers = {studio.pk: lab.ask("starter", studio_key(studio)).json() for studio in studios}
    for pk, found in answers.items():
        bucket = bucket_of(rollout.salt, f"studio:{pk}")
        assert (found["metadata"]["bucket"], found["value"]) == (bucket, bucket < 500_000)
        assert found["reason"] == "SPLIT"
        assert found["variant"] == ("on" if found["value"] else "off")
    assert {found["metadata"]["why"] for found in answers.values()} <= {"admitted", "not_yet"}


def test_everything_else_that_decides_has_a_reason_and_a_why(lab):
    studio, lone = factories.make_studio(), factories.make_studio(tier=None)
    rollout = factories.make_rollout(whole("studio"))
    assert lab.told("starter", studio_key(studio)) == (False, "TARGETING_MATCH", "not_yet")
    open_next(rollout)
    assert lab.told("starter", studio_key(studio)) == (True, "TARGETING_MATCH", "admitted")
    assert lab.told("starter", studio_key(lone)) == (False, "TARGETING_MATCH", "no_tier")
    assert lab.told("starter", studio_key(factories.make_studio(tier="first-ten")))[2] == "not_invited"
    actions.list_by_name(rollout=rollout, kind="deny", studio=studio, reason=WHY, actor=HOUSE)
    assert lab.told("starter", studio_key(studio)) == (False, "TARGETING_MATCH", "denied")
    actions.list_by_name(rollout=rollout, kind="allow", studio=lone, reason=WHY, actor=HOUSE)
    assert lab.told("starter", studio_key(lone)) == (True, "TARGETING_MATCH", "allowed")
    other = factories.make_studio()
    actions.halt(rollout=rollout, reason=WHY, actor=HOUSE)
    assert lab.told("starter", studio_key(other)) == (False, "TARGETING_MATCH", "halted")
    actions.shut(rollout=rollout, reason=WHY, actor=HOUSE)
    assert lab.told("starter", studio_key(lone)) == (False, "DISABLED", "shut")
    assert lab.ask("starter", studio_key(lone)).json()["metadata"]["state"] == "shut"


def test_whoever_is_suspended_may_nothing(lab):
    open_next(factories.make_rollout(whole("studio")))
    finish(open_next(factories.make_rollout(whole("studio"), kind="feature", model="boards", name="Boards")))
    seat = factories.make_seat()
    refused = (False, "TARGETING_MATCH", "suspended")
    for column in ("suspended_at", "ended_at"):
        Seat.objects.filter(pk=seat.pk).update(**{column: timezone.now()})
        assert {lab.told(flag, seat_key(seat)) for flag in ("starter", "boards")} == {refused}
        assert lab.told("starter", studio_key(seat.studio))[0]
        Seat.objects.filter(pk=seat.pk).update(**{column: None})
    Person.objects.filter(pk=seat.person_id).update(is_active=False)
    assert lab.told("starter", seat_key(seat)) == refused
    accounts.suspend_studio(studio=seat.studio, actor=HOUSE)
    assert lab.told("starter", studio_key(seat.studio)) == refused


def test_people_are_asked_about_one_by_one(lab):
    rollout = open_next(factories.make_rollout(whole("studio", ppm=500_000), subject="person"))
    seat = factories.make_seat()
    found = lab.ask("starter", seat_key(seat)).json()
    assert found["metadata"]["bucket"] == bucket_of(rollout.salt, f"person:{seat.person_id}")
    answer = lab.ask("starter", studio_key(seat.studio))
    assert (answer.status_code, answer.json()["errorCode"]) == (400, "INVALID_CONTEXT")
    assert "seat:" in answer.json()["errorDetails"]
    (within,) = lab.ask("", studio_key(seat.studio)).json()["flags"]
    assert within == answer.json()
    actions.list_by_name(rollout=rollout, kind="allow", person=seat.person, reason=WHY, actor=HOUSE)
    assert lab.told("starter", seat_key(seat)) == (True, "TARGETING_MATCH", "allowed")


def test_a_seat_of_a_studio_has_its_studios_answer(lab):
    rollout = open_next(factories.make_rollout(whole("studio", ppm=500_000)))
    seat = factories.make_seat("guest")
    found = lab.ask("starter", seat_key(seat)).json()
    assert found == lab.ask("starter", studio_key(seat.studio)).json()
    assert found["metadata"]["bucket"] == bucket_of(rollout.salt, f"studio:{seat.studio_id}")


def test_a_finished_model_is_its_tiers_and_a_finished_feature_everybodys(lab):
    Tier.objects.filter(slug="first-ten").update(models=["another"])
    finish(open_next(factories.make_rollout(whole("studio"))))
    finish(open_next(factories.make_rollout(whole("studio"), kind="feature", model="boards", name="Boards")))
    in_tier, outside = factories.make_studio(), factories.make_studio(tier="first-ten")
    assert lab.told("starter", studio_key(in_tier)) == (True, "STATIC", "finished")
    assert lab.told("starter", studio_key(outside)) == (False, "STATIC", "finished")
    tiers.override(studio=outside, field="models", value=["*"], ends_at=timezone.now() + DAY, reason=WHY, actor=HOUSE)
    assert lab.told("starter", studio_key(outside)) == (True, "STATIC", "finished")
    assert lab.told("boards", studio_key(outside)) == (True, "STATIC", "finished")
    assert lab.told("boards", studio_key(factories.make_studio(tier=None)))[::2] == (False, "no_tier")
    factories.make_rollout(kind="feature", model="boards", name="Boards again")
    assert lab.told("boards", studio_key(outside)) == (False, "STATIC", "finished")


def test_the_published_buckets_are_the_ones_we_use():
    assert bucket_of("a", "studio:1") == 381166
    assert bucket_of("salt", "studio:1") == 64049
    assert bucket_of("salt", "studio:2") == 865939
    assert bucket_of("salt", "person:1") == 31468
    assert bucket_of("0f3c9a5b7d1e2468", "studio:1000000") == 734444


# --- All at once -----------------------------------------------------------------------------------------------------


def test_all_flags_come_at_once_with_a_tag_and_where_to_hear_of_changes(lab, settings):
    open_next(factories.make_rollout(whole("studio")))
    boards = factories.make_rollout(whole("studio"), kind="feature", model="boards", name="Boards")
    target = studio_key(factories.make_studio())
    first = lab.ask("", target)
    told = first.json()
    assert [(one["key"], one["value"]) for one in told["flags"]] == [("starter", True), ("boards", False)]
    assert told["flags"][0] == lab.ask("starter", target).json()
    assert told["metadata"] == {"subject": target, "tier": "Studio"}
    tag = first["ETag"]
    assert tag.startswith('"')
    (stream,) = told["eventStreams"]
    assert stream["type"] == "sse"
    assert stream["url"].startswith(f"{settings.SITE_URL}/ofrep/v1/events?targetingKey=studio%3A")
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = lab.ask("", target, **{"If-None-Match": known})
        assert (again.status_code, again.content, again["ETag"]) == (304, b"", tag)
    assert lab.ask("", target, **{"If-None-Match": '"other"'}).status_code == 200
    assert lab.ask("", studio_key(factories.make_studio()))["ETag"] != tag
    open_next(boards)
    changed = lab.ask("", target, **{"If-None-Match": tag})
    assert changed.status_code == 200
    assert changed["ETag"] != tag


def test_who_was_told_of_a_change_is_not_answered_with_what_was_before(own, monkeypatch):
    factories.make_rollout()
    own.ask("", studio_key(own.seat.studio))
    looks = []
    monkeypatch.setattr(snapshot, "_mark", lambda: looks.append(1) or snapshot._kept.mark)
    own.ask("", studio_key(own.seat.studio))
    assert not looks
    body = {"context": {"targetingKey": studio_key(own.seat.studio)}}
    assert own.client.post(f"{FLAGS}?flagConfigEtag=x", body, content_type="application/json").status_code == 200
    assert looks


def test_what_is_asked_costs_the_same_however_many_flags_there_are(lab, own, django_assert_max_num_queries):
    for number in range(15):
        open_next(factories.make_rollout(whole("studio"), kind="feature", model=f"f{number}", name=f"F {number}"))
    seat = factories.make_seat(studio=own.seat.studio)
    for program, target, most in (
        (own, studio_key(seat.studio), 3),  # the key, its rights, whom it is about
        (own, seat_key(own.seat), 3),
        (own, seat_key(seat), 4),
        (lab, seat_key(seat), 5),  # and the key's duty
        (lab, studio_key(seat.studio), 5),
    ):
        for flag in ("", "f-3"):
            program.ask(flag, target)
            with django_assert_max_num_queries(most):
                assert program.ask(flag, target).status_code == 200
    for target in (studio_key(own.seat.studio), seat_key(seat)):
        with django_assert_max_num_queries(2):
            told, _ = queries.bulk_for(queries.subject_for(own.key, rules.target_of(target)))
    assert len(told["flags"]) == 15


# --- Who may ask -----------------------------------------------------------------------------------------------------


def test_either_header_opens_and_nothing_else_does(own):
    factories.make_rollout()
    target = studio_key(own.seat.studio)
    assert Program(own.seat, header="X-API-Key").ask("starter", target).status_code == 200
    for headers in ({}, {"X-API-Key": "sd_nonsense"}, {"Authorization": "Bearer sd_nonsense"}, {"X-API-Key": "\0"}):
        own.client = Client(headers=headers)
        for flag in ("", "starter"):
            answer = own.ask(flag, target)
            assert answer.status_code == 401
            assert answer["WWW-Authenticate"] == "Bearer"
            assert answer.json()["errorCode"] == "GENERAL"
        assert own.client.get("/ofrep/v1/events").status_code == 401


def test_a_key_without_the_scope_or_the_tier_is_told_so(db):
    seat = factories.make_seat("owner")
    answer = Program(seat, ["takes:read", "takes:write", "credits:read"]).ask("starter", studio_key(seat.studio))
    assert (answer.status_code, answer.json()["key"]) == (403, "starter")
    assert "flags:read" in answer.json()["errorDetails"]
    small = factories.make_seat("owner", studio=factories.make_studio(tier="first-ten"))
    answer = Program(small).ask("", studio_key(small.studio))
    assert (answer.status_code, "key" in answer.json()) == (403, False)
    assert "does not include the API" in answer.json()["errorDetails"]


def test_a_studio_asks_about_itself_and_learns_nothing_of_others(own):
    factories.make_rollout()
    colleague, stranger = factories.make_seat(studio=own.seat.studio), factories.make_seat()
    for target in (studio_key(own.seat.studio), seat_key(own.seat), seat_key(colleague)):
        assert own.ask("", target).status_code == 200
    refused = set()
    for target in (studio_key(stranger.studio), seat_key(stranger), "studio:never-was", "seat:999999999"):
        for flag in ("", "starter"):
            answer = own.ask(flag, target)
            assert answer.status_code == 403
            refused.add(answer.json()["errorDetails"])
        assert own.client.get("/ofrep/v1/events", {"targetingKey": target}).status_code == 403
    assert len(refused) == 1


@pytest.mark.parametrize(("duty", "status"), [("operator", 200), ("access_lead", 200), ("reviewer", 403)])
def test_a_duty_opens_every_subject(db, duty, status):
    program = Program(factories.make_seat(person=factories.make_person(duties=[duty])))
    assert program.ask("", seat_key(factories.make_seat())).status_code == status


def test_whom_the_lab_does_not_find_is_said(lab):
    factories.make_rollout()
    for target in ("studio:never-was", "seat:999999999", "seat:0"):
        for flag in ("", "starter"):
            answer = lab.ask(flag, target)
            assert (answer.status_code, answer.json()["errorCode"]) == (400, "INVALID_CONTEXT")


def test_a_flag_that_is_not_there_is_not_found(own):
    for key in ("never-was", "\0", "ü/b", "a" * 3000, "%FF"):
        answer = own.ask(key, studio_key(own.seat.studio))
        assert (answer.status_code, answer.json()["errorCode"]) == (404, "FLAG_NOT_FOUND")
        assert answer.json()["key"]


def test_a_key_that_asks_too_often_is_told_when_to_come_back(own, settings):
    settings.FLAGS_RATE = "3/day"  # a window that does not turn meanwhile
    factories.make_rollout()
    target = studio_key(own.seat.studio)
    answers = [own.ask(flag, target) for flag in ("", "starter", "starter", "starter", "")]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    assert 1 <= int(answers[3]["Retry-After"]) <= 86_400
    assert answers[3].json()["errorCode"] == "GENERAL"
    assert Program(own.seat).ask("starter", target).status_code == 200  # another key has a count of its own


# --- What nobody sends by mistake ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("", "PARSE_ERROR"),
        ("{", "PARSE_ERROR"),
        ("[]", "PARSE_ERROR"),
        ("null", "PARSE_ERROR"),
        ('"studio:x"', "PARSE_ERROR"),
        ("[" * 200_000, "PARSE_ERROR"),
        ('{"a":' * 100_000, "PARSE_ERROR"),
        ('{"context": NaN}', "PARSE_ERROR"),
        ('{"context": ' + "9" * 5000 + "}", "PARSE_ERROR"),
        (b"\xff\xfe\x00", "PARSE_ERROR"),
        ("{}", "TARGETING_KEY_MISSING"),
        ('{"context": null}', "TARGETING_KEY_MISSING"),
        ('{"context": {}}', "TARGETING_KEY_MISSING"),
        ('{"context": {"targetingKey": null}}', "TARGETING_KEY_MISSING"),
        ('{"context": {"targetingKey": ""}}', "TARGETING_KEY_MISSING"),
        ('{"context": []}', "INVALID_CONTEXT"),
        ('{"context": "studio:x"}', "INVALID_CONTEXT"),
        ('{"context": {"targetingKey": 7}}', "INVALID_CONTEXT"),
        ('{"context": {"targetingKey": ["seat:1"]}}', "INVALID_CONTEXT"),
        ('{"context": {"targetingKey": {"seat": 1}}}', "INVALID_CONTEXT"),
        ('{"context": {"targetingKey": "lantern"}}', "INVALID_CONTEXT"),
        ('{"context": {"targetingKey": "seat:-1"}}', "INVALID_CONTEXT"),
        ('{"context": {"targetingKey": "seat:²"}}', "INVALID_CONTEXT"),
        ('{"context": {"targetingKey": "seat:1\\n"}}', "INVALID_CONTEXT"),
        ('{"context": {"targetingKey": "studio:a\\u0000b"}}', "INVALID_CONTEXT"),
        ('{"context": {"targetingKey": "studio:\\ud800"}}', "INVALID_CONTEXT"),
        ('{"context": {"targetingKey": "seat:' + "9" * 400 + '"}}', "INVALID_CONTEXT"),
    ],
)
def test_a_body_that_cannot_be_answered_is_refused_in_words(own, body, code):
    factories.make_rollout()
    for address in (FLAGS, f"{FLAGS}/starter"):
        answer = own.client.post(address, body, content_type="application/json")
        assert (answer.status_code, answer.json()["errorCode"]) == (400, code)
        assert answer.json()["errorDetails"]
        assert ("key" in answer.json()) == (address != FLAGS)


def test_a_body_longer_than_any_question_is_not_read(own, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    body = {"context": {"targetingKey": studio_key(own.seat.studio), "more": "x" * 1000}}
    answer = own.client.post(FLAGS, body, content_type="application/json")
    assert (answer.status_code, answer.json()["errorCode"]) == (400, "PARSE_ERROR")


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x"])
def test_what_kind_of_text_a_client_says_it_sends_does_not_matter(own, kind):
    body = json.dumps({"context": {"targetingKey": studio_key(own.seat.studio), "country": "pt", "plan": ["a"]}})
    strict = Client(headers=own.headers, enforce_csrf_checks=True)
    answer = strict.generic("POST", FLAGS, body, content_type=kind, headers={"Accept": "text/event-stream"})
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")


@pytest.mark.parametrize("header", ['"', "W/", ",,,,", '"a" "b"', "\0", "é" * 500])
def test_a_tag_that_is_none_matches_nothing(own, header):
    assert own.ask("", studio_key(own.seat.studio), **{"If-None-Match": header}).status_code == 200


# --- The stream ------------------------------------------------------------------------------------------------------


@pytest.fixture
def listen(monkeypatch):
    """Open the stream with a program's key, do something once it is open, and gather what comes."""
    monkeypatch.setattr(streams, "LOOK", 0.02)
    monkeypatch.setattr(streams, "LENGTH", 1.0)
    monkeypatch.setattr(snapshot, "LOOK_EVERY", 0.0)

    def listened(program, meanwhile=lambda: None, headers=None, **query):
        async def hear():
            sent = program.headers | (headers or {})
            response = await AsyncClient().get("/ofrep/v1/events", query, headers=sent)
            text = ""
            if response.streaming:
                changing = None
                async for chunk in response.streaming_content:
                    text += chunk.decode()
                    if changing is None:
                        changing = asyncio.ensure_future(asyncio.to_thread(later, meanwhile))
                await changing
            return response, text

        async def in_time():
            return await asyncio.wait_for(hear(), 20)

        return async_to_sync(in_time)()

    return listened


def later(change):
    time.sleep(0.3)
    try:
        change()
    finally:
        connections.close_all()


def events(text):
    return [json.loads(line.removeprefix("data: ")) for line in text.splitlines() if line.startswith("data: ")]


@pytest.mark.django_db(transaction=True)
def test_the_stream_tells_of_a_change_once_and_ends_by_itself(own, listen, monkeypatch):
    monkeypatch.setattr(streams, "BEAT", 0.1)
    rollout = open_next(factories.make_rollout(whole("studio")))
    response, text = listen(own, lambda: actions.halt(rollout=rollout, reason=WHY, actor=HOUSE))
    assert (response["Content-Type"], response["Cache-Control"]) == ("text/event-stream", "no-store")
    assert text.startswith("retry: 2000\n\n")
    assert ": still here\n\n" in text
    assert events(text) == [{"type": "refetchEvaluation", "etag": snapshot.current().mark}]
    assert f"id: {snapshot.current().mark}\n" in text
    assert own.key.pk not in streams._open_streams


@pytest.mark.django_db(transaction=True)
def test_the_stream_of_one_subject_tells_what_changes_for_them_and_nothing_else(own, listen, monkeypatch):
    monkeypatch.setattr(streams, "BEAT", 0.1)
    rollout = open_next(factories.make_rollout(whole("studio")))
    target, stranger = studio_key(own.seat.studio), factories.make_studio()

    def list_us():
        actions.list_by_name(rollout=rollout, kind="deny", studio=own.seat.studio, reason=WHY, actor=HOUSE)

    def list_others():
        actions.list_by_name(rollout=rollout, kind="deny", studio=stranger, reason=WHY, actor=HOUSE)
        tiers.place(studio=stranger, tier=tier("lab"), reason=WHY, actor=HOUSE)

    _, text = listen(own, list_others, targetingKey=target)
    assert events(text) == []
    before = own.ask("", target)["ETag"].strip('"')
    _, text = listen(own, list_us, targetingKey=target, since=before)
    after = own.ask("", target)["ETag"].strip('"')
    assert events(text) == [{"type": "refetchEvaluation", "etag": after}]
    # Whoever comes late, with what they know, is told at once; with what is so, not at all.
    assert [one["etag"] for one in events(listen(own, targetingKey=target, since=before)[1])] == [after]
    assert events(listen(own, targetingKey=target, since=after)[1]) == []
    assert events(listen(own, headers={"Last-Event-ID": after}, targetingKey=target, since=before)[1]) == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("end", ["key", "studio", "scope"])
def test_rights_that_are_gone_end_the_stream_at_the_next_beat(own, listen, monkeypatch, end):
    monkeypatch.setattr(streams, "BEAT", 0.1)
    monkeypatch.setattr(streams, "LENGTH", 15.0)

    def shut():
        if end == "key":
            accounts.revoke_key(key=own.key, actor=HOUSE)
        elif end == "studio":
            accounts.suspend_studio(studio=own.seat.studio, actor=HOUSE)
        else:
            own.key.scopes = ["takes:read"]
            own.key.save()

    _, text = listen(own, shut, targetingKey=studio_key(own.seat.studio))
    assert text.startswith("retry: 2000\n\n")
    assert events(text) == []


@pytest.mark.django_db(transaction=True)
def test_a_key_has_so_many_streams_and_no_more(own, listen, monkeypatch):
    monkeypatch.setitem(streams._open_streams, own.key.pk, streams.MOST_STREAMS)
    response, _ = listen(own)
    assert (response.status_code, response["Retry-After"]) == (429, "60")
    assert listen(Program(own.seat))[0].status_code == 200


@pytest.mark.parametrize("query", [{"targetingKey": "\0"}, {"targetingKey": "seat:x"}, {"since": "x" * 65}])
def test_a_stream_that_is_asked_for_amiss_is_refused(own, query):
    assert own.client.get("/ofrep/v1/events", query).status_code == 400


def test_the_scope_is_the_views_own():
    assert views.SCOPE in accounts.SCOPES
