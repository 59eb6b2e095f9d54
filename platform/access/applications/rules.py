"""What an application may hold, what it lacks, and what a letter must hold. Pure: plain values in, plain values out."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator

LINKS, LINK_LENGTH = 5, 300
WOULD_MAKE_LENGTH, WORRIES_LENGTH = 3000, 2000  # characters
TAGS, TAG_LENGTH = 10, 30
NOTE_LENGTH, READING_LENGTH, LETTER_LENGTH = 2000, 2000, 5000

_is_address = URLValidator(schemes=["http", "https"])
_PLACES = re.compile(r"\{(name|studio|link|until)\}")


@dataclass(frozen=True)
class Answers:
    """What an applicant tells. `kind` is an Application.Kind value, or nothing while they have not said."""

    name: str = ""
    kind: str = ""
    studio_name: str = ""
    links: list[str] = field(default_factory=list)
    would_make: str = ""
    worries: str = ""


def missing(answers: Answers) -> list[str]:
    """What has to be told before the application can be sent, as ends of “Tell us …”; nothing when it is whole."""
    lacks = {
        "your name": not answers.name,
        "whether you are an artist on your own or a studio": not answers.kind,
        "your studio's name": answers.kind == "studio" and not answers.studio_name,
        "what you would make": not answers.would_make,
    }
    return [what for what, is_missing in lacks.items() if is_missing]


def links_in(text: str) -> list[str]:
    """The web addresses in a text of one a line. Raises ValueError, its message for whoever wrote them."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) > LINKS:
        raise ValueError(f"Choose the {LINKS} links that show you best; there are {len(lines)} here.")
    return list(dict.fromkeys(_link(line) for line in lines))


def _link(line: str) -> str:
    address = line if ":" in line else f"https://{line}"
    if len(address) > LINK_LENGTH:
        raise ValueError(f"A link has at most {LINK_LENGTH} characters: “{line[:40]}…” is longer.")
    try:
        _is_address(address)
        # A name before the host (“friend.example@elsewhere.example”) and signs that do not print only mislead.
        fits = "@" not in urlsplit(address).netloc and address.isprintable()
    except (ValidationError, ValueError):
        fits = False
    if not fits:
        raise ValueError(f"“{line[:60]}” is no link. One that begins with https:// or http:// will do, one on a line.")
    return address


def host_of(link: str) -> str:
    """The host a link leads to, in the letters that computers use: look-alikes of other alphabets show as xn--…"""
    host = urlsplit(link).hostname or ""
    try:
        return host.encode("idna").decode()
    except UnicodeError:
        return host


def tags_in(text: str) -> list[str]:
    """The tags in a text parted by commas or lines: lower case, sorted, each once. Raises ValueError, with why."""
    words = sorted({" ".join(part.lower().split()) for part in re.split(r"[,\n]", text)} - {""})
    if too_long := [word for word in words if len(word) > TAG_LENGTH]:
        raise ValueError(f"A tag has at most {TAG_LENGTH} characters: “{too_long[0][:TAG_LENGTH]}…” is longer.")
    if len(words) > TAGS:
        raise ValueError(f"An application has at most {TAGS} tags; these are {len(words)}.")
    return words


def letter_problem(text: str, *, accepts: bool) -> str:
    """Why this letter cannot go, or nothing."""
    if not text.strip():
        return "A letter needs words."
    if len(text) > LETTER_LENGTH:
        return f"A letter has at most {LETTER_LENGTH} characters."
    if accepts and "{link}" not in text:
        return "Leave {link} where the link that brings them in shall stand."
    if not accepts and "{link}" in text:
        return "Only a letter that accepts brings a link: take {link} out."
    return ""


def filled(text: str, words: Mapping[str, str]) -> str:
    """The letter with {name}, {studio}, {link} and {until} filled in where `words` has them; what else stands in
    braces stays. One pass, so that what a name holds is never filled in itself."""
    return _PLACES.sub(lambda place: words.get(place[1], place[0]), text)
