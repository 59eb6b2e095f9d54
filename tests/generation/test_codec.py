"""What the codec promises a player, read back from the bytes."""

import io
import struct
from fractions import Fraction

import av
import numpy as np
import pytest
from av.video.reformatter import Colorspace
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from generation import codec


def moving(frames: int, width: int, height: int) -> np.ndarray:
    """A red square that wanders over a grey ground."""
    clip = np.full((frames, height, width, 3), 90, np.uint8)
    for number in range(frames):
        left = number * max(1, width // frames)
        clip[number, : height // 2, left : left + width // 4] = (222, 38, 44)
    return clip


def boxes(data: bytes) -> list[str]:
    """The names of an MP4's top-level boxes, in order."""
    names, at = [], 0
    while at < len(data):
        size, name = struct.unpack(">I4s", data[at : at + 8])
        names.append(name.decode())
        at += size or len(data)
    return names


def decoded(data: bytes) -> tuple[av.VideoStream, list[av.VideoFrame]]:
    with av.open(io.BytesIO(data)) as container:
        stream = container.streams.video[0]
        return stream, list(container.decode(stream))


@pytest.mark.parametrize("fps", [Fraction(8), Fraction(24), Fraction(30000, 1001), Fraction(1)], ids=str)
def test_every_frame_is_at_its_place_in_time(fps):
    made = codec.clip(moving(25, 64, 48), fps=fps)
    stream, frames = decoded(made.data)
    assert stream.average_rate == fps
    assert stream.codec_context.name == "h264"
    assert stream.codec_context.pix_fmt == "yuv420p"
    assert len(frames) == made.frames == 25
    for number, frame in enumerate(frames):
        assert abs(frame.pts * stream.time_base - number / fps) < Fraction(1, 1000)


@pytest.mark.parametrize("fps", [8, 24])
def test_a_key_frame_comes_at_least_twice_a_second(fps):
    _, frames = decoded(codec.clip(moving(3 * fps, 64, 48), fps=Fraction(fps)).data)
    keys = [number for number, frame in enumerate(frames) if frame.key_frame]
    assert keys == list(range(0, 3 * fps, fps // 2))


@pytest.mark.parametrize("frames", [2, 17, 121, 900])
def test_the_index_comes_before_the_pictures(frames):
    found = boxes(codec.clip(moving(frames, 32, 32), fps=Fraction(24)).data)
    assert found.index("moov") < found.index("mdat")


def test_colours_are_bt709_and_come_back_as_they_were():
    clip = np.full((8, 64, 64, 3), (222, 38, 44), np.uint8)
    stream, frames = decoded(codec.clip(clip, fps=Fraction(8)).data)
    context = stream.codec_context
    assert (context.color_primaries, context.color_trc, context.colorspace, context.color_range) == (1, 1, 1, 1)
    seen = frames[4].reformat(format="rgb24", src_colorspace=Colorspace.ITU709).to_ndarray()
    assert np.abs(seen.astype(int) - (222, 38, 44)).max() <= 4


@settings(max_examples=12, deadline=None)
@given(width=st.integers(17, 70), height=st.integers(17, 70), scale=st.integers(1, 3))
def test_any_size_is_encoded_and_an_odd_side_is_continued(width, height, scale):
    made = codec.clip(moving(3, width, height), fps=Fraction(8), scale=scale)
    _, frames = decoded(made.data)
    assert (frames[0].width, frames[0].height) == (made.width, made.height)
    assert (made.width - width * scale, made.height - height * scale) == (width * scale % 2, height * scale % 2)
    assert made.meta["padded"] == bool(width * scale % 2 or height * scale % 2)


def test_a_small_picture_is_delivered_larger_and_says_so():
    clip, poster, sprite = codec.encode(moving(17, 112, 64), fps=Fraction(8), scale=6)
    assert (clip.width, clip.height) == (poster.width, poster.height) == (672, 384)
    assert clip.meta == {"rendered": [112, 64], "scale": 6, "padded": False, "keyframe_every": 4}
    assert Image.open(io.BytesIO(poster.data)).size == (672, 384)
    assert Image.open(io.BytesIO(sprite.data)).size == (sprite.width, sprite.height)


@pytest.mark.parametrize("frames", [2, 17, 24, 121])
def test_the_sprite_sheets_grid_is_as_it_says(frames):
    made = codec.sprite(moving(frames, 112, 64), fps=Fraction(8))
    meta = made.meta
    assert len(meta["frames"]) == made.frames == min(codec.SPRITES, frames)
    assert meta["frames"][0] == 0
    assert meta["frames"][-1] == frames - 1
    assert meta["columns"] * meta["rows"] >= made.frames
    assert (made.width, made.height) == (meta["columns"] * meta["tile"][0], meta["rows"] * meta["tile"][1])


def test_one_frame_becomes_a_picture_without_loss():
    picture = moving(1, 40, 24)
    clip, poster = codec.encode(picture, fps=Fraction(1))
    assert (clip.kind, clip.media_type, poster.kind) == ("clip", "image/png", "poster")
    assert (np.asarray(Image.open(io.BytesIO(clip.data))) == picture[0]).all()


def test_the_same_frames_give_the_same_bytes():
    assert codec.clip(moving(9, 64, 48), fps=Fraction(8)).data == codec.clip(moving(9, 64, 48), fps=Fraction(8)).data


def test_an_artifact_holds_what_the_file_is():
    made = codec.clip(moving(9, 64, 48), fps=Fraction(30000, 1001))
    artifact = made.artifact(None, "jobs/x/y/clip.mp4")
    assert (artifact.bytes, artifact.fps_num, artifact.fps_den) == (len(made.data), 30000, 1001)
    assert len(artifact.sha256) == 64
