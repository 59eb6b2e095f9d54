"""The pages of projects and takes in a real browser: live, by keyboard, without scripts, narrow, and read by axe.

No worker runs here: a painter (tests/takes/projection.py) plays its part step by step, so that each state can be seen.
"""

import base64
import io
import json
import re
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.conftest import LOOKS
from tests.house import ROOT, House, scratch_house, wait_for

OWNER, GUEST = "ines@lantern.example", "mara@lantern.example"
WORDS = "a red balloon rises over the sea at night"
PAINT = """
from datetime import timedelta
from django.utils import timezone
from access.models import Override
from accounts.actions import sign_in_link
from accounts.models import Person, Seat
from generation import codec, queue
from takes import actions, project_actions
from takes.models import Project, Take
from takes.wishes import Wish
from tests.takes.projection import *

seat = Seat.objects.select_related("studio").get(person__email="ines@lantern.example")
Override.objects.create(studio=seat.studio, field="concurrency", value=100, ends_at=timezone.now() + timedelta(days=1))

def new(name, key):
    return project_actions.create_project(seat=seat, name=name, key=key)

def send(project, prompt, key):
    return actions.submit(seat=seat, project=project, prompt=prompt, wish=Wish(seed=7), key=key)

def first(project):
    return Take.objects.get(project=project, number=1)
"""
# A second model, as an operator would add one: it takes reference images and knows every word.
PAINTER = """
id = "painter"
title = "Painter"
source = "nowhere"
revision = "1"
kind = "video"
fps = "16"
lengths = [17, 33]
frame_rule = { multiple = 4, offset = 1 }
steps = 4
max_steps = 8
guidance = 1.0
accepts_reference = true
sizes = [{ width = 64, height = 64, rate = 8 }, { width = 128, height = 64, rate = 16 }]
"""
LISTEN = """
import json, sys, traceback
room = {}
for line in sys.stdin:
    room["answer"] = None
    try:
        exec(json.loads(line), room)
        print("ANSWER " + json.dumps({"answer": room["answer"]}, default=str), flush=True)
    except Exception:
        print("ANSWER " + json.dumps({"error": traceback.format_exc()}), flush=True)
"""


