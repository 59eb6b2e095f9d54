"""The way in, walked by people: from asking for access to a first project; and a rollout that halts by itself."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import give_authenticator
from tests.house import House, scratch_house, wait_for

LEAD = "priya@lab.example"

# Thirty takes that went wrong through stage 3, and as many through stage 2 that went well.
FAILURES = """
import uuid
from datetime import timedelta
from django.utils import timezone
from access.models import Rollout, Stage
from takes.models import Take
rollout = Rollout.objects.get(slug="starter-preview")
like = Take.objects.exclude(job_id=None).first()
then = timezone.now() - timedelta(seconds=30)
for position, state in ((2, "ready"), (3, "failed")):
    stage = Stage.objects.get(rollout=rollout, position=position)
    for number in range(120):
        pk = uuid.uuid4()
        row = {field.attname: getattr(like, field.attname) for field in Take._meta.concrete_fields}
        row |= {"id": pk, "job_id": pk, "key": str(pk), "number": 1000 * position + number, "stage_id": stage.pk}
        row |= {"state": state, "created_at": then, "started_at": then, "finished_at": then}
        Take.objects.create(**row)
# Measured from before they ended, and only once all of them are there: a look in between would count some of them.
Stage.objects.filter(rollout=rollout, opened_at__isnull=False).update(measured_since=then - timedelta(seconds=60))
answer = "fed"
"""


@pytest.fixture(scope="session")
def live_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The web and the clock, at `localhost`: an address of numbers has no passkeys. Letters are printed in the log."""
    with scratch_house(tmp_path_factory.mktemp("door"), ROLLOUT_WATCH="1") as house:
        house.url = f"http://localhost:{house.port}"
        house.environment["SITE_URL"] = house.url
        house.manage("demo", "--no-links")
        house.start("web", f"--port={house.port}")
        house.start("clock")
        house.wait_until_up()
        yield house


def letter(house: House, address: str, pattern: str) -> str:
    """The link of this form in a letter that was sent to the address."""

    def link() -> str:
        letters = house.log("clock").read_text().split("Content-Type: text/plain")
        mine = "".join(one for one in letters if f"To: {address}\n" in one)
        found = re.search(rf"{house.url}({pattern})", mine)
        return found[1] if found else ""

    return wait_for(link, f"a letter to {address} with {pattern}")


def test_somebody_asks_is_accepted_comes_in_and_begins(new_page, enter, accessible, live_house):
    applicant = new_page()
    applicant.goto("/apply/")
    applicant.get_by_label("Your name").fill("Noor Haddad")
    applicant.get_by_label("Your e-mail").fill("Noor@Reel.example")
    applicant.get_by_label("An artist", exact=False).first.check()
    applicant.get_by_label("What would you make?").fill("Short films about a lighthouse, without anybody in them.")
    applicant.wait_for_timeout(3200)  # faster than anybody types is taken for a program
    applicant.get_by_role("button", name="Send", exact=True).click()
    applicant.goto(letter(live_house, "noor@reel.example", r"/apply/[\w-]{20,}/confirm/"))
    applicant.get_by_role("button", name="Send it").click()
    standing = applicant.url

    lead = enter(new_page(), LEAD)
    lead.goto("/lab/applications/")
    lead.get_by_role("link", name="Noor Haddad").first.click()
    lead.get_by_label("Yes", exact=True).check()
    lead.get_by_role("button", name="Write down my reading").click()
    lead.get_by_role("button", name="Accept…").click()
    expect(lead.get_by_role("button", name="Accept and send")).to_be_visible()
    lead.wait_for_load_state("networkidle")
    accessible(lead)
    lead.get_by_role("button", name="Accept and send").click()
    expect(lead.get_by_role("status")).to_contain_text("accepted")

    link = letter(live_house, "noor@reel.example", r"/join/[\w-]{20,}/")
    applicant.goto(standing)
    expect(applicant.locator("main")).to_contain_text("You are in")
    applicant.goto(link)
    accessible(applicant)
    expect(applicant.get_by_role("button", name="Come in")).to_be_visible()
    applicant.get_by_label("I have read the terms").check()
    applicant.get_by_role("button", name="Come in").click()
    expect(applicant.get_by_role("heading", name="Projects", level=1)).to_be_visible()

    give_authenticator(applicant)
    applicant.goto("/settings/security/passkeys/add/")
    applicant.get_by_label("Name").fill("My phone")
    applicant.get_by_label("Let me sign in with it alone").check()
    applicant.get_by_role("button", name="Add it").click()
    expect(applicant.get_by_text("Your passkey is added.")).to_be_visible()
    applicant.goto("/settings/")
    applicant.locator(".who summary").click()
    applicant.get_by_role("button", name="Sign out").click()
    applicant.goto("/sign-in/")
    applicant.get_by_role("button", name="Use a passkey").click()
    applicant.get_by_label("New project").fill("Lighthouse")
    applicant.get_by_role("button", name="Make it").click()
    expect(applicant.get_by_role("heading", name="Lighthouse")).to_be_visible()

    # Links are used once.
    stranger = new_page()
    stranger.goto(link)
    expect(stranger.locator("main")).to_contain_text("used")
    new_page.errors[:] = [error for error in new_page.errors if "410" not in error]


def test_a_stage_that_goes_wrong_halts_by_itself_and_is_rolled_back_and_resumed(
    new_page, enter, accessible, live_house
):
    lead = enter(new_page(), LEAD)
    lead.goto("/lab/rollouts/starter-preview/")
    expect(lead.locator("#ladder")).to_contain_text("Open · 100 %")
    live_house.ask(FAILURES)
    # The page asks by itself; nobody presses anything.
    expect(lead.locator("#standing")).to_contain_text("Halted", timeout=40_000)
    expect(lead.locator("#ladder")).to_contain_text("Halted · 100 %")
    accessible(lead)
    lead.reload()
    expect(lead.get_by_text("Failed renders worse than the stage before")).to_be_visible()
    expect(lead.get_by_role("cell", name="Guardrail")).to_be_visible()

    lead.locator("summary", has_text="Resume").click()
    lead.get_by_role("textbox", name="Because").locator("visible=true").fill("policy 12")
    lead.get_by_role("button", name="Resume").click()
    expect(lead.locator("#ladder")).to_contain_text("Open · 100 %")

    lead.locator("summary", has_text="Roll back").click()
    lead.get_by_role("textbox", name="Because").locator("visible=true").fill("to be sure")
    lead.get_by_role("button", name="Roll back").click()
    expect(lead.get_by_text("Rolled back to stage 2.")).to_be_visible()
    expect(lead.get_by_role("button", name="Open stage 3 at 100 %")).to_be_visible()

    # Sent from a studio of the stage that was closed.
    artist = enter(new_page(), "wen@lantern.example")
    artist.get_by_role("link", name="Tidewater").click()
    artist.get_by_role("textbox", name="Prompt").press_sequentially("a red balloon rises")
    expect(artist.locator("main")).to_contain_text("opened step by step")
    # The takes that were fed in have no pictures.
    new_page.errors[:] = [error for error in new_page.errors if "404" not in error]
