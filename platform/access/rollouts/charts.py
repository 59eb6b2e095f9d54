"""A guardrail's readings as one small line. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT, MARGIN = 300, 40, 3


@dataclass(frozen=True)
class Chart:
    """`line` is an SVG path in a box of WIDTH × HEIGHT; `limit` and `before` are heights in it, None where there is
    none. `said` is the same in words."""

    line: str
    limit: float | None
    before: float | None
    said: str


def chart(shares: Sequence[float], *, limit: float | None, before: float | None) -> Chart:
    """Shares between 0 and 1, oldest first, with the limit and the share of the stage before at the same scale."""
    top = max([*shares, limit or 0.0, before or 0.0]) * 1.15 or 1.0

    def height(share: float) -> float:
        return round(HEIGHT - MARGIN - share / top * (HEIGHT - 2 * MARGIN), 1)

    step = WIDTH / max(len(shares) - 1, 1)
    points = [f"{round(index * step, 1):g} {height(share):g}" for index, share in enumerate(shares)]
    if len(points) == 1:
        points.append(f"{WIDTH} {height(shares[0]):g}")
    said = f"{len(shares)} readings, the last {100 * shares[-1]:.2g} %" if shares else "No reading yet"
    return Chart(
        "M" + " L".join(points) if points else "",
        None if limit is None else height(limit),
        None if before is None else height(before),
        said,
    )