class Painter:
    """A process of the house that runs what it is told, one thing after another, and answers with `answer`."""

    def __init__(self, house: House) -> None:
        self.process = subprocess.Popen(
            house.command("shell", "--no-imports", "-c", LISTEN),
            env=house.environment, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self(PAINT)

    def __call__(self, code: str) -> Any:
        self.process.stdin.write(json.dumps(code) + "\n")
        self.process.stdin.flush()
        line = next(line for line in self.process.stdout if line.startswith("ANSWER "))
        told = json.loads(line.removeprefix("ANSWER "))
        assert "error" not in told, told.get("error")
        return told["answer"]

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait(15)


@pytest.fixture(scope="session")
def live_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("painted")
    (folder / "catalogue").mkdir()
    (folder / "catalogue" / "painter.toml").write_text(PAINTER)
    with scratch_house(folder) as house:
        house.manage("demo", "--no-links")
        house.start("web", f"--port={house.port}")
        house.wait_until_up()
        yield house


@pytest.fixture(scope="session")
def paint(live_house: House) -> Iterator[Painter]:
    painter = Painter(live_house)
    yield painter
    painter.close()


@pytest.fixture(scope="session")
def sessions() -> dict[str, list[Any]]:
    return {}


@pytest.fixture
def enter(live_house: House, paint: Painter, sessions: dict[str, list[Any]]) -> Callable[[Page, str], Page]:
    """Signs a page in: by link the first time, with that session's cookies afterwards."""

    def go(page: Page, email: str) -> Page:
        if email not in sessions:
            page.goto(live_house.url + paint(f"answer = sign_in_link(Person.objects.get(email={email!r}))"))
            page.get_by_role("button", name="Step in").click()
            page.wait_for_url(lambda url: "/door/" not in url)
            sessions[email] = page.context.cookies()
        page.context.add_cookies(sessions[email])
        return page

    return go


@pytest.fixture(scope="session")
def wall(paint: Painter) -> dict[str, str]:
    """The addresses of every page, with a take in every state among them."""
    return paint("""
wall = new("Every state", "wall")
ready = project(send(wall, "a red balloon rises over the sea at night", "ready"))
remix = project(actions.remix(seat=seat, take=ready, prompt="a blue kite climbs above mountains", key="remix"))
refused = send(wall, "fake news footage of a boat in a storm at sea", "refused")
failed = send(wall, "a green fish in a canyon", "failed")
fail(failed)
cancelled = send(wall, "a pink car in the city", "cancelled")
actions.cancel(seat=seat, take=cancelled)
read_outbox()
rendering = send(wall, "a yellow umbrella in the rain", "rendering")
begin(rendering, step=9, preview=codec.preview(paint(rendering.prompt)[8]))
queued = send(wall, "a white star over the desert", "queued")
takes = dict(ready=ready, remix=remix, refused=refused, failed=failed, cancelled=cancelled, rendering=rendering,
             queued=queued)
answer = {name: f"/takes/{take.pk}/" for name, take in takes.items()} | {
    "project": f"/projects/{wall.pk}/", "projects": "/projects/", "archived": "/projects/?archived=1",
    "vocabulary": "/models/starter-1/vocabulary/",
}
""")


@pytest.fixture
def fresh_project(paint: Painter, request: pytest.FixtureRequest) -> str:
    """The id of a project of this test's own."""
    return paint(f"answer = new('Alone', {request.node.name[:100]!r}).pk")


# --- Every page ------------------------------------------------------------------------------------------------------


@LOOKS
def test_every_page_is_accessible_and_fits_in_both_themes(new_page, enter, accessible, wall, scheme, viewport):
    page = enter(new_page(scheme=scheme, viewport=viewport), OWNER)
    for name, address in wall.items():
        page.goto(address)
        expect(page.locator("h1")).to_be_visible()
        if name in ("ready", "remix"):
            expect(page.locator("canvas")).to_be_visible()
        accessible(page)
        wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wider <= 0, f"{name} is {wider} px wider than the window"


def test_what_a_guest_sees_is_accessible_too(page, enter, accessible, wall):
    enter(page, GUEST)
    for name in ("project", "ready", "rendering", "refused"):
        page.goto(wall[name])
        accessible(page)
    expect(page.get_by_role("button", name="Cancel")).to_have_count(0)


# --- Words in --------------------------------------------------------------------------------------------------------


def test_the_card_says_what_will_happen_while_one_types(page, enter, accessible, fresh_project):
    enter(page, OWNER).goto(f"/projects/{fresh_project}/")
    prompt = page.get_by_label("Prompt")
    prompt.fill("a red dragon rises over the sea")
    expect(page.locator("#preflight")).to_contain_text("does not know dragon")
    expect(page.get_by_role("button", name="Render for 3 credits")).to_be_visible()
    page.get_by_label("Seed").fill("seven")
    expect(page.locator("#preflight")).to_contain_text("A seed is a whole number")
    page.get_by_label("Seed").fill("7")
    prompt.fill("fake news footage of a boat in a storm at sea")
    expect(page.locator("#preflight mark").first).to_be_visible()
    expect(page.get_by_role("button", name="Not with this yet")).to_be_visible()
    accessible(page)


def test_words_survive_a_closed_page_and_are_put_away_once_sent(page, enter, fresh_project):
    enter(page, OWNER).goto(f"/projects/{fresh_project}/")
    page.get_by_label("Prompt").fill(WORDS)
    page.goto("/projects/")
    page.goto(f"/projects/{fresh_project}/")
    expect(page.get_by_label("Prompt")).to_have_value(WORDS)
    expect(page.locator("#preflight")).to_contain_text("No rule stands in the way")
    page.get_by_label("Prompt").press("Control+Enter")
    expect(page.get_by_role("link", name="Take 1")).to_be_visible()
    expect(page.get_by_label("Prompt")).to_have_value("")
    page.reload()
    expect(page.get_by_label("Prompt")).to_have_value("")


def test_a_double_click_is_one_take(page, enter, fresh_project):
    enter(page, OWNER).goto(f"/projects/{fresh_project}/")
    page.get_by_label("Prompt").fill(WORDS)
    page.get_by_role("button", name="Render for 3 credits").dblclick()
    expect(page.get_by_role("link", name="Take 1")).to_be_visible()
    page.reload()
    expect(page.locator("[data-take]")).to_have_count(1)


def test_the_knobs_fit_the_model_that_is_chosen(page, enter, fresh_project):
    enter(page, OWNER).goto(f"/projects/{fresh_project}/")
    page.get_by_label("Prompt").fill("a dragon")
    expect(page.locator("#preflight")).to_contain_text("Starter does not know dragon")
    page.get_by_label("Model").select_option("Painter")
    expect(page.get_by_label("Shape").locator("option")).to_have_text(["1:1 · 64×64", "2:1 · 128×64"])
    page.get_by_label("Length").select_option("2.06 s · 33 frames")
    page.get_by_label("Shape").select_option("2:1 · 128×64")
    expect(page.get_by_role("button", name="Render for 33 credits")).to_be_visible()
    expect(page.locator("#preflight")).not_to_contain_text("does not know")


def test_a_reference_image_is_taken_in_while_one_writes(page, enter, fresh_project):
    enter(page, OWNER).goto(f"/projects/{fresh_project}/")
    page.get_by_label("Model").select_option("Painter")
    page.get_by_label("Prompt").fill("the same boat, seen from above")
    page.get_by_text("Steps and reference image").click()
    page.get_by_label("or a new image").set_input_files(_upload("boat.png"))
    expect(page.locator("[data-upload-said]")).to_have_text("boat.png is chosen.")
    expect(page.get_by_label("Start from").locator("option:checked")).to_have_text("boat.png")
    page.get_by_role("button", name="Render for 9 credits").click()
    page.get_by_role("link", name="Take 1").click()
    expect(page.get_by_role("link", name="boat.png")).to_be_visible()


def test_what_is_no_image_is_refused_beside_the_button(new_page, enter, fresh_project):
    page = new_page()
    enter(page, OWNER).goto(f"/projects/{fresh_project}/")
    page.get_by_text("Steps and reference image").click()
    page.get_by_label("or a new image").set_input_files({"name": "x.png", "mimeType": "image/png", "buffer": b"<svg>"})
    expect(page.locator("[data-upload-said]")).to_contain_text("could not be read as an image")
    _expected(new_page, "422 (Unprocessable")


# --- Takes out -------------------------------------------------------------------------------------------------------


def test_a_take_moves_on_the_page_from_queue_to_clip(paint, page, enter, fresh_project):
    enter(page, OWNER).goto(f"/projects/{fresh_project}/")
    page.get_by_label("Prompt").fill(WORDS)
    page.get_by_role("button", name="Render for 3 credits").click()
    card = page.locator("#take-1")
    expect(card).to_contain_text("In the queue")
    held = page.locator("[data-purse]").text_content()
    paint(f"take = first({fresh_project!r})\nbegin(take, step=4)")
    expect(card.locator("[data-detail]")).to_contain_text("step 4 of 16")
    paint(f"take = first({fresh_project!r})\nqueue.report(under_way(take), 9, codec.preview(paint(take.prompt)[8]))")
    expect(card.locator("progress")).to_have_js_property("value", 56)
    expect(card.locator("[data-preview]")).to_have_js_property("naturalWidth", 224)
    paint(f"take = first({fresh_project!r})\nfinish(under_way(take), paint(take.prompt))")
    expect(card).to_have_attribute("data-state", "ready")
    expect(card.locator("img")).to_have_js_property("naturalWidth", 672)
    expect(page.locator("[data-said]")).to_have_text("Take 1: ready.")
    expect(page.locator("[data-purse]")).not_to_have_text(held)


def test_a_take_of_a_colleague_appears_by_itself(paint, page, enter, fresh_project):
    enter(page, OWNER).goto(f"/projects/{fresh_project}/")
    expect(page.get_by_text("No take yet")).to_be_visible()
    paint(f"send(Project.objects.get(pk={fresh_project!r}), 'a pink fish in the sea', 'c')")
    expect(page.locator("#take-1")).to_contain_text("a pink fish in the sea")
    expect(page.get_by_text("No take yet")).to_have_count(0)


def test_polling_takes_over_where_no_stream_gets_through(paint, new_page, enter, fresh_project):
    page = new_page()
    page.route("**/events/**", lambda route: route.fulfill(status=200, content_type="text/plain", body="a proxy"))
    enter(page, OWNER).goto(f"/projects/{fresh_project}/")
    page.get_by_label("Prompt").fill(WORDS)
    page.get_by_role("button", name="Render for 3 credits").click()
    expect(page.locator("#take-1")).to_contain_text("In the queue")
    paint(f"take = first({fresh_project!r})\nbegin(take, step=4)")
    expect(page.locator("#take-1 [data-detail]")).to_contain_text("step 4 of 16")
    _expected(new_page, "text/event-stream")


def test_the_page_of_a_take_becomes_a_player_when_it_is_ready(paint, page, enter, fresh_project):
    enter(page, OWNER)
    page.goto(
        paint(
            f"take = send(Project.objects.get(pk={fresh_project!r}), {WORDS!r}, 'p')\n"
            "begin(take, step=2)\nanswer = f'/takes/{take.pk}/'"
        )
    )
    expect(page.locator("[data-detail]")).to_contain_text("step 2 of 16")
    paint(f"take = first({fresh_project!r})\nfinish(under_way(take), paint(take.prompt))")
    expect(page.locator("canvas")).to_be_visible()


def test_without_scripts_words_become_a_clip_all_the_same(paint, new_page, enter, fresh_project):
    page = new_page(javascript=False)
    enter(page, OWNER).goto(f"/projects/{fresh_project}/")
    page.locator("[name=prompt]").fill("a red dragon rises over the sea")
    page.get_by_role("button", name="Check first").click()
    expect(page.locator("#preflight")).to_contain_text("does not know dragon")
    page.locator("[name=prompt]").fill("x" * 400)
    page.get_by_role("button", name=re.compile("Render")).click()
    expect(page.get_by_role("alert")).to_contain_text("reads 300")
    expect(page.locator("[name=prompt]")).to_have_value("x" * 400)
    page.locator("[name=prompt]").fill(WORDS)
    page.locator("#send").click()
    expect(page.locator("#take-1")).to_contain_text("In the queue")
    paint(f"take = first({fresh_project!r})\nproject(take)")
    page.get_by_role("link", name="Look again").click()
    expect(page.locator("#take-1")).to_contain_text("Ready")
    page.get_by_role("link", name="Take 1").click()
    expect(page.locator("video")).to_have_attribute("controls", "")
    _expected(new_page, "422 (Unprocessable Entity)")


def test_a_project_is_made_renamed_put_away_and_brought_back(page, enter):
    enter(page, OWNER).goto("/projects/")
    page.get_by_label("New project").fill("Passing through")
    page.get_by_role("button", name="Make it").click()
    expect(page.get_by_role("heading", name="Passing through")).to_be_visible()
    page.get_by_text("Rename or archive this project").click()
    page.get_by_label("Name", exact=True).fill("Passing by")
    page.get_by_role("button", name="Rename").click()
    expect(page.get_by_role("heading", name="Passing by")).to_be_visible()
    page.get_by_text("Rename or archive this project").click()
    page.get_by_role("button", name="Archive").click()
    expect(page.get_by_role("link", name="Passing by")).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("heading", name="Passing by")).to_be_visible()


