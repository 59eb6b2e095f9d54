"""The small world the starter model was taught: one subject, in one colour, moving in one place.

Everything is drawn from a `Scene` and a seed: the same two give the same clip, to the byte. A clip is drawn as a wide
painted backdrop, over which a window moves (the camera), and a subject sprite that is placed anew in every frame.
"""

import math
import random
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from generation.starter import vocabulary as words
from generation.starter.backdrops import backdrop
from generation.starter.sprites import sprite

HEIGHT, WIDTH, FRAMES, FPS = 64, 112, 17, 8

# The backdrop is painted this much larger than the picture, so that the camera has somewhere to go.
MARGIN = 1.25


@dataclass(frozen=True)
class Scene:
    """What is to be seen. Every field is a name from `vocabulary`."""

    subject: str
    colour: str
    place: str
    motion: str
    time: str = "day"
    weather: str = "clear"
    camera: str = "fixed"

    @property
    def combination(self) -> tuple[str, str, str, str]:
        return self.subject, self.colour, self.place, self.motion


def is_held_out(scene: Scene) -> bool:
    """Whether this subject × colour × place × motion is kept from training, about one in seven.

    The rule is arithmetic on positions in the vocabulary, so that every single attribute and every pair still occurs
    in training many times over.
    """
    s, c, p, m = (
        list(group).index(name)
        for group, name in zip(
            (words.SUBJECTS, words.COLOURS, words.PLACES, words.MOTIONS), scene.combination, strict=True
        )
    )
    return (3 * s + 5 * c + 2 * p + m) % 7 == 0


def all_scenes(held_out: bool) -> list[Scene]:
    """Every subject × colour × place × motion on one side of the line, at plain day, in a fixed order."""
    every = (
        Scene(s, c, p, m) for s in words.SUBJECTS for c in words.COLOURS for p in words.PLACES for m in words.MOTIONS
    )
    return [scene for scene in every if is_held_out(scene) == held_out]


def random_scene(rng: random.Random) -> Scene:
    """A scene to learn from: never a held-out one. Plain weather and a fixed camera are the most common."""
    while True:
        scene = Scene(
            rng.choice(list(words.SUBJECTS)),
            rng.choice(list(words.COLOURS)),
            rng.choice(list(words.PLACES)),
            rng.choice(list(words.MOTIONS)),
            rng.choice(list(words.TIMES)),
            rng.choices(list(words.WEATHERS), (7, 1, 1, 1))[0],
            rng.choices(list(words.CAMERAS), (7, 1, 1, 1))[0],
        )
        if not is_held_out(scene):
            return scene


# --- Motion --------------------------------------------------------------------------------------------------------


def path(motion: str, rng: random.Random, frames: int = FRAMES) -> np.ndarray:
    """Where the subject is in every frame: (frames, 3) of centre x, centre y and size, each as a share of the picture.

    x is a share of the width, y and size are shares of the height. Motions run the whole clip at an even pace.
    """
    t = np.linspace(0, 1, frames)
    x = np.full(frames, 0.5 + rng.uniform(-0.08, 0.08))
    y = np.full(frames, 0.47 + rng.uniform(-0.05, 0.05))
    size = np.full(frames, rng.uniform(0.56, 0.64))
    reach = rng.uniform(0.9, 1.1)
    if motion in ("left", "right"):
        x = x + (0.5 * reach) * (t - 0.5) * (1 if motion == "right" else -1)
    elif motion in ("rise", "sink"):
        y = y + (0.42 * reach) * (t - 0.5) * (1 if motion == "sink" else -1)
    elif motion in ("nearer", "away"):
        growth = t if motion == "nearer" else 1 - t
        size = 0.30 + growth * (0.50 * reach)
    return np.stack([x, y, size], axis=1)


# --- A clip --------------------------------------------------------------------------------------------------------


