"""One prompt becomes one clip, through the whole house, as a person sees it."""

import io

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from generation.starter import world
from tests.browser.redness import frames_of, heights_of_red
from tests.house import wait_for

WORDS = "a red balloon rises over the sea at night"
# Collects every value that a take's progress bar ever shows, in whatever page of this window.
WATCH_PROGRESS = """
  new MutationObserver(() => {
    for (const bar of document.querySelectorAll("[data-take][data-state=rendering] progress"))
      sessionStorage.progress = `${sessionStorage.progress || ""} ${bar.value}`;
  }).observe(document, {subtree: true, childList: true, attributes: true});
"""


def rises(frames: np.ndarray) -> bool:
    """Whether the red moves up by a tenth of the picture from the first third of the clip to the last."""
    heights = heights_of_red(frames)
    third = len(heights) // 3
    return bool(np.nanmean(heights[-third:]) - np.nanmean(heights[:third]) > 0.1)


def is_dark(frames: np.ndarray) -> bool:
    return bool(frames.mean() < 90)


@pytest.mark.parametrize(("motion", "time"), [("rise", "night"), ("sink", "night"), ("rise", "day"), ("still", "day")])
def test_the_measure_is_right_about_pictures_that_are_known(motion, time):
    scene = world.Scene(subject="balloon", colour="red", place="sea", motion=motion, time=time)
    for seed in range(5):
        frames = world.render(scene, seed)[0]
        assert rises(frames) == (motion == "rise")
        assert is_dark(frames) == (time == "night")


def test_a_prompt_becomes_a_clip_that_shows_what_it_says(page: Page, enter):
    page.add_init_script(WATCH_PROGRESS)
    enter(page, "wen@lantern.example").goto("/projects/")
    page.get_by_role("link", name="Paper kites").click()
    page.get_by_label("Prompt").fill(WORDS)
    page.get_by_label("Seed").fill("7")
    expect(page.locator("#preflight")).to_contain_text("No rule stands in the way")
    already = page.locator("[data-take]").count()
    page.locator("#send").click()
    expect(page.locator("[data-take]")).to_have_count(already + 1)
    card = page.locator("[data-take]").filter(has_text=WORDS).first
    expect(card).to_have_attribute("data-state", "ready", timeout=300_000)  # the demo takes are ahead
    seen = page.evaluate("sessionStorage.progress || ''").split()
    assert any(0 < float(value) < 100 for value in seen), f"the progress never moved: {seen}"

    card.get_by_role("link").first.click()
    expect(page.locator("[data-player] canvas")).to_be_visible()
    page.keyboard.press("Space")
    clip = page.locator("video")
    wait_for(lambda: clip.evaluate("video => video.currentTime") > 0.5, "the clip to play")

    answer = page.request.get(clip.evaluate("video => video.currentSrc"))
    frames = frames_of(io.BytesIO(answer.body()))
    assert rises(frames)
    assert is_dark(frames)
