"""The places at their times of day: painted skies, grounds and what stands on them, never twice quite the same."""

import math
import random

import numpy as np
from PIL import Image, ImageDraw

from generation.starter.sprites import RGB

# Sky from top to horizon, and the light that falls on the ground (a factor on each of red, green, blue).
SKIES: dict[str, tuple[RGB, RGB, tuple[float, float, float]]] = {
    "dawn": ((126, 140, 190), (250, 206, 196), (0.92, 0.84, 0.86)),
    "day": ((92, 160, 222), (192, 224, 240), (1.0, 1.0, 1.0)),
    "dusk": ((62, 48, 104), (240, 142, 82), (0.78, 0.58, 0.54)),
    "night": ((8, 10, 34), (30, 38, 84), (0.32, 0.36, 0.52)),
}


def _gradient(top: RGB, bottom: RGB, height: int, width: int) -> Image.Image:
    share = np.linspace(0, 1, height)[:, None, None]
    rows = np.array(top) * (1 - share) + np.array(bottom) * share
    return Image.fromarray(np.broadcast_to(rows, (height, width, 3)).round().astype(np.uint8))


def _lit(colour: RGB, light: tuple[float, float, float]) -> RGB:
    return tuple(round(value * factor) for value, factor in zip(colour, light, strict=True))  # type: ignore[return-value]


def backdrop(place: str, time: str, weather: str, rng: random.Random, height: int, width: int) -> Image.Image:
    """The place at its time of day, height x width pixels large."""
    scale = 2  # drawn twice as large and reduced: soft edges
    height, width = height * scale, width * scale
    top, low, light = SKIES[time]
    horizon = round(height * 0.58)
    image = Image.new("RGB", (width, height))
    image.paste(_gradient(top, low, horizon, width))
    image.paste(low, (0, horizon, width, height))
    draw = ImageDraw.Draw(image)
    _sky_lights(draw, time, rng, horizon, width)
    _PLACES[place](draw, rng, light, horizon, width, height)
    image = image.resize((width // scale, height // scale), Image.Resampling.BOX)
    if weather == "fog":
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