def render(scene: Scene, seed: int, frames: int = FRAMES) -> tuple[np.ndarray, np.ndarray]:
    """A clip (frames, HEIGHT, WIDTH, 3) and its subject mask (frames, HEIGHT, WIDTH), both uint8; 255 is subject."""
    rng = random.Random(seed)
    size = round(HEIGHT * MARGIN), round(WIDTH * MARGIN)
    stage = backdrop(scene.place, scene.time, scene.weather, rng, *size)
    facing = {"left": -1, "right": 1}.get(scene.motion) or rng.choice((-1, 1))
    figure = sprite(scene.subject, scene.colour, facing)
    light = 0.88 if scene.time == "night" else 1.0
    track = path(scene.motion, rng, frames)
    drops = [(rng.random(), rng.random(), rng.uniform(0.8, 1.2)) for _ in range(26)]

    clip = np.empty((frames, HEIGHT, WIDTH, 3), np.uint8)
    mask = np.empty((frames, HEIGHT, WIDTH), np.uint8)
    for number, (x, y, size) in enumerate(track):
        picture = stage.resize((WIDTH, HEIGHT), Image.Resampling.BILINEAR, _window(scene.camera, number / (frames - 1)))
        layer, alpha = _placed(figure, x * WIDTH, y * HEIGHT, size * HEIGHT)
        if light != 1.0:
            layer = Image.eval(layer, lambda value: round(value * light))
        picture.paste(layer, (0, 0), alpha)
        if scene.weather in ("rain", "snowfall"):
            _fall(picture, scene.weather, drops, number)
        clip[number], mask[number] = np.asarray(picture), np.asarray(alpha)
    return clip, mask


def _window(camera: str, t: float) -> tuple[float, float, float, float]:
    """The part of the backdrop the camera sees at time t in 0..1: left, upper, right, lower, in backdrop pixels."""
    spare_x, spare_y = WIDTH * (MARGIN - 1), HEIGHT * (MARGIN - 1)
    left, zoom = spare_x / 2, 1.0
    if camera in ("pan left", "pan right"):
        left = spare_x * (t if camera == "pan right" else 1 - t)
    if camera == "push in":
        zoom = 1 - 0.2 * t
    wide, tall = WIDTH * zoom, HEIGHT * zoom
    left, upper = left + (WIDTH - wide) / 2, spare_y / 2 + (HEIGHT - tall) / 2
    return left, upper, left + wide, upper + tall


def _placed(figure: Image.Image, x: float, y: float, size: float) -> tuple[Image.Image, Image.Image]:
    """The sprite, `size` pixels a side, centred on (x, y) to a fraction of a pixel: its colours and its coverage."""
    # Reducing by box first keeps the affine sampling from skipping pixels of the large drawing.
    small = figure.resize((max(8, math.ceil(size * 1.5)),) * 2, Image.Resampling.BOX)
    scale = small.width / size
    moved = small.transform(
        (WIDTH, HEIGHT),
        Image.Transform.AFFINE,
        (scale, 0, (size / 2 - x) * scale, 0, scale, (size / 2 - y) * scale),
        Image.Resampling.BILINEAR,
    )
    return moved.convert("RGB"), moved.getchannel("A")


def _fall(picture: Image.Image, weather: str, drops: list[tuple[float, float, float]], number: int) -> None:
    draw = ImageDraw.Draw(picture, "RGBA")
    for start_x, start_y, pace in drops:
        if weather == "rain":
            x, y = start_x * WIDTH, (start_y + number * 0.17 * pace) % 1 * HEIGHT
            draw.line([(x, y), (x - 1, y + 9)], (206, 216, 232, 120), 1)
        else:
            x, y = (
                start_x * WIDTH + 3 * math.sin(number / 3 + start_y * 6),
                (start_y + number * 0.05 * pace) % 1 * HEIGHT,
            )
            draw.ellipse((x - 1.5, y - 1.5, x + 1.5, y + 1.5), (250, 250, 252, 190))


def sheet(clips: list[np.ndarray], columns: int, picks: tuple[int, ...] = (0, 8, 16)) -> Image.Image:
    """A contact sheet: each clip as a strip of its picked frames. `clips` are uint8 (frames, height, width, 3)."""
    tiles = [np.concatenate([clip[i] for i in picks], axis=1) for clip in clips]
    tall, wide = tiles[0].shape[:2]
    rows = math.ceil(len(tiles) / columns)
    page = Image.new("RGB", (columns * (wide + 6), rows * (tall + 6)), (17, 16, 19))
    for number, tile in enumerate(tiles):
        page.paste(Image.fromarray(tile), (number % columns * (wide + 6), number // columns * (tall + 6)))
    return page
