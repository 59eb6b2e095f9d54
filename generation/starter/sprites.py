"""The subjects, each drawn large on a transparent square, in its colour."""

import math

from PIL import Image, ImageDraw

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
