"""Lists come in pages: some rows, and the cursor of those after them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.db.models import Model, QuerySet

Row = TypeVar("Row")
AnyModel = TypeVar("AnyModel", bound=Model)
LONGEST_CURSOR = 19  # digits: a number of this many may not fit the database's


@dataclass(frozen=True)
class Page(Generic[Row]):
    """Some rows, and the cursor of those that come after them; None on the last page."""

    rows: Sequence[Row]
    next: str | None


def newest_first(rows: QuerySet[AnyModel], after: str | None, limit: int) -> Page[AnyModel]:
    """A page of rows that are numbered by their id, the newest first. Any other cursor starts at the beginning."""
    if after and after.isdecimal() and len(after) < LONGEST_CURSOR:
        rows = rows.filter(pk__lt=int(after))
    found: list[Any] = list(rows.order_by("-pk")[: limit + 1])
    return Page(found[:limit], str(found[limit - 1].pk) if len(found) > limit else None)
