"""Every word the starter model knows, grouped by what it says about the picture.

The first word of each row is the attribute's name; the others are synonyms. Captions, tokenizer, preflight and score
all read this one table. Nothing here imports torch: the web process asks `unknown_words` while a creator types.
"""

import re

SUBJECTS: dict[str, tuple[str, ...]] = {
    "balloon": ("balloon",),
    "sailboat": ("sailboat", "boat", "yacht"),
    "kite": ("kite",),
    "bird": ("bird", "gull", "seagull"),
    "car": ("car", "automobile"),
    "fish": ("fish",),
    "rocket": ("rocket", "spaceship"),
    "umbrella": ("umbrella", "parasol"),
    "star": ("star",),
    "butterfly": ("butterfly",),
}
COLOURS: dict[str, tuple[str, ...]] = {
    "red": ("red", "crimson", "scarlet"),
    "orange": ("orange", "tangerine"),
    "yellow": ("yellow", "golden"),
    "green": ("green", "emerald"),
    "blue": ("blue", "azure"),
    "purple": ("purple", "violet"),
    "pink": ("pink", "rosy"),
    "white": ("white", "ivory"),
}
PLACES: dict[str, tuple[str, ...]] = {
    "sea": ("sea", "ocean", "water"),
    "desert": ("desert", "dunes"),
    "meadow": ("meadow", "field", "grassland"),
    "forest": ("forest", "woods", "trees"),
    "mountains": ("mountains", "peaks"),
    "city": ("city", "town", "skyline"),
    "snow": ("tundra", "ice", "glacier"),
    "canyon": ("canyon", "mesa", "badlands"),
}
MOTIONS: dict[str, tuple[str, ...]] = {
    "left": ("drifts left", "moves left", "glides left", "floats left", "travels left"),
    "right": ("drifts right", "moves right", "glides right", "floats right", "travels right"),
    "rise": ("rises", "climbs", "floats up", "goes up", "ascends", "drifts up"),
    "sink": ("sinks", "descends", "floats down", "goes down", "falls", "drifts down"),
    "nearer": ("comes closer", "grows larger", "approaches", "comes nearer"),
    "away": ("moves away", "grows smaller", "recedes", "drifts away"),
    "still": ("stays still", "hovers", "rests", "waits"),
}
TIMES: dict[str, tuple[str, ...]] = {
    "dawn": ("dawn", "sunrise", "daybreak"),
    "day": ("day", "noon", "midday", "daylight"),
    "dusk": ("dusk", "sunset", "evening"),
    "night": ("night", "midnight", "moonlight"),
}
WEATHERS: dict[str, tuple[str, ...]] = {
    "clear": ("clear", "calm", "sunny"),
    "rain": ("rain", "rainy", "drizzle"),
    "snowfall": ("snow", "snowy", "snowfall"),
    "fog": ("fog", "foggy", "mist", "misty"),
}
CAMERAS: dict[str, tuple[str, ...]] = {
    "fixed": ("fixed camera", "static shot"),
    "pan left": ("camera pans left", "slow pan left"),
    "pan right": ("camera pans right", "slow pan right"),
    "push in": ("slow push in", "camera pushes in", "slow zoom"),
}
_LITTLE_WORDS = """
    a an the and of in at on over above by near under with through to across into against it while is big large front
    slowly gently softly weather sky scene shot wide view light there
"""

GROUPS: dict[str, dict[str, tuple[str, ...]]] = {
    "subject": SUBJECTS,
    "colour": COLOURS,
    "place": PLACES,
    "motion": MOTIONS,
    "time": TIMES,
    "weather": WEATHERS,
    "camera": CAMERAS,
}

_WORD = re.compile(r"[a-z]+")


def words(text: str) -> list[str]:
    """The words of a text as the model's tokenizer sees them: lower case letters only, in order."""
    return _WORD.findall(text.lower())


VOCABULARY: tuple[str, ...] = tuple(
    sorted(
        {
            word
            for group in GROUPS.values()
            for phrases in group.values()
            for phrase in phrases
            for word in words(phrase)
        }
        | set(_LITTLE_WORDS.split())
    )
)
_KNOWN = frozenset(VOCABULARY)


# What may be said in the plural; the tokenizer reads each as its singular.
PLURALS: dict[str, str] = {
    (f"{word[:-1]}ies" if word.endswith("y") else f"{word}es" if word.endswith("sh") else f"{word}s"): word
    for group in (SUBJECTS, PLACES)
    for phrases in group.values()
    for word in phrases
    if not word.endswith("s")
}


def unknown_words(prompt: str) -> list[str]:
    """The words of a prompt that the model was never taught, in order of appearance, each once."""
    return list(dict.fromkeys(word for word in words(prompt) if PLURALS.get(word, word) not in _KNOWN))


def parse(prompt: str) -> dict[str, str]:
    """The attributes a prompt names, e.g. {"subject": "balloon", "colour": "red", "motion": "rise", …}.

    Only what is said appears. Where two attributes of one group are named, the first in the text counts; a longer
    phrase wins over a shorter one at the same place.
    """
    text = " " + " ".join(PLURALS.get(word, word) for word in words(prompt)) + " "
    found = {}
    for group, attributes in GROUPS.items():
        hits = [
            (text.find(f" {phrase} "), -len(phrase), name)
            for name, phrases in attributes.items()
            for phrase in phrases
            if f" {phrase} " in text
        ]
        if hits:
            found[group] = min(hits)[2]
    return found
