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

HEIGHT, WIDTH, FRAMES, FPS = 64, 112, 17, 8

# The backdrop is painted this much larger than the picture, so that the camera has somewhere to go.
MARGIN = 1.25
SPRITE = 192  # px, side of the square a subject is drawn on before it is scaled into the picture

RGB = tuple[int, int, int]

COLOURS: dict[str, RGB] = {
    "red": (222, 38, 44),
    "orange": (248, 132, 24),
    "yellow": (252, 218, 48),
    "green": (42, 172, 70),
    "blue": (44, 88, 232),
    "purple": (140, 52, 196),
    "pink": (252, 138, 194),
    "white": (248, 246, 240),
}

# Sky from top to horizon, and the light that falls on the ground (a factor on each of red, green, blue).
SKIES: dict[str, tuple[RGB, RGB, tuple[float, float, float]]] = {
    "dawn": ((126, 140, 190), (250, 206, 196), (0.92, 0.84, 0.86)),
    "day": ((92, 160, 222), (192, 224, 240), (1.0, 1.0, 1.0)),
    "dusk": ((62, 48, 104), (240, 142, 82), (0.78, 0.58, 0.54)),
    "night": ((8, 10, 34), (30, 38, 84), (0.32, 0.36, 0.52)),
}


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


# --- The subject ---------------------------------------------------------------------------------------------------


def _shade(colour: RGB, factor: float) -> RGB:
    return tuple(max(0, min(255, round(value * factor))) for value in colour)  # type: ignore[return-value]


def sprite(subject: str, colour: str, facing: int = 1) -> Image.Image:
    """A subject on a transparent square, drawn large. `facing` 1 looks right, -1 left."""
    fill = COLOURS[colour]
    dark, light, ink = _shade(fill, 0.72), _shade(fill, 1.14), (34, 28, 36)
    image = Image.new("RGBA", (SPRITE, SPRITE))
    draw = ImageDraw.Draw(image)
    line = 5
    match subject:
        case "balloon":
            draw.line([(72, 122), (84, 158)], ink, line)
            draw.line([(120, 122), (108, 158)], ink, line)
            draw.ellipse((36, 6, 156, 132), fill, ink, line)
            draw.ellipse((76, 8, 116, 130), light, None)
            draw.rectangle((78, 154, 114, 184), (122, 82, 46), ink, line)
        case "sailboat":
            draw.polygon([(20, 138), (172, 138), (144, 178), (48, 178)], dark, ink, line)
            draw.line([(92, 10), (92, 138)], ink, 7)
            draw.polygon([(98, 12), (98, 128), (168, 128)], fill, ink, line)
            draw.polygon([(86, 34), (86, 128), (36, 128)], light, ink, line)
        case "kite":
            draw.line([(96, 128), (78, 148), (104, 162), (84, 186)], ink, 6, "curve")
            draw.polygon([(96, 4), (158, 58), (96, 136), (34, 58)], fill, ink, line)
            draw.polygon([(96, 8), (154, 58), (96, 58)], light)
            draw.polygon([(96, 132), (38, 58), (96, 58)], dark)
        case "bird":
            draw.polygon([(96, 104), (10, 36), (26, 84), (84, 130)], fill, ink, line)
            draw.polygon([(96, 104), (182, 36), (166, 84), (108, 130)], light, ink, line)
            draw.ellipse((66, 88, 126, 152), fill, ink, line)
            draw.polygon([(120, 112), (152, 120), (120, 132)], (244, 174, 40), ink, 3)
        case "car":
            draw.polygon([(42, 92), (62, 46), (126, 46), (152, 92)], light, ink, line)
            draw.polygon([(60, 88), (72, 58), (92, 58), (92, 88)], (196, 222, 236))
            draw.polygon([(100, 88), (100, 58), (120, 58), (134, 88)], (196, 222, 236))
            draw.rounded_rectangle((8, 88, 184, 142), 18, fill, ink, line)
            for x in (50, 142):
                draw.ellipse((x - 26, 116, x + 26, 168), ink)
                draw.ellipse((x - 11, 131, x + 11, 153), (200, 200, 206))
        case "fish":
            draw.polygon([(56, 96), (6, 46), (6, 146)], dark, ink, line)
            draw.ellipse((36, 46, 184, 146), fill, ink, line)
            draw.polygon([(92, 50), (122, 20), (136, 54)], dark, ink, line)
            draw.ellipse((142, 76, 160, 94), (252, 252, 252), ink, 4)
        case "rocket":
            draw.polygon([(70, 160), (96, 188), (122, 160)], (250, 176, 40))
            draw.polygon([(66, 110), (36, 166), (68, 154)], dark, ink, line)
            draw.polygon([(126, 110), (156, 166), (124, 154)], dark, ink, line)
            draw.polygon([(96, 2), (64, 56), (64, 160), (128, 160), (128, 56)], fill, ink, line)
            draw.ellipse((80, 62, 112, 94), (196, 222, 236), ink, 4)
        case "umbrella":
            draw.line([(96, 90), (96, 168)], ink, 8)
            draw.arc((66, 146, 102, 186), 0, 180, ink, 8)
            draw.pieslice((10, 12, 182, 184), 180, 360, fill, ink, line)
            draw.pieslice((62, 12, 130, 184), 180, 360, light, ink, 4)
        case "star":
            points = [
                (96 + r * math.sin(i * math.pi / 5), 102 - r * math.cos(i * math.pi / 5))
                for i, r in enumerate([94, 42] * 5)
            ]
            draw.polygon(points, fill, ink, line)
        case "butterfly":
            draw.ellipse((10, 16, 94, 104), fill, ink, line)
            draw.ellipse((98, 16, 182, 104), fill, ink, line)
            draw.ellipse((28, 92, 94, 164), light, ink, line)
            draw.ellipse((98, 92, 164, 164), light, ink, line)
            draw.rounded_rectangle((86, 30, 106, 160), 10, ink)
    return image.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if facing < 0 else image


