"""What one take looks like on the wall: the same words whether a page, a stream of events or a poll shows them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from generation.models import JobState
from takes import queries
from takes.models import Take
from takes.queries import Card

# The dot's colour and the word beside it.
SIGNS = {
    Take.State.IN_REVIEW: ("hold", "In review"),
    Take.State.QUEUED: ("hold", "In the queue"),
    Take.State.RENDERING: ("hold", "Rendering"),
    Take.State.READY: ("go", "Ready"),
    Take.State.REFUSED: ("stop", "Refused"),
    Take.State.FAILED: ("stop", "Failed"),
    Take.State.CANCELLED: ("faint", "Cancelled"),
}


@dataclass(frozen=True)
class Still:
    """A take as it stands. `title` and `detail` lie over the picture; `percent` is None where there is no progress."""

    card: Card

    @property
    def take(self) -> Take:
        return self.card.take

    @property
    def state(self) -> str:
        """The take's state, except that a render shows as one as soon as a worker has it."""
        progress = self.card.progress
        if self.take.state == Take.State.QUEUED and progress and progress.state == JobState.RUNNING:
            return Take.State.RENDERING
        return self.take.state

    @property
    def tone(self) -> str:
        return SIGNS[Take.State(self.state)][0]

    @property
    def word(self) -> str:
        return SIGNS[Take.State(self.state)][1]

    @property
    def is_under_way(self) -> bool:
        return self.take.is_under_way

    @property
    def is_ready(self) -> bool:
        return self.take.state == Take.State.READY

    @property
    def can_go_again(self) -> bool:
        return self.take.state in (Take.State.FAILED, Take.State.CANCELLED)

    @property
    def title(self) -> str:
        if self.take.state == Take.State.IN_REVIEW:
            return "A reviewer reads this first"
        progress = self.card.progress
        if progress is None or progress.state == JobState.QUEUED:
            return "In the queue"
        return "Rendering" if progress.state == JobState.RUNNING else "Finishing"

    @property
    def detail(self) -> str:
        progress = self.card.progress
        if progress is None:
            return ""
        if progress.state == JobState.QUEUED:
            ahead = "next" if not progress.ahead else f"{progress.ahead} ahead"
            return " · ".join(filter(None, (ahead, left(progress.seconds_left))))
        if progress.state != JobState.RUNNING:
            return ""
        step = f"step {progress.step} of {progress.steps}" if progress.step else "getting ready"
        return " · ".join(filter(None, (step, left(progress.seconds_left))))

    @property
    def percent(self) -> int | None:
        progress = self.card.progress
        return progress.percent if progress and progress.state != JobState.QUEUED else None

    @property
    def picture(self) -> str | None:
        """Where the picture is: the poster of a ready take, the latest preview of one that renders."""
        if self.is_ready and "poster" in self.card.artifacts:
            return reverse("takes:poster", args=[self.take.pk])
        progress = self.card.progress
        if progress and progress.preview:
            return f"{reverse('takes:preview', args=[self.take.pk])}?step={progress.step}"
        return None

    @property
    def timecode(self) -> str:
        """The clip's length as minutes, seconds and frames: 81 frames at 16 a second are 00:05:01."""
        clip = self.card.artifacts.get("clip")
        if clip is None or clip.frames == 1:
            return ""
        base = round(clip.fps_num / clip.fps_den)
        seconds, frames = divmod(clip.frames, base)
        return f"{seconds // 60:02}:{seconds % 60:02}:{frames:02}"

    @property
    def charge(self) -> str:
        """What the take costs, or what came back."""
        price = self.take.price
        if self.take.state == Take.State.REFUSED:
            return "nothing charged"
        if self.can_go_again:
            return f"{price} credit{'' if price == 1 else 's'} returned"
        return f"{price} cr"

    @property
    def rules(self) -> list[str]:
        """The titles of the rules that refused the words."""
        findings = self.take.decision.get("findings", [])
        return list(dict.fromkeys(one["title"] for one in findings if one["verdict"] == "refuse"))

    def progress_json(self) -> dict[str, Any]:
        return {
            "id": str(self.take.pk),
            "title": self.title,
            "detail": self.detail,
            "percent": self.percent,
            "preview": self.picture,
        }


def stills(takes: Iterable[Take]) -> list[Still]:
    """As many queries for one take as for a page full."""
    return [Still(card) for card in queries.cards(takes)]


def duration(seconds: float) -> str:
    """“41 s”, “3 min”, “2 h”: as exact as a forecast deserves."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min" if seconds < 5400 else f"{round(seconds / 3600)} h"


def left(seconds: float | None) -> str:
    return "" if seconds is None else f"{duration(seconds)} left"
