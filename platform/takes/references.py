"""A picture from outside: decoded, bounded, stripped of everything but its pixels, and encoded anew.

What a stranger sends is never stored or shown as it came. The bytes are counted first, the header is read before any
pixel is decoded, and only the pixels survive: no metadata, no profile, no trailing data, no second frame.
"""

import hashlib
import io
import threading
from dataclasses import dataclass
from typing import IO

from PIL import Image, ImageOps, UnidentifiedImageError

from takes.errors import Invalid, TooLarge

MAX_BYTES = 12 * 1024 * 1024
MAX_PIXELS = 50_000_000  # as sent; about what the largest cameras give
MIN_SIDE = 32
STORED_SIDE = 2048  # the longer side as stored; no model here takes more
FORMATS = ("JPEG", "PNG", "WEBP")
# A picture of MAX_PIXELS takes 200 MB while it is decoded: not more than two at once in one process.
_decoding = threading.BoundedSemaphore(2)


@dataclass(frozen=True)
class Picture:
    """A clean JPEG: its bytes, their SHA-256, width and height in pixels."""

    content: bytes
    sha256: str
    width: int
    height: int


def clean(upload: IO[bytes]) -> Picture:
    """The picture of an upload as a fresh JPEG, at most STORED_SIDE on its longer side, upright, in RGB.

    Raises TooLarge for too many bytes or pixels, and Invalid for anything that is not one still JPEG, PNG or WebP.
    """
    content = upload.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise TooLarge(f"The image is larger than {MAX_BYTES // 1024**2} MB. Send a smaller one.", field="reference")
    try:
        image = Image.open(io.BytesIO(content), formats=FORMATS)
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError) as error:
        raise _unreadable() from error
    if image.width * image.height > MAX_PIXELS:
        raise TooLarge(
            f"The image has {image.width}×{image.height} pixels; {MAX_PIXELS // 10**6} million are the most. Send a "
            "smaller one.",
            field="reference",
        )
    if min(image.size) < MIN_SIDE:
        raise Invalid(f"The image must be at least {MIN_SIDE} pixels on each side.", field="reference")
    if getattr(image, "n_frames", 1) > 1:
        raise Invalid("The image is animated. Send a still one.", code="animated_image", field="reference")
    try:
        with _decoding:
            image.thumbnail((STORED_SIDE, STORED_SIDE))
        upright = ImageOps.exif_transpose(image)
        still = Image.new("RGB", upright.size, "white")
        rgba = upright.convert("RGBA")
        still.paste(rgba, mask=rgba.getchannel("A"))
    except Exception as error:  # a decoder may raise anything on a hostile file; none of it is the sender's to read
        raise _unreadable() from error
    out = io.BytesIO()
    still.save(out, "JPEG", quality=92, subsampling=0)
    data = out.getvalue()
    return Picture(data, hashlib.sha256(data).hexdigest(), still.width, still.height)


def _unreadable() -> Invalid:
    return Invalid(
        "This file could not be read as an image. Send a JPEG, PNG or WebP.", code="unreadable_image", field="reference"
    )
