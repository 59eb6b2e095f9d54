"""Files of takes by HTTP: whole, in ranges, known already, and never to another studio."""

import io

import av
import pytest
from asgiref.sync import async_to_sync
from django.test import AsyncClient
from django.urls import reverse

from generation.models import Artifact
from takes.media import _part
from tests import factories
from tests.takes.projection import begin, project


@pytest.fixture
def ready(people):
    made = factories.make_project(people.owner, "Tide/water: “one”")
    return project(factories.make_take(people.artist, project=made))


@pytest.fixture
def clip(ready):
    return reverse("takes:clip", args=[ready.pk])


def body(response) -> bytes:
    return b"".join(response.streaming_content)


def size_of(take, kind="clip") -> int:
    return Artifact.objects.get(job_id=take.job_id, kind=kind).bytes


def test_a_clip_comes_whole_with_what_a_browser_needs_to_keep_it(people, sign_in, ready, clip):
    response = sign_in(people.guest).get(clip)
    data = body(response)
    assert response.status_code == 200
    assert len(data) == int(response["Content-Length"]) == size_of(ready)
    assert response["Content-Type"] == "video/mp4"
    assert response["Accept-Ranges"] == "bytes"
    assert response["Cache-Control"] == "private, max-age=31536000, immutable"
    assert response["X-Content-Type-Options"] == "nosniff"
    with av.open(io.BytesIO(data)) as video:
        assert sum(1 for _ in video.decode(video=0)) == 17


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [("bytes=0-", 0, None), ("bytes=10-19", 10, 19), ("bytes=-5", -5, None), ("bytes=100-99999999", 100, None)],
)
def test_a_range_gives_exactly_that_part(people, sign_in, ready, clip, asked, start, end):
    client = sign_in(people.guest)
    whole = body(client.get(clip))
    part = client.get(clip, headers={"Range": asked})
    expected = whole[start : end + 1 if end else None]
    assert part.status_code == 206
    assert body(part) == expected
    first = start if start >= 0 else len(whole) + start
    assert part["Content-Range"] == f"bytes {first}-{first + len(expected) - 1}/{len(whole)}"
    assert int(part["Content-Length"]) == len(expected)


@pytest.mark.parametrize("asked", ["bytes=99999999-", "bytes=-0"])
def test_a_range_beyond_the_end_says_how_long_the_file_is(people, sign_in, ready, clip, asked):
    response = sign_in(people.guest).get(clip, headers={"Range": asked})
    assert response.status_code == 416
    assert response["Content-Range"] == f"bytes */{size_of(ready)}"


@pytest.mark.parametrize(
    "asked", ["bytes=5-2", "bytes=0-1,4-5", "lines=1-2", "bytes=", "bytes=-", "bytes=" + "9" * 5000]
)
def test_a_header_that_is_no_range_is_as_good_as_none(people, sign_in, clip, asked):
    assert sign_in(people.guest).get(clip, headers={"Range": asked}).status_code == 200


def test_what_the_browser_has_is_not_sent_again(people, sign_in, clip):
    client = sign_in(people.guest)
    etag = client.get(clip)["ETag"]
    assert client.get(clip, headers={"If-None-Match": f'"other", W/{etag}'}).status_code == 304
    assert client.get(clip, headers={"If-None-Match": '"other"'}).status_code == 200
    assert client.get(clip, headers={"Range": "bytes=0-1", "If-Range": etag}).status_code == 206
    assert client.get(clip, headers={"Range": "bytes=0-1", "If-Range": '"other"'}).status_code == 200


def test_the_head_of_a_file_is_its_headers_alone(people, sign_in, ready, clip):
    response = sign_in(people.guest).head(clip)
    assert response["Content-Length"] == str(size_of(ready))
    assert response.content == b""


def test_a_download_is_named_after_its_project_and_number(people, sign_in, ready):
    response = sign_in(people.guest).get(reverse("takes:download", args=[ready.pk]))
    assert response["Content-Disposition"] == 'attachment; filename="Tidewater one take 1.mp4"'


@pytest.mark.parametrize(("name", "kind"), [("poster", "poster"), ("sprite", "sprite")])
def test_poster_and_sprite_are_pictures(people, sign_in, ready, name, kind):
    response = sign_in(people.guest).get(reverse(f"takes:{name}", args=[ready.pk]))
    assert response["Content-Type"] == "image/jpeg"
    assert len(body(response)) == size_of(ready, kind)


def test_a_preview_is_there_while_it_renders_and_the_clip_only_afterwards(people, sign_in):
    take = factories.make_take(people.owner)
    client = sign_in(people.guest)
    preview = reverse("takes:preview", args=[take.pk])
    assert client.get(preview).status_code == 404
    begin(take, step=1, preview=b"\xff\xd8jpeg")
    assert client.get(preview).content == b"\xff\xd8jpeg"
    assert client.get(reverse("takes:clip", args=[take.pk])).status_code == 404


@pytest.mark.parametrize("name", ["clip", "download", "poster", "sprite", "preview"])
def test_no_file_is_there_for_a_stranger_or_for_somebody_who_is_not_signed_in(people, sign_in, client, ready, name):
    address = reverse(f"takes:{name}", args=[ready.pk])
    assert client.get(address).status_code == 302
    assert sign_in(people.stranger).get(address).status_code == 404


def test_a_file_that_the_storage_lost_is_not_found(people, sign_in, ready, clip, files):
    for path in files.rglob("clip.mp4"):
        path.unlink()
    assert sign_in(people.guest).get(clip).status_code == 404


@pytest.mark.django_db(transaction=True)
def test_an_asgi_server_sends_the_same_bytes(people, sign_in, ready, clip):
    whole = body(sign_in(people.guest).get(clip))
    client = AsyncClient()
    client.force_login(people.guest.person, "allauth.account.auth_backends.AuthenticationBackend")

    async def fetch() -> bytes:
        response = await client.get(clip, headers={"Range": "bytes=1000-"})
        assert response.status_code == 206
        return b"".join([chunk async for chunk in response.streaming_content])

    assert async_to_sync(fetch)() == whole[1000:]


def test_every_range_stays_inside_the_file():
    for size in (1, 2, 10):
        for asked in [f"bytes={a}-{b}" for a in ("", 0, 1, 9, 12) for b in ("", 0, 1, 9, 12)]:
            part = _part(asked, size)
            assert part is None or part == (1, 0) or 0 <= part[0] <= part[1] < size
