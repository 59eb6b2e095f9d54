"""The platform API as a program meets it."""

import io
from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.utils import timezone
from PIL import Image

from accounts import actions as accounts
from api import urls
from audit.actions import Actor
from audit.models import Record
from generation.models import Artifact, Event, Job
from takes import tasks
from takes.models import Project, Take
from tests import factories

WORDS = "a red balloon rises over the sea at night"


class Program:
    """A client with a key. Every call sends JSON and gives (status, body)."""

    def __init__(self, client, seat, scopes=("takes:read", "takes:write", "credits:read"), **key):
        self.client, self.seat = client, seat
        self.key, self.secret = accounts.create_key(
            seat=seat, name="test", scopes=scopes, expires_at=None, actor=Actor.of_seat(seat), **key
        )

    def get(self, path, **query):
        return self._call("get", path, query)

    def post(self, path, body=None, key=None, **more):
        headers = {"Idempotency-Key": key} if key else {}
        return self._call("post", path, body or {}, headers=headers, content_type="application/json", **more)

    def _call(self, method, path, data, headers=None, **more):
        headers = {"Authorization": f"Bearer {self.secret}"} | (headers or {})
        answer = getattr(self.client, method)(f"/api/v1/{path}", data, headers=headers, **more)
        return answer.status_code, answer.json()


@pytest.fixture
def program(client, db):
    return Program(client, factories.make_seat("owner", studio=factories.make_studio(tier="studio")))


@pytest.fixture
def project(program):
    return factories.make_project(program.seat)


def test_a_program_goes_the_whole_way_from_words_to_clip(program, django_assert_max_num_queries):
    status, project = program.post("projects/", {"name": "Tidewater"}, key="p")
    assert (status, project["name"]) == (201, "Tidewater")
    base = f"projects/{project['id']}/"

    status, told = program.post(f"{base}preflight/", {"prompt": WORDS})
    assert (status, told["runs"], told["verdict"]) == (200, True, "allow")

    status, take = program.post(f"{base}takes/", {"prompt": WORDS, "seed": 7}, key="t")
    assert (status, take["state"], take["seed"], take["price"]) == (201, "queued", 7, told["price"])
    assert take["jobs_ahead"] == 0

    job = Job.objects.get(pk=Take.objects.get().job_id)
    stored = default_storage.save("clip.mp4", ContentFile(b"a clip"))
    Artifact.objects.create(
        job=job, kind="clip", file=stored, media_type="video/mp4", sha256="0" * 64, bytes=6, width=112, height=64,
        frames=17, fps_num=8, fps_den=1,
    )  # fmt: skip
    status, early = program.get(f"takes/{take['id']}/content/")
    assert (status, early["error"]["code"]) == (409, "not_ready")
    Event.objects.create(job=job, kind=Event.Kind.SUCCEEDED, payload={})
    tasks.read_outbox()

    status, done = program.get(f"takes/{take['id']}/")
    assert (status, done["state"], done["progress"]) == (200, "ready", 100)
    clip = program.client.get(
        f"/api/v1/takes/{take['id']}/content/", headers={"Authorization": f"Bearer {program.secret}"}
    )
    assert b"".join(clip.streaming_content) == b"a clip"
    assert clip["Content-Type"] == "video/mp4"

    status, remix = program.post(f"takes/{take['id']}/remix/", {"prompt": "a blue fish"}, key="r")
    assert (status, remix["remix_of"], remix["seed"]) == (201, take["id"], 7)

    with django_assert_max_num_queries(15):
        status, listed = program.get(f"{base}takes/")
    assert [row["number"] for row in listed["data"]] == [2, 1]


def test_a_lost_answer_is_asked_for_again_without_doing_it_twice(program, project):
    path = f"projects/{project.pk}/takes/"
    first = program.post(path, {"prompt": WORDS}, key="same")
    again = program.post(path, {"prompt": WORDS}, key="same")
    assert first[0] == again[0] == 201
    assert first[1]["id"] == again[1]["id"]
    status, body = program.post(path, {"prompt": "other words"}, key="same")
    assert (status, body["error"]["code"]) == (409, "key_reused")
    assert Take.objects.count() == 1


def test_what_creates_something_needs_an_idempotency_key(program, project):
    for path in ("projects/", f"projects/{project.pk}/takes/"):
        status, body = program.post(path, {"prompt": WORDS, "name": "x"})
        assert (status, body["error"]["code"]) == (422, "key_needed")
    assert not Take.objects.exists()