# --- The player ------------------------------------------------------------------------------------------------------


@pytest.fixture
def player(page: Page, enter, wall) -> Page:
    enter(page, OWNER).goto(wall["ready"])
    expect(page.locator("canvas")).to_be_visible()
    return page


def test_the_keyboard_steps_to_exactly_the_frame_it_says(player):
    frames = _decoded(player)
    for key, expected in [
        ("ArrowRight", 1), ("ArrowRight", 2), ("ArrowRight", 3), ("ArrowLeft", 2), ("Shift+ArrowRight", 12),
        ("End", 16), ("ArrowRight", 16), ("ArrowLeft", 15), ("Shift+ArrowLeft", 5), ("Home", 0), ("ArrowLeft", 0),
    ]:  # fmt: skip
        player.keyboard.press(key)
        _rests_at(player, expected)
        assert _nearest(frames, _on_canvas(player)) == expected
    expect(player.get_by_role("slider", name="Frame")).to_have_attribute("aria-valuetext", "Frame 0, 0.00 seconds")


def test_every_frame_can_be_stepped_through_in_a_hurry(player):
    for _ in range(13):
        player.keyboard.press("ArrowRight")
    _rests_at(player, 13)
    expect(player.locator("[data-timecode]")).to_have_text("00:01:05")
    assert _nearest(_decoded(player), _on_canvas(player)) == 13


