"""From frames to the files people get: the clip, its poster, its sprite sheet. All in memory; no disk is needed.

Frames are arrays of uint8 in RGB, shaped (frames, height, width, 3).
"""

import hashlib
import io
import uuid
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace, Interpolation
from PIL import Image

from generation.models import Artifact

CRF = 16  # of 0 (lossless) … 51; what is delivered gets watermarked and cut again, so it keeps its detail
SPRITES = 24  # tiles on a sprite sheet, at most
TILE = 160  # px, width of one
BT709 = 1  # ITU-T H.273: the code for BT.709 as primaries, transfer and matrix alike


@dataclass(frozen=True)
class File:
    """One encoded file, before it is stored."""

    kind: str
    name: str
    media_type: str
    data: bytes = field(repr=False)
    width: int
    height: int
    frames: int
    fps: Fraction
    meta: dict[str, Any]

    def artifact(self, job_id: uuid.UUID, stored_as: str) -> Artifact:
        return Artifact(
            job_id=job_id,
            kind=self.kind,
            file=stored_as,
            media_type=self.media_type,
            sha256=hashlib.sha256(self.data).hexdigest(),
            bytes=len(self.data),
            width=self.width,
            height=self.height,
            frames=self.frames,
            fps_num=self.fps.numerator,
            fps_den=self.fps.denominator,
            meta=self.meta,
        )


def encode(frames: np.ndarray, *, fps: Fraction, scale: int = 1) -> list[File]:
    """A video becomes clip, poster and sprite sheet; a single frame a PNG (as its clip) and a poster.

    `scale` enlarges by a whole factor, for models whose picture is small.
    """
    if len(frames) == 1:
        return [still(frames[0], fps=fps, scale=scale), poster(frames[0], fps=fps, scale=scale)]
    middle = frames[len(frames) // 2]
    return [clip(frames, fps=fps, scale=scale), poster(middle, fps=fps, scale=scale), sprite(frames, fps=fps)]


def clip(frames: np.ndarray, *, fps: Fraction, scale: int = 1) -> File:
    """H.264 in MP4 at a constant frame rate, made for stepping and for starting at once.

    At least two key frames a second and no B-frames: a player shows any frame quickly, and frame n is at n / fps from
    the first byte on. The index comes before the pictures. Colours are BT.709 and say so. H.264's 4:2:0 wants even
    sides: an odd one is continued by a pixel.
    """
    count, height, width = frames.shape[:3]
    wide, high = width * scale + width * scale % 2, height * scale + height * scale % 2
    padded = (wide, high) != (width * scale, height * scale)
    every = max(1, int(fps / 2))
    memory = io.BytesIO()
    # "faststart" rewrites a finished file, which memory is not; room kept for the index at the front does the same.
    with av.open(memory, "w", format="mp4", options={"moov_size": str(4096 + 32 * count)}) as container:
        stream = container.add_stream("libx264", rate=fps)
        stream.width, stream.height, stream.pix_fmt = wide, high, "yuv420p"
        stream.time_base = 1 / fps
        stream.options = {
            "crf": str(CRF),
            "x264-params": f"keyint={every}:min-keyint={every}:scenecut=0:bframes=0:open-gop=0",
        }
        context = stream.codec_context
        context.color_primaries = context.color_trc = context.colorspace = BT709
        context.color_range = ColorRange.MPEG
        for number, picture in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(_enlarged(picture, scale, wide, high), format="rgb24").reformat(
                format="yuv420p",
                dst_colorspace=Colorspace.ITU709,
                src_color_range=ColorRange.JPEG,
                dst_color_range=ColorRange.MPEG,
                interpolation=Interpolation.BICUBIC,
            )
            frame.pts, frame.time_base = number, 1 / fps
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    meta = {"rendered": [width, height], "scale": scale, "padded": padded, "keyframe_every": every}
    return File("clip", "clip.mp4", "video/mp4", memory.getvalue(), wide, high, count, fps, meta)


def still(picture: np.ndarray, *, fps: Fraction, scale: int = 1) -> File:
    """What an image model made, without loss."""
    height, width = picture.shape[:2]
    image = Image.fromarray(_enlarged(picture, scale, width * scale, height * scale))
    meta = {"rendered": [width, height], "scale": scale}
    return File("clip", "clip.png", "image/png", _bytes(image, "PNG"), image.width, image.height, 1, fps, meta)


def poster(picture: np.ndarray, *, fps: Fraction, scale: int = 1) -> File:
    height, width = picture.shape[:2]
    image = Image.fromarray(_enlarged(picture, scale, width * scale, height * scale))
    data = _bytes(image, "JPEG", quality=88)
    return File("poster", "poster.jpg", "image/jpeg", data, image.width, image.height, 1, fps, {})


def sprite(frames: np.ndarray, *, fps: Fraction) -> File:
    """Small pictures from all over the clip in one sheet, left to right, then down; its meta tells the grid."""
    height, width = frames.shape[1:3]
    shown = np.unique(np.linspace(0, len(frames) - 1, min(SPRITES, len(frames))).round().astype(int))
    columns = int(np.ceil(np.sqrt(len(shown))))
    rows = int(np.ceil(len(shown) / columns))
    tile = (TILE, max(1, round(TILE * height / width)))
    sheet = Image.new("RGB", (columns * tile[0], rows * tile[1]))
    for place, number in enumerate(shown):
        small = Image.fromarray(frames[number]).resize(tile, Image.Resampling.LANCZOS)
        sheet.paste(small, (place % columns * tile[0], place // columns * tile[1]))
    meta = {"columns": columns, "rows": rows, "tile": list(tile), "frames": shown.tolist()}
    data = _bytes(sheet, "JPEG", quality=80)
    return File("sprite", "sprite.jpg", "image/jpeg", data, sheet.width, sheet.height, len(shown), fps, meta)


def preview(picture: np.ndarray, width: int = 224) -> bytes:
    """A small JPEG of an unfinished picture, a few kilobytes."""
    image = Image.fromarray(picture)
    if image.width != width:
        image = image.resize((width, max(1, round(width * image.height / image.width))), Image.Resampling.BILINEAR)
    return _bytes(image, "JPEG", quality=70)


def _enlarged(picture: np.ndarray, scale: int, wide: int, high: int) -> np.ndarray:
    """Scaled by a whole factor, then continued at the right and below up to wide x high."""
    if scale > 1:
        size = (picture.shape[1] * scale, picture.shape[0] * scale)
        picture = np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.LANCZOS))
    missing = (high - picture.shape[0], wide - picture.shape[1])
    if any(missing):
        picture = np.pad(picture, ((0, missing[0]), (0, missing[1]), (0, 0)), mode="edge")
    return np.ascontiguousarray(picture)


def _bytes(image: Image.Image, format: str, **options: Any) -> bytes:
    memory = io.BytesIO()
    image.save(memory, format, **options)
    return memory.getvalue()
