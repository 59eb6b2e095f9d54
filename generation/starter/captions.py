"""A scene put into words, in many wordings, from the vocabulary's one table."""

import random

from generation.starter import vocabulary as words
from generation.starter.world import Scene

_PLACE_PREPOSITION = (
    "over the",
    "above the",
    "in front of the",
    "across the",
    "by the",
    "near the",
    "at the",
    "in the",
)


def _article(phrase: str) -> str:
    return f"{'an' if phrase[0] in 'aeiou' else 'a'} {phrase}"


def _time_phrase(time: str, rng: random.Random) -> str:
    word = rng.choice(words.TIMES[time])
    if word in ("day", "daylight", "moonlight"):
        return rng.choice((f"by {word}", f"in the {word}", f"in {word}"))
    if word == "evening":
        return "in the evening"
    return f"at {word}"


def _weather_phrase(weather: str, rng: random.Random) -> str:
    word = rng.choice(words.WEATHERS[weather])
    if word in ("clear", "calm", "sunny", "rainy", "snowy", "foggy", "misty"):
        return f"{word} weather" if rng.random() < 0.5 else f"in {word} weather"
    return rng.choice((f"in the {word}", f"in {word}"))


def caption(scene: Scene, rng: random.Random, *, forget: bool = True) -> str:
    """One way to say what is to be seen.

    With `forget`, as in training, time, weather, camera, colour, place or motion go unsaid now and then, so that a
    prompt may leave them open; clear weather, plain day and a fixed camera usually go unsaid, as people leave them.
    """

    def said(chance: float) -> bool:
        return not forget or rng.random() < chance

    subject = rng.choice(words.SUBJECTS[scene.subject])
    if said(0.95):
        subject = f"{rng.choice(words.COLOURS[scene.colour])} {subject}"
    thing = rng.choice((_article(subject), _article(subject), f"the {subject}", subject))
    motion = rng.choice(words.MOTIONS[scene.motion]) if said(0.93) else ""
    if motion and rng.random() < 0.2:
        motion = f"{rng.choice(('slowly', 'gently', 'softly'))} {motion}"
    place = f"{rng.choice(_PLACE_PREPOSITION)} {rng.choice(words.PLACES[scene.place])}" if said(0.95) else ""
    time = _time_phrase(scene.time, rng) if said(0.5 if scene.time == "day" else 0.9) else ""
    plain = scene.weather == "clear"
    weather = _weather_phrase(scene.weather, rng) if said(0.15 if plain else 0.95) else ""
    fixed = scene.camera == "fixed"
    camera = rng.choice(words.CAMERAS[scene.camera]) if said(0.1 if fixed else 0.95) else ""

    match rng.randrange(4):
        case 0 | 1:
            sentence = " ".join(part for part in (thing, motion, place, time, weather) if part)
            return f"{sentence}, {camera}" if camera else sentence
        case 2:
            sentence = " ".join(part for part in (thing, motion, place) if part)
            return ", ".join(part for part in (sentence, time, weather, camera) if part)
        case _:
            opening = " ".join(part for part in (place, time) if part)
            return ", ".join(part for part in (opening, f"{thing} {motion}".strip(), weather, camera) if part)
