"""The lab's pages on studios, people and tiers in a real browser: read by axe, narrow, and worked without scripts."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import LOOKS, NARROW
from tests.house import House, scratch_house

LEAD = "priya@lab.example"

# One studio with something of everything, and another that is shut.
MUCH = """
from datetime import timedelta
from django.utils import timezone
from access.models import Tier
from access.suspensions import actions as suspensions
from access.tiers import actions as tiers
from accounts.models import Seat, Studio
from audit.actions import Actor
house, lantern = Actor.house("tests"), Studio.objects.get(name="Lantern Pictures")
wen = Seat.objects.get(person__email="wen@lantern.example")
soon = timezone.now() + timedelta(days=3)
tiers.place(studio=lantern, tier=Tier.objects.get(slug="lab"), reason="Opening night", actor=house)
tiers.override(studio=lantern, field="models", value=["starter-1", "wan"], ends_at=soon, reason="A test", actor=house)
tiers.override(seat=wen, field="daily_takes", value=None, ends_at=soon, reason="A deadline", actor=house)
suspensions.suspend_seat(seat=wen, reason="A leaked key", running_work="finish", actor=house)
shut = Studio.objects.get(name="Northlight")
suspensions.suspend_studio(studio=shut, reason="Under inquiry", running_work="stop", actor=house)
tiers.change_tier(tier=Tier.objects.get(slug="lab"), changes={"max_seconds": 25}, reason="Longer clips", actor=house)
from access.models import Guardrail
answer = {"studio": lantern.slug, "shut": shut.slug, "seat": wen.pk, "person": wen.person_id}
answer["guardrail"] = Guardrail.objects.earliest("pk").pk
"""


@pytest.fixture(scope="session")
def live_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with scratch_house(tmp_path_factory.mktemp("lab")) as house:
        house.manage("demo", "--no-links")
        house.start("web", f"--port={house.port}")
        house.wait_until_up()
        yield house


@pytest.fixture(scope="session")
def there(live_house: House) -> dict[str, object]:
    return live_house.ask(MUCH)


def fits(page: Page) -> bool:
    return page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@LOOKS
def test_the_labs_pages_are_accessible_and_fit(new_page, enter, accessible, there, scheme, viewport):
    page = enter(new_page(scheme=scheme, viewport=viewport), LEAD)
    for path in [
        "/lab/",
        "/lab/studios/",
        "/lab/studios/?q=nobody-is-called-so",
        f"/lab/studios/{there['studio']}/",
        f"/lab/studios/{there['shut']}/",
        f"/lab/studios/{there['studio']}/record/",
        f"/lab/studios/{there['studio']}/seats/{there['seat']}/",
        "/lab/people/",
        f"/lab/people/{there['person']}/",
        "/lab/tiers/",
        "/lab/tiers/lab/?on=2026-11-20",
        "/lab/new-tier/",
        "/lab/rollouts/",
        "/lab/rollouts/new/",
        "/lab/rollouts/starter-preview/",
        "/lab/rollouts/starter-preview/names/",
        "/lab/rollouts/starter-preview/history/",
        "/lab/rollouts/starter-preview/stages/4/",
        f"/lab/rollouts/starter-preview/guardrails/{there['guardrail']}/",
        f"/lab/entitlements/?seat={there['seat']}&act=submit",
        "/lab/entitlements/?q=lantern",
        "/settings/rights/",
        "/lab/applications/",
        "/lab/invitations/",
        "/lab/invitations/new/",
        "/lab/terms/",
    ]:
        page.goto(path)
        accessible(page)
        assert fits(page), path


def test_wrong_forms_are_accessible_too_and_everything_works_without_scripts(new_page, enter, accessible, there):
    page = enter(new_page(viewport=NARROW), LEAD)
    page.goto("/lab/tiers/lab/")
    page.get_by_label("Seconds of a clip").fill("a while")
    page.get_by_label("Why", exact=True).first.fill("told at length")
    page.get_by_role("button", name="Change it").click()
    expect(page.get_by_text("Seconds of a clip takes a whole number")).to_be_visible()
    accessible(page)
    new_page.errors.clear()  # the 422 that says what is wrong
    plain = enter(new_page(javascript=False), LEAD)
    plain.goto(f"/lab/studios/{there['studio']}/")
    plain.locator("#move_tier").select_option("studio")
    plain.locator("#move_reason").fill("After opening night")
    plain.get_by_role("button", name="Move it").click()
    expect(plain.get_by_role("status")).to_contain_text("stands in Studio now")
    plain.get_by_role("button", name="Undo").click()
    expect(plain.get_by_role("status")).to_contain_text("stands in Lab again")
