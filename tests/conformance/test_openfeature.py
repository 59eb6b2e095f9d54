"""The official OpenFeature SDK and its OFREP provider against a real site, and what they cannot do by plain HTTP.

Run with -s to see how long a halt takes to be seen.
"""

import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import httpx
import pytest
from openfeature import api
from openfeature.client import OpenFeatureClient
from openfeature.contrib.provider.ofrep import OFREPProvider
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import ErrorCode
from openfeature.flag_evaluation import Reason

from tests.house import House, scratch_house, wait_for

SOON = 5.0  # seconds within which a halt is seen everywhere

FURNISH = """
from access.models import Tier
from access.rollouts import actions
from access.rollouts.plan import StagePlan
from accounts import actions as accounts
from audit.actions import Actor
from tests import factories

house = Actor.house("tests")
service = factories.make_seat("owner", person=factories.make_person(duties=["operator"]))
_, key = accounts.create_key(seat=service, name="x", scopes=["flags:read"], expires_at=None, actor=house)
_, blind = accounts.create_key(seat=service, name="x", scopes=["takes:read"], expires_at=None, actor=house)
artist = factories.make_seat("artist", studio=factories.make_studio(tier="first-ten"))
for target in ("one", "two"):
    plan = StagePlan("First", (Tier.objects.get(slug="studio"),), (1_000_000,))
    rollout = factories.make_rollout(plan, kind="feature", model=target, name=target)
    actions.open_stage(rollout=rollout, position=1, version=rollout.version, actor=house)
answer = {
    "key": key, "blind": blind, "let_in": f"studio:{service.studio.slug}", "kept_out": f"seat:{artist.pk}",
    "person": artist.person_id,
}
"""
HALT = """
import time
from access.models import Rollout
from access.rollouts import actions
from audit.actions import Actor

actions.halt(rollout=Rollout.objects.get(slug="two"), reason="a test", actor=Actor.house("tests"))
answer = time.time()
"""


@dataclass(frozen=True)
class Site:
    house: House
    key: str
    blind: str
    let_in: str
    kept_out: str

    @property
    def http(self) -> httpx.Client:
        return httpx.Client(
            base_url=f"{self.house.url}/ofrep/v1/", headers={"X-API-Key": self.key}, timeout=30, trust_env=False
        )

    def bulk(self, **headers: str) -> httpx.Response:
        with self.http as http:
            body = {"context": {"targetingKey": self.let_in}}
            return http.post("evaluate/flags", json=body, headers=headers)


@pytest.fixture(scope="session")
def live_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The web alone: flags need no worker and no clock."""
    with scratch_house(tmp_path_factory.mktemp("flags")) as house:
        house.start("web", f"--port={house.port}")
        house.wait_until_up()
        yield house


@pytest.fixture(scope="session")
def site(live_house: House) -> Site:
    told = live_house.ask(FURNISH)
    return Site(live_house, told["key"], told["blind"], told["let_in"], told["kept_out"])


@pytest.fixture
def sdk(site: Site) -> Iterator[OpenFeatureClient]:
    yield from client_with(site, site.key)


def client_with(site: Site, key: str) -> Iterator[OpenFeatureClient]:
    provider = OFREPProvider(site.house.url, headers_factory=lambda: {"Authorization": f"Bearer {key}"})
    provider.session.trust_env = False
    api.set_provider(provider, "stagedoor")
    yield api.get_client("stagedoor")
    api.clear_providers()


def test_a_flag_is_true_for_one_and_false_for_another(site, sdk):
    yes = sdk.get_boolean_details("one", False, EvaluationContext(site.let_in))
    assert (yes.value, yes.reason, yes.variant) == (True, Reason.TARGETING_MATCH, "on")
    assert dict(yes.flag_metadata) | {"bucket": 0} == {
        "state": "open", "why": "admitted", "tier": "Studio", "stage": 1, "stage_name": "First", "bucket": 0,
    }  # fmt: skip
    no = sdk.get_boolean_details("one", True, EvaluationContext(site.kept_out, {"country": "pt"}))
    assert (no.value, no.reason, no.variant) == (False, Reason.TARGETING_MATCH, "off")
    assert no.flag_metadata["why"] == "not_invited"
    assert no.error_code is None


def test_what_cannot_be_answered_gives_the_callers_own_default_and_says_why(site, sdk):
    missing = sdk.get_boolean_details("never-was", True, EvaluationContext(site.let_in))
    assert (missing.value, missing.error_code) == (True, ErrorCode.FLAG_NOT_FOUND)
    nobody = sdk.get_boolean_details("one", True, EvaluationContext(attributes={"country": "pt"}))
    assert (nobody.value, nobody.error_code) == (True, ErrorCode.TARGETING_KEY_MISSING)
    unknown = sdk.get_boolean_details("one", True, EvaluationContext("studio:never-was"))
    assert (unknown.value, unknown.error_code) == (True, ErrorCode.INVALID_CONTEXT)
    assert unknown.error_message
    assert sdk.get_string_details("one", "x", EvaluationContext(site.let_in)).error_code == ErrorCode.TYPE_MISMATCH


def test_a_key_without_the_scope_gives_the_default(site):
    for sdk in client_with(site, site.blind):
        refused = sdk.get_boolean_details("one", True, EvaluationContext(site.let_in))
        assert (refused.value, refused.error_code, refused.error_message) == (True, ErrorCode.GENERAL, "forbidden")


def test_all_flags_at_once_and_nothing_twice(site):
    first = site.bulk()
    assert first.status_code == 200
    assert {one["key"] for one in first.json()["flags"]} == {"one", "two"}
    again = site.bulk(**{"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_a_halt_in_another_process_is_seen_and_told_of_within_seconds(site, sdk):
    (stream,) = site.bulk().json()["eventStreams"]
    heard: list[tuple[float, dict]] = []
    listening = threading.Event()

    def listen() -> None:
        with site.http as http, http.stream("GET", stream["url"]) as response:
            assert response.headers["Content-Type"] == "text/event-stream"
            for line in response.iter_lines():
                listening.set()
                if line.startswith("data: "):
                    heard.append((time.time(), json.loads(line.removeprefix("data: "))))
                    return

    with ThreadPoolExecutor(2) as pool:
        told = pool.submit(listen)
        assert listening.wait(20)
        assert sdk.get_boolean_value("two", False, EvaluationContext(site.let_in))
        halting = pool.submit(site.house.ask, HALT)
        wait_for(
            lambda: not sdk.get_boolean_value("two", True, EvaluationContext(site.let_in)),
            "the halt, by the SDK", seconds=90, every=0.02,
        )  # fmt: skip
        seen = time.time()
        halted = halting.result(90)
        told.result(30)
    ((at, event),) = heard
    print(
        f"\nA halt is seen by the SDK after {seen - halted:.2f} s, and told of by the stream after {at - halted:.2f} s."
    )
    assert seen - halted < SOON
    assert at - halted < SOON
    assert event["type"] == "refetchEvaluation"
    assert site.bulk().headers["ETag"] == f'"{event["etag"]}"'
    details = sdk.get_boolean_details("two", True, EvaluationContext(site.let_in))
    assert (details.value, details.reason, details.flag_metadata["why"]) == (False, Reason.TARGETING_MATCH, "halted")