def test_a_refusal_is_an_answer_that_names_the_rule(program, project):
    status, take = program.post(f"projects/{project.pk}/takes/", {"prompt": "a naked man"}, key="t")
    assert (status, take["state"], take["error"]["code"]) == (201, "refused", "sexual")
    assert take["findings"][0]["start"] == 2


@pytest.mark.parametrize(
    ("body", "status", "param"),
    [
        ({}, 400, "prompt"),
        ({"prompt": ""}, 400, "prompt"),
        ({"prompt": "x" * 30_000}, 400, "prompt"),
        ({"prompt": WORDS, "size": "big"}, 400, "size"),
        ({"prompt": WORDS, "size": "4096x2160"}, 422, "size"),
        ({"prompt": WORDS, "model": "unheard-of"}, 422, "model"),
        ({"prompt": WORDS, "frames": 4000}, 422, "frames"),
        ({"prompt": WORDS, "frames": "many"}, 400, "frames"),
        ({"prompt": WORDS, "reference": "00000000-0000-4000-8000-000000000000"}, 422, "reference"),
    ],
)
def test_bad_input_gets_the_right_status_the_field_and_words(program, project, body, status, param):
    answer = program.post(f"projects/{project.pk}/takes/", body, key="t")
    assert answer[0] == status
    assert answer[1]["error"]["param"] == param
    assert answer[1]["error"]["message"]
    assert not Take.objects.exists()


def test_a_body_that_is_no_json_is_refused_in_words(program, project):
    answer = program.client.post(
        f"/api/v1/projects/{project.pk}/takes/",
        b"{not json",
        content_type="application/json",
        headers={"Authorization": f"Bearer {program.secret}", "Idempotency-Key": "t"},
    )
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "parse_error")


def test_an_empty_account_answers_402(program, project):
    from quotas import actions as ledger
    from quotas import queries as quotas

    studio = program.seat.studio
    ledger.hold(studio=studio, amount=quotas.balance(studio).available, key="drain")
    status, body = program.post(f"projects/{project.pk}/takes/", {"prompt": WORDS}, key="t")
    assert (status, body["error"]["code"], body["error"]["type"]) == (402, "out_of_credits", "insufficient_quota")


def test_an_image_is_sent_once_and_found_again(program, project):
    data = io.BytesIO()
    Image.linear_gradient("L").save(data, "PNG")
    headers = {"Authorization": f"Bearer {program.secret}"}

    def send():
        data.seek(0)
        data.name = "storm.png"
        return program.client.post(f"/api/v1/projects/{project.pk}/references/", {"file": data}, headers=headers)

    first, second = send(), send()
    assert first.status_code == second.status_code == 201
    assert first.json()["id"] == second.json()["id"]
    hostile = io.BytesIO(b"<svg/>")
    hostile.name = "a.png"
    answer = program.client.post(f"/api/v1/projects/{project.pk}/references/", {"file": hostile}, headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "unreadable_image")


# --- Who may ---------------------------------------------------------------------------------------------------------


def test_nothing_answers_without_a_key(client, db):
    for path in ("models/", "projects/", "credits/"):
        answer = client.get(f"/api/v1/{path}")
        assert answer.status_code == 401
        assert answer["WWW-Authenticate"] == "Bearer"
        assert answer.json()["error"]["type"] == "authentication_error"


@pytest.mark.parametrize("ruin", ["wrong secret", "revoked", "expired", "seat suspended", "studio suspended"])
def test_a_key_that_no_longer_counts_opens_nothing(program, ruin):
    now = timezone.now()
    if ruin == "wrong secret":
        program.secret = program.secret[:-3] + "xyz"
    elif ruin == "revoked":
        accounts.revoke_key(key=program.key, actor=Actor.of_seat(program.seat))
    elif ruin == "expired":
        program.key.__class__.objects.filter(pk=program.key.pk).update(
            created_at=now - timedelta(days=3), expires_at=now - timedelta(days=1)
        )
    else:
        row = program.seat if ruin == "seat suspended" else program.seat.studio
        row.suspended_at = now
        row.save()
    assert program.get("projects/")[0] in (401, 403)


