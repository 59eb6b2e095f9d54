"""The checks a policy's rules may name. A check takes the material and its rule's parameters and says where it found
something: pairs of offsets into the words as they were written. To add one: write a function, give it a row in CHECKS.

People who mean to get round a list of words space letters out, swap in look-alikes or hide characters between them.
`Material` therefore carries the words twice: as written, and folded into plain letters with the way back to the
offsets.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

Span = tuple[int, int]

# Letters of other scripts and digits that read as Latin letters, as far as Unicode's own folding leaves them apart
# (a small part of the confusables of Unicode Technical Standard 39).
_LOOKS_LIKE = {
    **dict(zip("аеорсухіјѕһԁɡɩкмтнвпοανικρτυχ", "aeopcyxijshdgikmthbnoavikptux", strict=True)),
    **{"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "@": "a", "$": "s", "!": "i", "|": "l", "ı": "i"},
}
# Four letters or more, each alone; "a" and "I" before them are words of their own.
_SPACED_OUT = re.compile(r"(?<!\S)(?:[ai] (?=(?:\S ){3}))?((?:\S ){3,}\S)(?!\S)")
_ALWAYS_HIDDEN = {"Cf", "Cc", "Co", "Cn", "Cs"}
_PLAIN_SPACE = {"\n", "\r", "\t"}


@dataclass(frozen=True)
class Material:
    """What is screened. `folded` is plain letters and single spaces; `origin[i]` is where folded[i] was written."""

    words: str
    references: tuple[Any, ...]
    entitlements: Any
    folded: str
    origin: tuple[int, ...]

    @classmethod
    def of(cls, words: str, references: Sequence[Any] = (), entitlements: Any = None) -> "Material":
        folded, origin = fold(words)
        return cls(words, tuple(references), entitlements, folded, origin)

    def written(self, start: int, end: int) -> Span:
        """Offsets into the words as written, for offsets into the folded text."""
        return self.origin[start], self.origin[end - 1] + 1


def fold(words: str) -> tuple[str, tuple[int, ...]]:
    """Words as plain lower-case letters and single spaces, and for each of these the offset it was written at.

    Accents, hidden characters and punctuation inside a word go; look-alikes become the letters they look like; letters
    written one by one ("n u d e") close up.
    """
    letters: list[tuple[str, int]] = []
    for offset, character in enumerate(words):
        if unicodedata.category(character) in _ALWAYS_HIDDEN and character not in _PLAIN_SPACE:
            continue
        plain = unicodedata.normalize("NFKD", character).casefold()
        for part in plain:
            if unicodedata.combining(part):
                continue
            part = _LOOKS_LIKE.get(part, part)
            if part.isalnum():
                letters.append((part, offset))
            elif part in "'’-_.*·" and letters and letters[-1][0] != " ":
                continue
            elif letters and letters[-1][0] != " ":
                letters.append((" ", offset))
    text = "".join(letter for letter, _ in letters)
    spaced = {
        match.start(1) + i for match in _SPACED_OUT.finditer(text) for i in range(1, match.end(1) - match.start(1), 2)
    }
    kept = [pair for i, pair in enumerate(letters) if i not in spaced]
    return "".join(letter for letter, _ in kept), tuple(offset for _, offset in kept)


@cache
def _any_of(phrases: tuple[str, ...]) -> re.Pattern[str]:
    # A trailing star stands for any ending: "behead*" is beheading and beheaded too.
    alternatives = "|".join(
        re.escape(phrase.rstrip("*")).replace(r"\ ", " ?") + (r"\w*" if phrase.endswith("*") else "s?")
        for phrase in sorted((fold_phrase(phrase) for phrase in phrases), key=len, reverse=True)
    )
    return re.compile(rf"(?<!\w)(?:{alternatives})(?!\w)")


def fold_phrase(phrase: str) -> str:
    star = "*" if phrase.endswith("*") else ""
    return fold(phrase)[0].strip() + star


def phrases(material: Material, *, any: list[str], but_not: list[str] | None = None) -> Iterator[Span]:
    """Any of these words or phrases, in any disguise `fold` sees through, unless inside an innocent `but_not`."""
    innocent = [m.span() for m in _any_of(tuple(but_not)).finditer(material.folded)] if but_not else []
    for match in _any_of(tuple(any)).finditer(material.folded):
        if not _inside(match.span(), innocent):
            yield material.written(*match.span())


def together(material: Material, *, any: list[str], near: list[str]) -> Iterator[Span]:
    """Words of one list in the same prompt as words of another: harmless apart, not together."""
    if _any_of(tuple(near)).search(material.folded):
        yield from phrases(material, any=any)


def _inside(span: Span, others: list[Span]) -> bool:
    return any(start <= span[0] and span[1] <= end for start, end in others)


# Begins only where an address can begin and never steps back: the time grows with the words, not with their square.
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]++@[\w-]++(?:\.[\w-]++)+")
_NUMBER = re.compile(r"(?<!\w)\+?\d(?:[ ().-]{0,2}\d){7,18}(?!\w)")


def personal_data(material: Material) -> Iterator[Span]:
    """An e-mail address, a telephone number or a payment card's number: no picture needs one, and prompts are kept."""
    for pattern in (_EMAIL, _NUMBER):
        for match in pattern.finditer(material.words):
            yield match.span()


def hidden_text(material: Material) -> Iterator[Span]:
    """Characters that turn the direction of writing or tag text unseen: a reviewer would read another prompt."""
    for offset, character in enumerate(material.words):
        code = ord(character)
        if 0x202A <= code <= 0x202E or 0x2066 <= code <= 0x2069 or 0xE0000 <= code <= 0xE007F:
            yield offset, offset + 1


CHECKS: dict[str, Callable[..., Iterator[Span]]] = {
    "phrases": phrases,
    "together": together,
    "personal data": personal_data,
    "hidden text": hidden_text,
}
