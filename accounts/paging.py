"""Lists come in pages: some rows, and the cursor of those after them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.db.models import Model, QuerySet
from django.http import QueryDict

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


@dataclass(frozen=True)
class Part(Generic[Row]):
    """One paged list of a page that may have several: its rows, and the query string of the older ones, or nothing.

    `is_first` tells a list's beginning from what lies behind it, so that an empty list can be told from an end.
    """

    rows: Sequence[Row]
    older: str
    is_first: bool


def part(rows: QuerySet[AnyModel], query: QueryDict, name: str = "after", limit: int = 25) -> Part[AnyModel]:
    """The newest rows, or those behind the cursor that the query carries as `name`. Other parameters are kept."""
    page = newest_first(rows, query.get(name), limit)
    onward = query.copy()
    onward[name] = page.next or ""
    return Part(page.rows, f"?{onward.urlencode()}" if page.next else "", name not in query)
