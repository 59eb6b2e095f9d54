"""A real Chromium against a real house. `live_house` (tests/conftest.py) serves; `enter` signs in by a printed link."""

from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, sync_playwright

from tests.browser import chromium
from tests.house import House

SCHEMES = ("dark", "light")
NARROW, WIDE = {"width": 360, "height": 780}, {"width": 1280, "height": 900}
# Colours depend on the scheme and room on the width, and neither on the other: two looks see what four would.
LOOKS = pytest.mark.parametrize(("scheme", "viewport"), [("dark", WIDE), ("light", NARROW)], ids=["dark", "light"])


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/browser/" in item.nodeid:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    path = chromium.find()
    if path is None:
        pytest.skip("no Chromium here: install one (apt-get install chromium) or name it in CHROME")
    running = playwright.chromium.launch(executable_path=path, args=chromium.FLAGS)
    yield running
    running.close()


@pytest.fixture
def new_page(browser: Browser, live_house: House) -> Iterator[Callable[..., Page]]:
    """`new_page(scheme="light", viewport=NARROW, javascript=False)` gives a fresh page; each has its own cookies.

    A page fails the test when its console reports an error (a refused inline script, a missing file). A request that
    was given up because its page was left is none.
    """
    contexts: list[BrowserContext] = []
    errors: list[str] = []

    def make(*, scheme: str = "dark", viewport: dict[str, int] = WIDE, javascript: bool = True) -> Page:
        context = browser.new_context(
            base_url=live_house.url,
            color_scheme=scheme,
            viewport=viewport,
            java_script_enabled=javascript,
            reduced_motion="reduce",
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: errors.append(str(error)))
        return page

    make.errors = errors
    yield make
    for context in contexts:
        context.close()
    kept = without_aborts(errors)
    assert not kept, f"The browser's console reported: {kept}"


def without_aborts(errors: list[str]) -> list[str]:
    """HTMX reports a request that was given up as two errors, one after the other."""
    kept: list[str] = []
    for error in errors:
        if not error.startswith("htmx:sendAbort"):
            kept.append(error)
        elif kept and kept[-1].startswith("htmx:afterRequest"):
            kept.pop()
    return kept


@pytest.fixture(params=SCHEMES)
def scheme(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def page(new_page: Callable[..., Page]) -> Page:
    return new_page()


@pytest.fixture(scope="session")
def sign_in_link(live_house: House) -> Callable[[str], str]:
    """A fresh one-time sign-in address for the person with this e-mail, as `manage.py demo` prints it."""

    def link(email: str) -> str:
        path = live_house.ask(
            "from accounts.actions import sign_in_link\nfrom accounts.models import Person\n"
            f"answer = sign_in_link(Person.objects.get(email={email!r}))"
        )
        return f"{live_house.url}{path}"

    return link


@pytest.fixture
def enter(sign_in_link: Callable[[str], str]) -> Callable[[Page, str], Page]:
    """`enter(page, email)` signs the page in and leaves it where sign-in leads."""

    def go(page: Page, email: str) -> Page:
        page.goto(sign_in_link(email))
        page.get_by_role("button", name="Step in").click()
        return page

    return go


@pytest.fixture(scope="session")
def accessible() -> Callable[[Page], None]:
    """Fails with axe's own report when it finds anything on the page."""
    axe = Axe()

    def check(page: Page) -> None:
        # axe's own preloading of stylesheets reads @import relative to the page, and the console fills with its 404s.
        page.wait_for_load_state("load")  # a page that has only begun has no sheet yet, and fails every rule
        rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
        results = axe.run(page, options={"preload": False, "runOnly": rules})
        assert results.violations_count == 0, f"{page.url}\n{results.generate_report()}"

    return check


def give_authenticator(page: Page) -> None:
    """A virtual authenticator stands in for a phone; everything else is as it is for people."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
    verified = options | {"isUserVerified": True, "automaticPresenceSimulation": True}
    session.send("WebAuthn.addVirtualAuthenticator", {"options": verified})
