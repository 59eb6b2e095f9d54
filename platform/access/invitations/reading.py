"""A list of people to invite, from bytes to lines. Pure: it knows the form of a list, and nothing of who is here.

The columns are COLUMNS, named in the first line in any order; `email` must be there. Cells are separated by commas,
semicolons or tabs. What cannot be read for certain is refused with what to do, never guessed.
"""

import codecs
import csv
import io
from dataclasses import dataclass

from access.errors import AccessProblem

COLUMNS = ("email", "name", "studio", "tier", "role", "days")
MOST_ROWS, MOST_BYTES = 2000, 1024 * 1024
SEPARATORS = ",;\t"
_BYTE_ORDER_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


class Unreadable(AccessProblem):
    """The list as a whole cannot be read. The message says why, and what to do."""

    code = "unreadable_list"


@dataclass(frozen=True)
class Line:
    """One row: the number of its first line in the file, its cells by column, and how many are past the header."""

    number: int
    cells: dict[str, str]
    beyond: int = 0


def decode(data: bytes) -> str:
    """The text of a file in UTF-8, or in UTF-16 that says so itself. Raises Unreadable."""
    if len(data) > MOST_BYTES:
        raise Unreadable("A list has at most 1 MB. Send it in parts.")
    encoding = next((name for mark, name in _BYTE_ORDER_MARKS if data.startswith(mark)), "utf-8")
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        raise Unreadable(
            "This file is neither UTF-8 nor UTF-16, so names with accents would be spoiled. In your spreadsheet, save "
            "it as “CSV UTF-8”, or copy the cells and paste them here."
        ) from None


def lines(text: str) -> list[Line]:
    """The rows of a list, empty ones left out. Raises Unreadable."""
    text = text.removeprefix("\ufeff")
    if "\x00" in text:
        raise Unreadable("This is no list in text. In your spreadsheet, save it as “CSV UTF-8”.")
    if len(text.encode("utf-8", "replace")) > MOST_BYTES:
        raise Unreadable("A list has at most 1 MB. Send it in parts.")
    rows = _rows(text)
    if not rows:
        raise Unreadable("The list is empty. Its first line names the columns, for example: email,name,studio")
    columns = _columns(rows[0][1])
    if len(rows) - 1 > MOST_ROWS:
        raise Unreadable(
            f"A list has at most {MOST_ROWS:,} rows, and this one has {len(rows) - 1:,}. Send it in parts."
        )
    if len(rows) == 1:
        raise Unreadable("There is nobody below the first line.")
    return [
        Line(
            number,
            dict(zip(columns, (" ".join(cell.split()) for cell in cells), strict=False)),
            _beyond(cells, columns),
        )
        for number, cells in rows[1:]
    ]


def _rows(text: str) -> list[tuple[int, list[str]]]:
    """Each row that is not empty, with the number of the line it begins on."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_separator(text), strict=True)
    rows, begins = [], 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                rows.append((begins, cells))
            begins = reader.line_num + 1
    except csv.Error:
        raise Unreadable(
            f"Line {begins} cannot be taken apart into cells. A cell with a quotation mark in it stands in quotation "
            "marks, and the mark is doubled."
        ) from None
    return rows


def _separator(text: str) -> str:
    # The header alone is asked: no column's name has a separator in it, and any cell of a row may.
    header = next((line for line in text.splitlines() if line.strip()), "")
    try:
        return csv.Sniffer().sniff(header, SEPARATORS).delimiter
    except csv.Error:  # a single column
        return ","


def _columns(header: list[str]) -> list[str]:
    columns = [name.strip().lower() for name in header]
    while columns and not columns[-1]:
        columns.pop()
    if unknown := [name for name in columns if name not in COLUMNS]:
        raise Unreadable(f"The first line names the columns, and “{unknown[0]}” is none of {', '.join(COLUMNS)}.")
    if len(set(columns)) < len(columns):
        raise Unreadable("The first line names a column twice.")
    if "email" not in columns:
        raise Unreadable("The first line names no column “email”.")
    return columns


def _beyond(cells: list[str], columns: list[str]) -> int:
    return sum(1 for cell in cells[len(columns) :] if cell.strip())
