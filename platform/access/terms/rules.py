"""How terms are read, and when they are asked for. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True)
class Block:
    """A heading or a paragraph, as it is shown."""

    is_heading: bool
    text: str


@dataclass(frozen=True)
class Newest:
    """The version in force, as far as one has to know to ask for it."""

    number: int
    published_at: datetime

    def must_be_accepted(self, now: datetime, grace_days: int) -> bool:
        """Whether what was begun before it came, and programs, have to wait for its acceptance by now."""
        return now >= self.published_at + timedelta(days=grace_days)


def blocks(text: str) -> Iterator[Block]:
    """Paragraphs stand between empty lines; a line that begins with # is a heading. Nothing else means anything."""
    paragraph: list[str] = []
    for line in [*text.splitlines(), ""]:
        heading = line.lstrip().startswith("#")
        if (heading or not line.strip()) and paragraph:
            yield Block(False, "\n".join(paragraph))
            paragraph = []
        if heading and (words := line.strip().lstrip("#").strip()):
            yield Block(True, words)
        elif line.strip() and not heading:
            paragraph.append(line.strip())
