"""The door, the front page and the settings in a real browser: read by axe, narrow, by keyboard, without scripts."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import LOOKS, NARROW, give_authenticator
from tests.house import House, scratch_house

OWNER, GUEST = "ines@lantern.example", "mara@lantern.example"
OUTSIDE = [
    "/",
    "/sign-in/",
    "/sign-in/code/",
    "/sign-up/",
    "/password/",
    "/policy/",
    "/apply/",
    "/apply/written/",
    "/terms/",
]
INSIDE = [
    "/settings/",
    "/settings/seats/",
    "/settings/invite/",
    "/settings/keys/",
    "/settings/security/",
    "/settings/security/password/set/",
    "/settings/security/app/add/",
    "/settings/security/passkeys/",
    "/settings/security/passkeys/add/",
    "/settings/sessions/",
    "/credits/",
]
LEAD = "priya@lab.example"
OF_THE_LEAD = [
    "/lab/invitations/",
    "/lab/invitations/new/",
    "/lab/invitations/lists/new/",
    "/lab/invitations/tree/",
    "/lab/invitations/tree/lab/",
    "/lab/terms/",
    "/lab/terms/draft/",
    "/lab/terms/1/",
]


@pytest.fixture(scope="session")
def live_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Nothing is rendered here, so the web alone will do. At `localhost`, for an address of numbers has no passkeys."""
    with scratch_house(tmp_path_factory.mktemp("lobby")) as house:
        house.manage("demo", "--no-links")
        house.start("web", f"--port={house.port}")
        house.wait_until_up()
        house.url = f"http://localhost:{house.port}"
        yield house


@pytest.fixture(scope="session")
def sign_in_link(live_house: House) -> Callable[[str], str]:
    def link(email: str) -> str:
        path = live_house.ask(
            "from accounts.actions import sign_in_link\nfrom accounts.models import Person\n"
            f"answer = sign_in_link(Person.objects.get(email={email!r}))"
        )
        return f"{live_house.url}{path}"

    return link


@pytest.fixture(scope="session")
def invitation(live_house: House) -> str:
    return live_house.ask(
        "from access.invitations.actions import invite\nfrom access.models import Tier\n"
        "from accounts.models import Studio\n"
        "from audit.actions import Actor\n"
        "_, code = invite(email='new@lantern.example', tier=Tier.objects.get(slug='studio'), role='artist',\n"
        "    studio=Studio.objects.get(name='Lantern Pictures'), actor=Actor.house('tests'))\n"
        "answer = f'/join/{code}/'"
    )


def fits(page: Page) -> bool:
    return page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@LOOKS
def test_pages_before_the_door_are_accessible_and_fit(new_page, accessible, invitation, sign_in_link, scheme, viewport):
    page = new_page(scheme=scheme, viewport=viewport)
    for path in [*OUTSIDE, invitation, sign_in_link(OWNER)]:
        page.goto(path)
        accessible(page)
        assert fits(page), path


@LOOKS
def test_pages_behind_the_door_are_accessible_and_fit(new_page, enter, accessible, scheme, viewport):
    page = enter(new_page(scheme=scheme, viewport=viewport), OWNER)
    for path in INSIDE:
        page.goto(path)
        accessible(page)
        assert fits(page), path
    page.locator(".who summary").click()
    accessible(page)
    assert fits(page)


@LOOKS
def test_invitations_and_terms_of_the_lab_are_accessible_and_fit(
    new_page, enter, accessible, invitation, scheme, viewport
):
    page = enter(new_page(scheme=scheme, viewport=viewport), LEAD)
    for path in OF_THE_LEAD:
        page.goto(path)
        accessible(page)
        assert fits(page), path
    page.goto("/lab/invitations/lists/new/")
    page.get_by_label("Or the rows themselves").fill("email,studio\nada@example.com,Northlight Films\nnobody,\n")
    page.get_by_role("button", name="Read the list").click()
    expect(page.get_by_text("“nobody” is no e-mail address.")).to_be_visible()
    accessible(page)
    assert fits(page)
    page.goto("/lab/invitations/")
    page.locator("td a").first.click()
    accessible(page)
    assert fits(page)


