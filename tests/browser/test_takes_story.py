"""The acceptance of the whole house: words go in at one end, and the clip that comes out shows what they say."""

import io
import re

import av
import numpy as np
import pytest
from playwright.sync_api import Page, expect

from generation import catalogue
from tests.house import wait_for

WORDS = "a red balloon rises over the sea at night"
pytestmark = pytest.mark.skipif(
    not catalogue.available(catalogue.get("starter-1")), reason="the starter model has not been trained here"
)


def test_a_prompt_becomes_a_clip_that_shows_what_it_says(page, enter, live_house):
    # The demo's own takes would be rendered first.
    live_house.ask(
        "from takes import actions\nfrom takes.models import Take\n"
        "for take in Take.objects.filter(state__in=Take.UNDER_WAY).select_related('seat__studio'):\n"
        "    actions.cancel(seat=take.seat, take=take)\n"
        "answer = None"
    )
    enter(page, "ines@lantern.example").goto("/projects/")
    page.get_by_label("New project").fill("First light")
    page.get_by_role("button", name="Make it").click()
    page.get_by_label("Prompt").fill(WORDS)
    page.get_by_label("Seed").fill("7")
    page.get_by_text("More", exact=True).click()
    page.get_by_label("Steps").fill("32")  # long enough to be watched
    send = page.get_by_role("button", name=re.compile("Render for"))
    expect(page.locator("#preflight")).to_contain_text("No rule stands in the way")
    send.click()

    card = page.locator("#take-1")
    seen = set()

    def is_ready() -> bool:
        seen.update(card.locator("progress").evaluate_all("bars => bars.map(bar => bar.value)"))
        return card.get_attribute("data-state") == "ready"

    wait_for(is_ready, "the take to be ready", seconds=420)
    assert len(seen) >= 2, f"the progress did not move: {seen}"

    page.get_by_role("link", name="Take 1").click()
    expect(page.locator("canvas")).to_be_visible()
    page.keyboard.press(" ")
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    page.keyboard.press(" ")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    assert download.value.suggested_filename == "First light take 1.mp4"
    _shows_a_red_thing_rising_at_night(_frames(page))


def _frames(page: Page) -> np.ndarray:
    clip = page.request.get(page.locator("video").get_attribute("src")).body()
    with av.open(io.BytesIO(clip)) as video:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in video.decode(video=0)]).astype(float)


def _shows_a_red_thing_rising_at_night(frames: np.ndarray) -> None:
    red, green, blue = np.moveaxis(frames, -1, 0)
    subject = (red > 110) & (red > 1.7 * green) & (red > 1.7 * blue)
    area = subject.mean(axis=(1, 2))
    assert area.min() > 0.01, f"no red subject in every frame: its share of each is {area.round(3)}"
    rows = np.arange(frames.shape[1]) / frames.shape[1]
    height = (subject.mean(axis=2) * rows).sum(axis=1) / subject.mean(axis=2).sum(axis=1)
    early, late = height[: len(height) // 3].mean(), height[-(len(height) // 3) :].mean()
    assert early - late > 0.1, f"it does not rise: it is at {height.round(2)} of the height"
    around = frames[~subject]
    assert around.mean() < 110, f"not a night: the surroundings are {around.mean():.0f} bright"
    corners = frames[:, -frames.shape[1] // 5 :][..., [0, 2]].mean(axis=(0, 1, 2))
    assert corners[1] > corners[0], "no sea: what is below is not blue"