@pytest.mark.parametrize(
    ("scopes", "path", "method", "status"),
    [
        (["takes:read"], "projects/", "get", 200),
        (["takes:read"], "projects/", "post", 403),
        (["takes:read"], "credits/", "get", 403),
        (["credits:read"], "credits/", "get", 200),
        (["credits:read"], "projects/", "get", 403),
        (["takes:write"], "models/", "get", 403),
    ],
)
def test_a_key_does_what_its_scopes_say_and_no_more(client, db, scopes, path, method, status):
    seat = factories.make_seat("owner", studio=factories.make_studio(tier="studio"))
    program = Program(client, seat, scopes)
    answer = program.get(path) if method == "get" else program.post(path, {"name": "x"}, key="p")
    assert answer[0] == status


def test_a_tier_without_the_api_is_told_so(client, db):
    seat = factories.make_seat("owner", studio=factories.make_studio(tier="first-ten"))
    status, body = Program(client, seat).get("projects/")
    assert status == 403
    assert "does not include the API" in body["error"]["message"]


def test_another_studio_finds_nothing_and_changes_nothing(client, program, project):
    take = factories.make_take(program.seat, project=project)
    stranger = Program(client, factories.make_seat("owner", studio=factories.make_studio(tier="studio")))
    for path in (
        f"projects/{project.pk}/",
        f"projects/{project.pk}/takes/",
        f"takes/{take.pk}/",
        f"takes/{take.pk}/content/",
    ):
        assert stranger.get(path)[0] == 404
    for path in (f"projects/{project.pk}/takes/", f"projects/{project.pk}/preflight/", f"takes/{take.pk}/remix/"):
        assert stranger.post(path, {"prompt": WORDS}, key="x")[0] == 404
    for path in (f"takes/{take.pk}/cancel/", f"takes/{take.pk}/retry/"):
        assert stranger.post(path, key="x")[0] == 404
    assert stranger.get("projects/")[1]["data"] == []
    take.refresh_from_db()
    assert take.state == Take.State.QUEUED


def test_what_a_key_does_is_recorded_as_the_keys_doing(program):
    program.post("projects/", {"name": "Tidewater"}, key="p")
    entry = Record.objects.get(action="project.created")
    assert (entry.actor_kind, entry.actor_id) == ("key", str(program.key.pk))
    assert Project.objects.get().created_by == program.seat


def test_a_seat_that_calls_too_often_is_asked_to_wait(program, monkeypatch):
    from api.throttling import SeatThrottle

    monkeypatch.setattr(SeatThrottle, "THROTTLE_RATES", {"seat": "3/min"})
    answers = [program.get("models/") for _ in range(4)]
    assert [status for status, _ in answers] == [200, 200, 200, 429]
    assert answers[-1][1]["error"]["type"] == "rate_limit_error"


# --- The rest --------------------------------------------------------------------------------------------------------


def test_credits_are_told_with_their_lots_and_entries(program, project):
    factories.make_take(program.seat, project=project)
    status, credits = program.get("credits/")
    assert status == 200
    assert credits["granted"] == credits["available"] + credits["held"] + credits["spent"]
    assert sum(lot["remaining"] for lot in credits["lots"]) == credits["available"]
    status, entries = program.get("credits/entries/")
    assert [row["kind"] for row in entries["data"]][:2] == ["hold", "grant"]


def test_lists_are_paged_to_the_end_without_a_row_lost_or_doubled(program, monkeypatch):
    made = {str(factories.make_project(program.seat, f"Project {n}").pk) for n in range(30)}
    seen, after = [], None
    while True:
        _, found = program.get("projects/", **({"after": after} if after else {}))
        seen += [row["id"] for row in found["data"]]
        after = found["next"]
        if after is None:
            break
    assert len(seen) == 30
    assert set(seen) == made


def test_an_unknown_address_answers_in_the_apis_own_form(client, db):
    answer = client.get("/api/v1/nothing/here")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


def test_the_description_is_public_and_names_every_address(client, db):
    described = client.get("/api/v1/openapi.json").json()
    addresses = {f"/api/v1/{one.pattern}".replace("<uuid:pk>", "{id}") for one in urls.urlpatterns if str(one.pattern)}
    assert set(described["paths"]) == addresses - {"/api/v1/openapi.json"}
    assert described["components"]["securitySchemes"]["key"]["scheme"] == "bearer"


def test_the_description_is_valid_openapi_and_leaves_nothing_unsaid(db, capsys):
    call_command("spectacular", "--validate", "--fail-on-warn", "--format", "openapi-json")


def test_models_are_listed_with_their_limits(program):
    _, models = program.get("models/")
    starter = next(model for model in models if model["id"] == "starter-1")
    assert starter["sizes"][0]["credits_per_second"] > 0
    assert starter["lengths"][0]["seconds"] == pytest.approx(2.125)