def test_a_shut_door_is_accessible_too(new_page, accessible, scheme):
    page = new_page(scheme=scheme)
    for path in ["/join/nonsense/", "/door/?sesame=nonsense"]:
        page.goto(path)
        accessible(page)
    # The browser reports the status of these very pages, and that is what they are for.
    new_page.errors[:] = [error for error in new_page.errors if "410" not in error]


def test_a_link_is_spent_by_the_button_and_not_by_looking(page, sign_in_link):
    link = sign_in_link(GUEST)
    page.goto(link)
    page.reload()
    page.get_by_role("button", name="Step in").click()
    expect(page.get_by_role("heading", name="Projects", level=1)).to_be_visible()


def test_the_keyboard_skips_the_rail_and_closes_the_menu(page, enter):
    enter(page, OWNER)
    page.goto("/settings/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the page")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    menu = page.locator(".who")
    menu.locator("summary").press("Enter")
    expect(menu.get_by_role("button", name="Sign out")).to_be_visible()
    page.keyboard.press("Escape")
    expect(menu.get_by_role("button", name="Sign out")).to_be_hidden()
    expect(menu.locator("summary")).to_be_focused()


def seat_of(page: Page, name: str):
    return page.get_by_role("row", name=re.compile(name))


def test_a_seat_is_suspended_and_the_message_undoes_it(page, enter, accessible):
    enter(page, OWNER)
    page.goto("/settings/seats/")
    page.get_by_role("button", name="Suspend Wen Zhao").click()
    expect(seat_of(page, "Wen Zhao")).to_contain_text("Suspended")
    accessible(page)
    page.get_by_role("button", name="Undo").click()
    expect(seat_of(page, "Wen Zhao")).not_to_contain_text("Suspended")
    page.get_by_role("button", name="Close this message").click()
    expect(page.locator(".toast")).to_have_count(0)


def test_a_key_is_shown_once(page, enter, accessible):
    enter(page, OWNER)
    page.goto("/settings/keys/")
    page.get_by_label("Name").fill("Edit suite")
    page.get_by_role("button", name="Make the key").click()
    secret = page.locator("#new-key").inner_text()
    assert re.fullmatch(r"sd_[a-z0-9]{10}_\S{43}", secret)
    accessible(page)
    page.goto("/settings/keys/")
    assert secret not in page.content()


def test_settings_work_without_scripts(new_page, enter):
    page = enter(new_page(javascript=False, viewport=NARROW), OWNER)
    page.goto("/settings/seats/")
    page.get_by_label("Role of Wen Zhao").select_option("producer")
    page.get_by_role("button", name="Change the role of Wen Zhao").click()
    expect(page.get_by_text("Wen Zhao is now producer.")).to_be_visible()
    page.get_by_label("Role of Wen Zhao").select_option("artist")
    page.get_by_role("button", name="Change the role of Wen Zhao").click()
    page.locator(".who summary").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    expect(page.get_by_role("button", name="Use a passkey")).to_be_hidden()


def test_a_passkey_is_added_and_opens_the_door(new_page, enter):
    page = new_page()
    give_authenticator(page)
    enter(page, OWNER)
    page.goto("/settings/security/passkeys/add/")
    page.get_by_label("Name").fill("My phone")
    page.get_by_label("Let me sign in with it alone").check()
    page.get_by_role("button", name="Add it").click()
    expect(page.get_by_text("Your passkey is added.")).to_be_visible()
    page.goto("/settings/")
    page.locator(".who summary").click()
    page.get_by_role("button", name="Sign out").click()
    page.goto("/sign-in/")
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("heading", name="Projects", level=1)).to_be_visible()


def test_somebody_new_comes_in_by_invitation(page, live_house, invitation):
    page.goto(invitation)
    page.get_by_label("Your name").fill("Ada New")
    page.get_by_label("I have read the terms").check()
    page.get_by_role("button", name="Come in").click()
    expect(page.get_by_role("heading", name="Projects", level=1)).to_be_visible()
    expect(page.get_by_text("Welcome to Lantern Pictures.")).to_be_visible()