# --- The backdrop --------------------------------------------------------------------------------------------------


def _gradient(top: RGB, bottom: RGB, height: int, width: int) -> Image.Image:
    share = np.linspace(0, 1, height)[:, None, None]
    rows = np.array(top) * (1 - share) + np.array(bottom) * share
    return Image.fromarray(np.broadcast_to(rows, (height, width, 3)).round().astype(np.uint8))


def _lit(colour: RGB, light: tuple[float, float, float]) -> RGB:
    return tuple(round(value * factor) for value, factor in zip(colour, light, strict=True))  # type: ignore[return-value]


def backdrop(scene: Scene, rng: random.Random) -> Image.Image:
    """The place at its time of day, MARGIN times as large as the picture."""
    scale = 2  # drawn twice as large and reduced: soft edges
    height, width = round(HEIGHT * MARGIN) * scale, round(WIDTH * MARGIN) * scale
    top, low, light = SKIES[scene.time]
    horizon = round(height * 0.58)
    image = Image.new("RGB", (width, height))
    image.paste(_gradient(top, low, horizon, width))
    image.paste(low, (0, horizon, width, height))
    draw = ImageDraw.Draw(image)
    _sky_lights(draw, scene.time, rng, horizon, width)
    _PLACES[scene.place](draw, rng, light, horizon, width, height)
    image = image.resize((width // scale, height // scale), Image.Resampling.BOX)
    if scene.weather == "fog":
        veil = Image.new("RGB", image.size, _lit((224, 226, 230), tuple(0.25 + 0.75 * f for f in light)))  # type: ignore[arg-type]
        image = Image.blend(image, veil, 0.5)
    return image


def _sky_lights(draw: ImageDraw.ImageDraw, time: str, rng: random.Random, horizon: int, width: int) -> None:
    x = rng.uniform(0.25, 0.75) * width
    if time == "night":
        for _ in range(14):
            star_x, star_y = rng.uniform(0, width), rng.uniform(0, horizon * 0.7)
            draw.ellipse((star_x - 1.5, star_y - 1.5, star_x + 1.5, star_y + 1.5), (190, 196, 220))
        y, r, colour = horizon * 0.3, 15, (240, 236, 214)
    else:
        y, r, colour = {
            "dawn": (horizon * 0.82, 19, (255, 232, 206)),
            "day": (horizon * 0.28, 15, (255, 248, 214)),
            "dusk": (horizon * 0.84, 22, (255, 206, 120)),
        }[time]
    draw.ellipse((x - r, y - r, x + r, y + r), colour)


def _sea(draw, rng, light, horizon, width, height):
    draw.rectangle((0, horizon, width, height), _lit((36, 104, 154), light))
    draw.rectangle((0, horizon, width, horizon + 10), _lit((78, 146, 186), light))
    for row in range(5):
        y = horizon + 20 + row * row * 4 + row * 8
        shift = rng.uniform(0, 60)
        for x in range(-60, width + 60, 64):
            draw.line([(x + shift, y), (x + shift + 26 + row * 3, y)], _lit((112, 172, 204), light), 3)


def _desert(draw, rng, light, horizon, width, height):
    draw.rectangle((0, horizon, width, height), _lit((226, 188, 122), light))
    for base, colour in ((8, (236, 202, 140)), (34, (212, 168, 102)), (68, (196, 150, 88))):
        phase = rng.uniform(0, 6.3)
        crest = [(x, horizon + base - 13 * math.sin(x / width * 6.3 + phase)) for x in range(0, width + 1, 8)]
        draw.polygon([*crest, (width, height), (0, height)], _lit(colour, light))


def _meadow(draw, rng, light, horizon, width, height):
    for base, colour in ((-6, (150, 196, 98)), (22, (122, 178, 74)), (60, (98, 156, 60))):
        phase = rng.uniform(0, 6.3)
        crest = [(x, horizon + base - 9 * math.sin(x / width * 5 + phase)) for x in range(0, width + 1, 8)]
        draw.polygon([*crest, (width, height), (0, height)], _lit(colour, light))
    for _ in range(16):
        x, y = rng.uniform(0, width), rng.uniform(horizon + 30, height)
        draw.ellipse((x - 3, y - 3, x + 3, y + 3), _lit((246, 232, 150), light))


def _forest(draw, rng, light, horizon, width, height):
    draw.rectangle((0, horizon, width, height), _lit((58, 92, 50), light))
    for row, (size, colour) in enumerate(((44, (48, 104, 74)), (58, (34, 82, 56)))):
        for x in range(-20, width + 40, 30 + row * 8):
            left = x + rng.uniform(-6, 6)
            foot = horizon + 6 + row * 24
            draw.polygon([(left, foot), (left + 19, foot - size), (left + 38, foot)], _lit(colour, light))
            draw.polygon(
                [(left + 4, foot - 20), (left + 19, foot - size - 14), (left + 34, foot - 20)], _lit(colour, light)
            )


def _mountains(draw, rng, light, horizon, width, height):
    x = rng.uniform(-70, -20)
    while x < width:
        half, peak = rng.uniform(50, 74), rng.uniform(74, 102)
        draw.polygon([(x, horizon), (x + half, horizon - peak), (x + 2 * half, horizon)], _lit((112, 116, 140), light))
        draw.polygon(
            [
                (x + half * 0.66, horizon - peak * 0.66),
                (x + half, horizon - peak),
                (x + half * 1.34, horizon - peak * 0.66),
            ],
            _lit((238, 242, 248), light),
        )
        x += half * 1.3
    draw.rectangle((0, horizon, width, height), _lit((96, 122, 92), light))
    draw.rectangle((0, horizon + 46, width, height), _lit((80, 106, 78), light))


def _city(draw, rng, light, horizon, width, height):
    x = rng.uniform(-16, 0)
    night = light[0] < 0.5
    while x < width:
        wide, tall = rng.uniform(24, 38), rng.uniform(34, 92)
        grey = rng.choice(((120, 124, 140), (98, 102, 120), (140, 138, 146)))
        draw.rectangle((x, horizon - tall, x + wide, horizon), _lit(grey, light))
        pane = (250, 214, 120) if night else _lit((188, 206, 222), light)
        for wx in range(int(x) + 6, int(x + wide) - 6, 11):
            for wy in range(int(horizon - tall) + 8, horizon - 8, 16):
                draw.rectangle((wx, wy, wx + 5, wy + 7), pane)
        x += wide + 3
    draw.rectangle((0, horizon, width, height), _lit((92, 92, 98), light))
    draw.rectangle((0, horizon + 34, width, horizon + 82), _lit((66, 66, 74), light))
    for x in range(0, width, 48):
        draw.rectangle((x, horizon + 56, x + 24, horizon + 60), _lit((222, 216, 190), light))


def _snow(draw, rng, light, horizon, width, height):
    for base, colour in ((-4, (206, 222, 238)), (30, (188, 206, 228)), (66, (172, 192, 218))):
        phase = rng.uniform(0, 6.3)
        crest = [(x, horizon + base - 7 * math.sin(x / width * 4 + phase)) for x in range(0, width + 1, 8)]
        draw.polygon([*crest, (width, height), (0, height)], _lit(colour, light))
    for _ in range(3):
        x = rng.uniform(0, width)
        draw.polygon(
            [(x - 20, horizon + 4), (x - 6, horizon - 24), (x + 10, horizon - 14), (x + 22, horizon + 4)],
            _lit((160, 206, 232), light),
        )


def _canyon(draw, rng, light, horizon, width, height):
    x = rng.uniform(-50, -10)
    while x < width:
        wide, tall = rng.uniform(56, 90), rng.uniform(40, 84)
        draw.polygon(
            [(x - 8, horizon), (x + 4, horizon - tall), (x + wide - 4, horizon - tall), (x + wide + 8, horizon)],
            _lit((176, 88, 58), light),
        )
        draw.rectangle((x + 1, horizon - tall * 0.6, x + wide - 1, horizon - tall * 0.44), _lit((206, 122, 82), light))
        x += wide + rng.uniform(16, 40)
    draw.rectangle((0, horizon, width, height), _lit((158, 92, 62), light))
    draw.rectangle((0, horizon + 42, width, height), _lit((136, 74, 50), light))


_PLACES = {
    "sea": _sea,
    "desert": _desert,
    "meadow": _meadow,
    "forest": _forest,
    "mountains": _mountains,
    "city": _city,
    "snow": _snow,
    "canyon": _canyon,
}


# --- Motion --------------------------------------------------------------------------------------------------------


def path(motion: str, rng: random.Random, frames: int = FRAMES) -> np.ndarray:
    """Where the subject is in every frame: (frames, 3) of centre x, centre y and size, each as a share of the picture.

    x is a share of the width, y and size are shares of the height. Motions run the whole clip at an even pace.
    """
    t = np.linspace(0, 1, frames)
    x = np.full(frames, 0.5 + rng.uniform(-0.08, 0.08))
    y = np.full(frames, 0.47 + rng.uniform(-0.05, 0.05))
    size = np.full(frames, rng.uniform(0.46, 0.54))
    reach = rng.uniform(0.9, 1.1)
    if motion in ("left", "right"):
        x = x + (0.5 * reach) * (t - 0.5) * (1 if motion == "right" else -1)
    elif motion in ("rise", "sink"):
        y = y + (0.42 * reach) * (t - 0.5) * (1 if motion == "sink" else -1)
    elif motion in ("nearer", "away"):
        growth = t if motion == "nearer" else 1 - t
        size = 0.26 + growth * (0.44 * reach)
    return np.stack([x, y, size], axis=1)


# --- A clip --------------------------------------------------------------------------------------------------------


def render(scene: Scene, seed: int, frames: int = FRAMES) -> tuple[np.ndarray, np.ndarray]:
    """A clip (frames, HEIGHT, WIDTH, 3) and its subject mask (frames, HEIGHT, WIDTH), both uint8; 255 is subject."""
    rng = random.Random(seed)
    stage = backdrop(scene, rng)
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
