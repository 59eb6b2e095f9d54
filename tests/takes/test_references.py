"""Pictures from outside: whatever is sent, what is kept is a clean still JPEG, or nothing."""

import io
import struct
import zlib

import pytest
from django.core.files.storage import default_storage
from PIL import Image

from takes import project_actions
from takes.errors import Invalid, NotAllowed, Problem, TooLarge
from takes.models import Reference
from takes.references import MAX_BYTES, STORED_SIDE, clean
from tests import factories


def encoded(image: Image.Image, format: str = "PNG", **how) -> io.BytesIO:
    out = io.BytesIO()
    image.save(out, format, **how)
    out.seek(0)
    return out


def photo(width=640, height=360, mode="RGB") -> Image.Image:
    return Image.linear_gradient("L").resize((width, height)).convert(mode)


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP"])
def test_a_still_picture_becomes_a_jpeg_of_the_same_size(format):
    picture = clean(encoded(photo(), format))
    kept = Image.open(io.BytesIO(picture.content))
    assert (kept.format, kept.size, kept.mode) == ("JPEG", (640, 360), "RGB")
    assert (picture.width, picture.height) == (640, 360)


def test_nothing_but_pixels_survives():
    exif = Image.Exif()
    exif[0x010E] = "taken at home, 12 Ash Lane"
    sent = encoded(photo(), "JPEG", exif=exif, comment=b"12 Ash Lane", icc_profile=b"12 Ash Lane")
    sent = io.BytesIO(sent.getvalue() + b"<script>12 Ash Lane</script>")
    picture = clean(sent)
    assert b"Ash Lane" not in picture.content
    kept = Image.open(io.BytesIO(picture.content))
    assert not kept.getexif()
    assert "icc_profile" not in kept.info


def test_a_picture_is_turned_upright_before_its_orientation_is_forgotten():
    exif = Image.Exif()
    exif[0x0112] = 6
    assert (clean(encoded(photo(), "JPEG", exif=exif)).width, 360) == (360, 360)


def test_transparency_lies_on_white():
    picture = clean(encoded(Image.new("RGBA", (64, 64), (0, 0, 0, 0))))
    assert min(Image.open(io.BytesIO(picture.content)).getpixel((5, 5))) > 250


def test_a_large_picture_is_made_smaller():
    assert clean(encoded(photo(6000, 4000, "L"), "JPEG")).width == STORED_SIDE


def bomb() -> io.BytesIO:
    """A PNG of a few kilobytes that claims 60,000 × 60,000 pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    return io.BytesIO(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 10_000_000))
        + chunk(b"IEND", b"")
    )


def animated() -> io.BytesIO:
    return encoded(photo(), "WEBP", save_all=True, append_images=[photo().rotate(90)])


@pytest.mark.parametrize(
    ("upload", "kind"),
    [
        (io.BytesIO(b""), Invalid),
        (io.BytesIO(b"not a picture"), Invalid),
        (io.BytesIO(b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"), Invalid),
        (io.BytesIO(encoded(photo(), "PNG").getvalue()[:900]), Invalid),
        (encoded(photo(), "GIF"), Invalid),
        (encoded(photo(), "TIFF"), Invalid),
        (encoded(photo(8, 400)), Invalid),
        (animated(), Invalid),
        (bomb(), Problem),
        (io.BytesIO(b"\xff\xd8\xff" + b"\0" * (MAX_BYTES + 1)), TooLarge),
    ],
    ids=["empty", "text", "svg", "cut short", "gif", "tiff", "sliver", "animated", "bomb", "too many bytes"],
)
def test_anything_else_is_refused_in_words(upload, kind):
    with pytest.raises(kind) as wrong:
        clean(upload)
    assert wrong.value.field == "reference"
    assert wrong.value.message.endswith(".")


@pytest.fixture
def seat(db):
    return factories.make_seat("owner", studio=factories.make_studio(tier="studio"))


def add(seat, project, upload=None, name="storm.png"):
    return project_actions.add_reference(seat=seat, project=project, upload=upload or encoded(photo()), name=name)


def test_the_same_picture_is_kept_once_in_a_project(seat):
    project = factories.make_project(seat)
    first = add(seat, project)
    assert add(seat, project, name="again.png") == first
    assert default_storage.exists(first.file)
    assert add(seat, factories.make_project(seat)) != first


def test_a_refused_picture_leaves_no_row_and_no_file(seat, files):
    project = factories.make_project(seat)
    with pytest.raises(Invalid):
        add(seat, project, io.BytesIO(b"not a picture"))
    assert not Reference.objects.exists()
    assert not list(files.rglob("*.*"))


def test_a_tier_without_references_takes_none(db):
    seat = factories.make_seat("owner", studio=factories.make_studio(tier="first-ten"))
    with pytest.raises(NotAllowed):
        add(seat, factories.make_project(seat))


def test_a_model_that_works_from_words_alone_says_so(seat):
    project = factories.make_project(seat)
    with pytest.raises(Invalid) as wrong:
        factories.make_take(seat, project=project, reference=add(seat, project))
    assert wrong.value.field == "reference"