def test_space_plays_and_a_range_is_looped(player):
    player.keyboard.press("Shift+ArrowRight")
    _rests_at(player, 10)
    player.keyboard.press("i")
    player.keyboard.press("ArrowRight")
    player.keyboard.press("ArrowRight")
    player.keyboard.press("ArrowRight")
    _rests_at(player, 13)
    player.keyboard.press("o")
    expect(player.locator("[data-range]")).to_be_visible()
    player.evaluate(
        """() => {
            const root = document.querySelector("[data-player]")
            window.seen = []
            root.addEventListener("frame", () => window.seen.push(root.player.frame))
        }"""
    )
    player.keyboard.press(" ")
    expect(player.get_by_role("button", name="Pause")).to_be_visible()
    again = "window.seen.filter((frame, at) => frame < window.seen[at - 1]).length"
    wait_for(lambda: player.evaluate(again) >= 2, "the range to begin again twice")
    player.keyboard.press(" ")
    expect(player.get_by_role("button", name="Play")).to_be_visible()
    seen = set(player.evaluate("window.seen"))
    assert seen <= set(range(10, 15))
    assert len(seen) >= 3


def test_the_scrubber_is_dragged_and_shows_what_is_under_the_pointer(player):
    track = player.get_by_role("slider", name="Frame")
    box = track.bounding_box()
    player.mouse.move(box["x"] + box["width"] / 2, box["y"] + 10)
    expect(player.locator("[data-thumb]")).to_be_visible()
    expect(player.locator("[data-thumb]")).to_have_text("00:01:00")
    player.mouse.down()
    player.mouse.move(box["x"] + box["width"] - 1, box["y"] + 10)
    player.mouse.up()
    _rests_at(player, 16)


