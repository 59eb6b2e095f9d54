"""The files of takes. Every byte goes through a view that knows the seat: no address of the storage is ever given out.

Ranges are honoured, because a browser seeks in a clip by asking for parts of it (RFC 9110, section 14).
"""

import re
import uuid
from collections.abc import AsyncIterator, Iterator
from typing import IO

from asgiref.sync import sync_to_async
from django.core.files.storage import default_storage
from django.core.handlers.asgi import ASGIRequest
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from generation.models import Artifact, Job
from takes import queries
from takes.doors import door, reference_or_404, take_or_404
from takes.models import Take

CHUNK = 256 * 1024
# An artifact's address always gives the same bytes; only the studio's own browsers may keep them.
FOREVER = "private, max-age=31536000, immutable"
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


@require_safe
@door
def clip(request: HttpRequest, pk: uuid.UUID) -> HttpResponseBase:
    return _file(request, _ready(take_or_404(request, pk), Artifact.Kind.CLIP))


@require_safe
@door
def download(request: HttpRequest, pk: uuid.UUID) -> HttpResponseBase:
    """The clip, to be kept under a name that says what it is."""
    take = take_or_404(request, pk)
    artifact = _ready(take, Artifact.Kind.CLIP)
    response = _file(request, artifact)
    if response.status_code in (200, 206):
        response["Content-Disposition"] = content_disposition_header(True, queries.file_name(take, artifact))
    return response


@require_safe
@door
def poster(request: HttpRequest, pk: uuid.UUID) -> HttpResponseBase:
    return _file(request, _ready(take_or_404(request, pk), Artifact.Kind.POSTER))


@require_safe
@door
def sprite(request: HttpRequest, pk: uuid.UUID) -> HttpResponseBase:
    return _file(request, _ready(take_or_404(request, pk), Artifact.Kind.SPRITE))


@require_safe
@door
def preview(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """The picture as it stands while it renders: a small JPEG."""
    take = take_or_404(request, pk)
    picture = Job.objects.filter(pk=take.job_id).values_list("preview", flat=True).first() if take.job_id else None
    if not picture:
        raise Http404
    return HttpResponse(bytes(picture), content_type="image/jpeg", headers={"Cache-Control": "private, max-age=60"})


@require_safe
@door
def reference(request: HttpRequest, pk: uuid.UUID) -> HttpResponseBase:
    image = reference_or_404(request, pk)
    return serve(request, name=image.file, media_type="image/jpeg", size=image.size, tag=image.sha256)


def _ready(take: Take, kind: Artifact.Kind) -> Artifact:
    """The file of a take that is ready. Before, nobody has decided that what was rendered may be seen: 404."""
    artifact = Artifact.objects.filter(job_id=take.job_id, kind=kind).first() if take.job_id else None
    if artifact is None or take.state != Take.State.READY:
        raise Http404
    return artifact


def _file(request: HttpRequest, artifact: Artifact) -> HttpResponseBase:
    return serve(request, name=artifact.file, media_type=artifact.media_type, size=artifact.bytes, tag=artifact.sha256)


def serve(request: HttpRequest, *, name: str, media_type: str, size: int, tag: str) -> HttpResponseBase:
    """A file of the default storage: 200, 206 for one range, 304 for one that is known, 416 for a range beyond it."""
    etag = f'"{tag}"'
    headers = {
        "ETag": etag,
        "Cache-Control": FOREVER,
        "Accept-Ranges": "bytes",
        "X-Content-Type-Options": "nosniff",
        # A file from the house's storage is shown, never run, even when opened by itself.
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    known = {one.strip().removeprefix("W/") for one in request.headers.get("If-None-Match", "").split(",")}
    if etag in known or "*" in known:
        return HttpResponse(status=304, headers=headers)
    start, end, status = 0, size - 1, 200
    asked = request.headers.get("Range", "")
    if asked and request.headers.get("If-Range", etag) == etag and (part := _part(asked, size)) is not None:
        start, end = part
        if start > end:
            return HttpResponse(status=416, headers=headers | {"Content-Range": f"bytes */{size}"})
        status = 206
        headers["Content-Range"] = f"bytes {start}-{end}/{size}"
    headers["Content-Length"] = str(end - start + 1)
    if request.method == "HEAD":
        return HttpResponse(status=status, content_type=media_type, headers=headers)
    try:
        file = default_storage.open(name)
    except FileNotFoundError:
        raise Http404 from None
    file.seek(start)
    body = _chunks(file, end - start + 1)
    return StreamingHttpResponse(
        _afar(body) if isinstance(request, ASGIRequest) else body,
        status=status,
        content_type=media_type,
        headers=headers,
    )


def _part(asked: str, size: int) -> tuple[int, int] | None:
    """First and last byte of a Range header; the first beyond the last where nothing of it exists.

    None for what is not one plain range of bytes: such a header is as good as none.
    """
    found = _RANGE.fullmatch(asked.strip())
    if found is None or found.groups() == ("", ""):
        return None
    first, last = found.groups()
    if not first:
        return (max(0, size - int(last)), size - 1) if int(last) else (1, 0)
    start, end = int(first), min(int(last) if last else size - 1, size - 1)
    if last and int(last) < start:
        return None
    return (start, end) if start < size else (1, 0)


def _chunks(file: IO[bytes], left: int) -> Iterator[bytes]:
    with file:
        while left and (chunk := file.read(min(CHUNK, left))):
            left -= len(chunk)
            yield chunk


async def _afar(chunks: Iterator[bytes]) -> AsyncIterator[bytes]:
    """The same without keeping the event loop waiting for a disk or a bucket."""
    read = sync_to_async(lambda: next(chunks, b""), thread_sensitive=False)
    while chunk := await read():
        yield chunk
