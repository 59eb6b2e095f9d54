"""What every test may use. `people` are the ones every page and every rule is tried with."""

import asyncio
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import hypothesis
import pytest

from accounts.models import Person, Seat, Studio
from tests import factories
from tests.audit.flushing import flush_lifts_the_triggers  # noqa: F401 (a fixture, in force everywhere)
from tests.house import House, scratch_house

# A machine that is busy is slow at an example now and then, and that is no fault of the rule.
hypothesis.settings.register_profile("house", deadline=None)
hypothesis.settings.load_profile("house")
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")  # Playwright's sync API keeps an event loop in the thread


# What no database has a part in: how pages look and work in a browser, the starter model, rules that are pure. It is
# tested once, with the first engine. The story of a take (test_first_light) and the way in (test_the_door) are walked
# on both.
ANY_ENGINE = (
    "tests/browser/test_front_pages.py",
    "tests/browser/test_lab_pages.py",
    "tests/browser/test_takes_pages.py",
    "tests/generation/starter/",
    "tests/generation/test_codec.py",
    "tests/generation/test_catalogue.py",
    "tests/access/test_rollout_rules.py",
    "tests/access/test_sequential.py",
    "tests/access/test_forecast.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What shares a whole house stays together in one of pytest-xdist's processes: one house, not two. What kills
    processes stays together too, one after the other."""
    for item in items:
        houses = item._fixtureinfo.name2fixturedefs.get("live_house", ()) if hasattr(item, "_fixtureinfo") else ()
        if houses:
            item.add_marker(pytest.mark.xdist_group(f"house of {houses[-1].baseid or 'all'}"))
        elif "tests/faults/" in item.nodeid:
            item.add_marker(pytest.mark.xdist_group("faults"))
        if item.nodeid.startswith(ANY_ENGINE):
            item.add_marker(pytest.mark.any_engine)


@dataclass(frozen=True)
class People:
    """An owner, a producer, an artist and a guest of one studio; a stranger who owns another; the lab's own people."""

    owner: Seat
    producer: Seat
    artist: Seat
    guest: Seat
    stranger: Seat
    access_lead: Person
    reviewer: Person
    researcher: Person
    operator: Person

    @property
    def studio(self) -> Studio:
        return self.owner.studio

    @property
    def other_studio(self) -> Studio:
        return self.stranger.studio


@pytest.fixture
def people(db: None) -> People:
    lantern = factories.make_studio("Lantern Pictures")
    return People(
        **{
            role: factories.make_seat(role, studio=lantern, person=factories.make_person(f"{role.title()} of Lantern"))
            for role in ("owner", "producer", "artist", "guest")
        },
        stranger=factories.make_seat("owner", studio=factories.make_studio("Northlight", solo=True)),
        **{
            duty: factories.make_person(duty.replace("_", " ").title(), duties=[duty])
            for duty in ("access_lead", "reviewer", "researcher", "operator")
        },
    )


@pytest.fixture
def sign_in(client):
    """`sign_in(seat or person)` gives Django's test client signed in as them."""

    def enter(who: Seat | Person):
        client.force_login(
            who.person if isinstance(who, Seat) else who, "allauth.account.auth_backends.AuthenticationBackend"
        )
        return client

    return enter


@pytest.fixture(autouse=True)
def loop_of_its_own(request: pytest.FixtureRequest) -> Iterator[None]:
    """Playwright's sync API leaves its event loop running in the thread of the browser's tests. Whatever test comes
    after them in the same process must be able to run a loop of its own."""
    running = None if "tests/browser/" in request.node.nodeid else asyncio._get_running_loop()
    if running is None:
        yield
        return
    asyncio._set_running_loop(None)
    yield
    asyncio._set_running_loop(running)


@pytest.fixture(autouse=True)
def fresh_cache() -> Iterator[None]:
    """What one test counts (rate limits, for one) must not count against the next."""
    from django.core.cache import cache

    from access.terms import queries as terms

    terms.remember(None)  # a house without terms, until a test publishes some
    yield
    cache.clear()


@pytest.fixture(autouse=True)
def fresh_snapshot() -> None:
    """What one test's database said of tiers and rollouts must not be remembered in the next."""
    from access import snapshot

    snapshot.forget()


@pytest.fixture(autouse=True)
def files(settings, tmp_path: Path) -> Path:
    """Clips and references of a test land in a folder of its own."""
    settings.STORAGES = settings.STORAGES | {
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(tmp_path / "files")},
        }
    }
    return tmp_path / "files"


@pytest.fixture(scope="session")
def live_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A real site with the demo people in it: web, worker and clock over a scratch database."""
    with scratch_house(tmp_path_factory.mktemp("house")) as house:
        house.manage("demo")
        house.start("up", f"--port={house.port}")
        house.wait_until_up()
        yield house