def test_question_mark_lists_the_keys_and_single_letters_can_be_switched_off(player):
    player.keyboard.press("?")
    expect(player.get_by_role("dialog", name="Keys")).to_be_visible()
    player.get_by_label("Single letters work as keys").uncheck()
    player.get_by_role("button", name="Close").click()
    player.keyboard.press("?")
    expect(player.get_by_role("dialog", name="Keys")).to_be_hidden()
    player.keyboard.press("ArrowRight")
    _rests_at(player, 1)


def test_letters_typed_into_the_remix_are_letters(player):
    player.get_by_label("Remix with other words").fill("")
    player.get_by_label("Remix with other words").type("if only?")
    expect(player.get_by_label("Remix with other words")).to_have_value("if only?")
    expect(player.get_by_role("dialog", name="Keys")).to_be_hidden()
    expect(player.locator("[data-range]")).to_be_hidden()


# --- Helpers ---------------------------------------------------------------------------------------------------------


def _upload(name: str) -> dict[str, Any]:
    data = io.BytesIO()
    Image.new("RGB", (64, 48), (200, 120, 60)).save(data, "PNG")
    return {"name": name, "mimeType": "image/png", "buffer": data.getvalue()}


def _expected(new_page, what: str) -> None:
    """The console may report this: the test brought it about."""
    new_page.errors[:] = [error for error in new_page.errors if what not in error]


def _rests_at(page: Page, frame: int) -> None:
    expect(page.locator("[data-frame]")).to_have_text(str(frame))
    still = "document.querySelector('[data-player]').player.wanted === null"
    wait_for(lambda: page.evaluate(still), f"frame {frame} to be painted")


def _on_canvas(page: Page) -> np.ndarray:
    data = page.evaluate("document.querySelector('canvas').toDataURL('image/png')").split(",")[1]
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB")).astype(int)


def _decoded(page: Page) -> list[np.ndarray]:
    """The clip's frames as a program other than the browser reads them."""
    clip = page.request.get(page.locator("video").get_attribute("src")).body()
    with av.open(io.BytesIO(clip)) as video:
        return [frame.to_ndarray(format="rgb24").astype(int) for frame in video.decode(video=0)]


def _nearest(frames: list[np.ndarray], picture: np.ndarray) -> int:
    return int(np.argmin([np.abs(frame - picture).mean() for frame in frames]))
