"""The access lead's pages of rollouts."""

import re

import pytest

from access.models import Approval, Guardrail, Listing, Reading, Rollout, Stage, Tier
from access.rollouts import actions, plan
from access.rollouts.plan import GuardrailPlan, StagePlan
from audit.actions import Actor
from tests.factories import make_person, make_rollout, make_seat, make_studio
from tests.portal.pages import inline_things

HOUSE = Actor.house("tests")
pytestmark = pytest.mark.django_db


@pytest.fixture
def lead(people, sign_in):
    return sign_in(people.access_lead)


def tier(slug: str) -> Tier:
    return Tier.objects.get(slug=slug)


def page(client, rollout: Rollout) -> str:
    return client.get(f"/lab/rollouts/{rollout.slug}/").content.decode()


def move(client, rollout: Rollout, verb: str, **how):
    rollout.refresh_from_db()
    sent = {"verb": verb, "version": rollout.version, "reason": "a test"} | how
    return client.post(f"/lab/rollouts/{rollout.slug}/move/", sent)


def test_a_lead_plans_opens_halts_resumes_and_rolls_back(lead):
    sent = {"name": "Wan 2.2 preview", "kind": "model", "target": "starter-1", "subject": "studio"}
    answer = lead.post("/lab/rollouts/new/", sent | {"running_work": "finish"})
    assert answer.headers["Location"] == "/lab/rollouts/wan-22-preview/"
    rollout = Rollout.objects.get()
    assert "Plan the first stage" in page(lead, rollout)
    stage = {
        "name": "Red team", "tiers": [tier("lab").pk], "ramp": "50 → 100 %", "ramp_wait_hours": 0, "wait_hours": 0,
        "hour_from": 0, "hour_until": 24, "minimum_sample": 0, "approvals_needed": 0, "version": rollout.version,
        "max_seconds": 5, "without_references": "on",
    }  # fmt: skip
    assert lead.post(f"/lab/rollouts/{rollout.slug}/stages/new/", stage).status_code == 302
    made = Stage.objects.get()
    assert (made.ramp, made.limits) == ([500_000, 1_000_000], {"max_seconds": 5, "references": False})
    assert move(lead, rollout, "open", position=1).status_code == 302
    assert "Open · 50 %" in page(lead, rollout)
    move(lead, rollout, "widen")
    move(lead, rollout, "halt", reason="too many failures")
    halted = page(lead, rollout)
    assert "Halted · 100 %" in halted
    assert "Halted stage 1 at 100 %: too many failures. What was accepted finishes." in halted
    move(lead, rollout, "resume")
    assert "Open · 100 %" in page(lead, rollout)
    move(lead, rollout, "shut")
    assert "Shut for everybody" in page(lead, rollout)
    move(lead, rollout, "open_again")
    move(lead, rollout, "back")
    rollout.refresh_from_db()
    assert (rollout.state, rollout.position, rollout.is_shut) == ("planned", 0, False)


def test_a_button_pressed_on_an_old_page_says_so_and_does_nothing(lead):
    rollout = make_rollout()
    old = rollout.version
    move(lead, rollout, "open", position=1)
    answer = lead.post(f"/lab/rollouts/{rollout.slug}/move/", {"verb": "widen", "version": old})
    assert answer.status_code == 409
    assert "Somebody changed this rollout" in answer.content.decode()
    assert Stage.objects.get(rollout=rollout, position=1).reached_ppm == 500_000


def test_halting_needs_no_version(lead):
    rollout = make_rollout()
    move(lead, rollout, "open", position=1)
    assert move(lead, rollout, "halt", version="").status_code == 302
    rollout.refresh_from_db()
    assert rollout.state == "halted"


def test_a_shut_gate_says_everything_that_holds_it(lead):
    needs = StagePlan("Later", (tier("lab"),), (1_000_000,), approvals_needed=2, hour_from=0, hour_until=24)
    rollout = make_rollout(needs)
    assert "Gate: 2 sign-offs" in page(lead, rollout)
    answer = move(lead, rollout, "open", position=1)
    assert answer.status_code == 409
    assert "2 more sign-offs by different people" in answer.content.decode()
    move(lead, rollout, "approve")
    assert "Take back your sign-off" in page(lead, rollout)
    move(lead, rollout, "take_back")
    assert not Approval.objects.exists()


@pytest.mark.parametrize(("verb", "position"), [("open", "2"), ("open", "nonsense"), ("widen", ""), ("finish", "")])
def test_what_cannot_be_is_said_on_the_page(lead, verb, position):
    rollout = make_rollout()
    assert move(lead, rollout, verb, position=position).status_code == 422
    assert move(lead, rollout, "explode").status_code == 404


def test_a_form_that_is_wrong_keeps_what_was_typed(lead):
    rollout = make_rollout()
    sent = {"name": "Everybody", "tiers": [tier("lab").pk], "ramp": "90, 20", "version": rollout.version}
    answer = lead.post(f"/lab/rollouts/{rollout.slug}/stages/new/", sent)
    assert answer.status_code == 422
    full = sent | {"ramp_wait_hours": 1, "wait_hours": 0, "hour_from": 0, "hour_until": 24, "minimum_sample": 0}
    answer = lead.post(f"/lab/rollouts/{rollout.slug}/stages/new/", full | {"approvals_needed": 0})
    shown = answer.content.decode()
    assert answer.status_code == 422
    assert "must rise from step to step" in shown
    assert 'value="90, 20"' in shown
    assert rollout.stages.count() == 2


def test_a_guardrail_is_set_changed_and_taken_out(lead):
    rollout = make_rollout()
    sent = {
        "metric": "failed_renders", "compares": "on", "limit": "2.5", "window_minutes": 60, "minimum_sample": 50,
        "failure_limit": 3, "action": "roll_back", "version": rollout.version,
    }  # fmt: skip
    assert lead.post(f"/lab/rollouts/{rollout.slug}/guardrails/new/", sent).status_code == 302
    made = Guardrail.objects.get()
    assert (made.limit_ppm, made.action) == (25_000, "roll_back")
    address = f"/lab/rollouts/{rollout.slug}/guardrails/{made.pk}/"
    assert 'value="2.5"' in lead.get(address).content.decode()
    refused = lead.post(address, sent | {"metric": "no_such", "version": rollout.version + 1})
    assert refused.status_code == 422
    lead.post(f"{address}remove/", {"version": rollout.version + 1})
    assert not Guardrail.objects.exists()


def test_names_are_listed_and_taken_off_from_the_message(lead):
    rollout, studio = make_rollout(), make_studio()
    address = f"/lab/rollouts/{rollout.slug}/names/"
    sent = {"whom": studio.slug, "kind": "allow", "reason": "a pilot"}
    shown = lead.post(address, sent, follow=True).content.decode()
    listing = Listing.objects.get()
    undo = f"{address}{listing.pk}/end/"
    assert undo in shown
    assert lead.post(address, {"whom": "nobody", "kind": "allow", "reason": "a pilot"}).status_code == 422
    lead.post(undo)
    listing.refresh_from_db()
    assert listing.ended_at is not None
    person = make_person()
    assert lead.post(address, {"whom": person.email.upper(), "kind": "deny", "reason": "left"}).status_code == 302


def test_the_forecast_says_what_would_be_needed(lead):
    for _ in range(30):
        make_seat(studio=make_studio(tier="studio"))
    rollout = make_rollout(StagePlan("Studios", (tier("studio"),), (1_000_000,)))
    address = f"/lab/rollouts/{rollout.slug}/"
    assert "nothing to reckon with yet" in lead.get(address).content.decode()
    shown = lead.get(address, {"workers": 1, "per_hour": 12, "seconds": 60}).content.decode()
    text = " ".join(re.sub("<[^>]+>", " ", shown).split())
    assert "With 1 the queue would only grow" in text
    # 32 studios, two of them the fixture's, at 12 an hour and a minute each: 6.4 workers busy.
    assert "keep 6.40 workers busy" in text
    assert "For at most 300 s it takes 7 workers" in text


def test_readings_are_drawn_and_nothing_is_inline(lead):
    rollout = make_rollout()
    plan.set_guardrail(
        rollout=rollout, version=rollout.version, plan=GuardrailPlan("refusals", limit_ppm=50_000), actor=HOUSE
    )
    move(lead, rollout, "open", position=1)
    stage, guardrail = Stage.objects.get(rollout=rollout, position=1), Guardrail.objects.get()
    for number in range(90):
        at = stage.measured_since + (stage.measured_since - stage.measured_since)
        Reading.objects.create(
            guardrail=guardrail, stage=stage, since=stage.measured_since,
            at=at.replace(microsecond=number), until=at, bad=number // 10, total=100 + number, verdict="pass",
        )  # fmt: skip
    shown = page(lead, rollout)
    assert 'class="line"' in shown
    assert 'class="limit"' in shown
    assert inline_things(shown) == []


def test_the_page_asks_as_often_however_much_there_is(lead, django_assert_max_num_queries):
    wide = StagePlan("Wide", (tier("first-ten"), tier("studio"), tier("lab")), (1_000_000,))
    rollout = make_rollout(*[wide] * 6)
    for metric in ("refusals", "failed_renders", "queue_wait"):
        rollout.refresh_from_db()
        plan.set_guardrail(rollout=rollout, version=rollout.version, plan=GuardrailPlan(metric), actor=HOUSE)
    for _ in range(5):
        rollout.refresh_from_db()
        Rollout.objects.filter(pk=rollout.pk).update(version=rollout.version)
        move(lead, rollout, "open", position=rollout.position + 1)
    for _ in range(40):
        studio = make_studio()
        actions.list_by_name(rollout=rollout, kind="allow", studio=studio, reason="a pilot", actor=HOUSE)
    with django_assert_max_num_queries(36):
        lead.get(f"/lab/rollouts/{rollout.slug}/")
    for path, most in (("", 8), (f"{rollout.slug}/names/", 13), (f"{rollout.slug}/history/", 13)):
        with django_assert_max_num_queries(most):
            shown = lead.get(f"/lab/rollouts/{path}").content.decode()
    assert 'rel="next"' in shown


def test_lists_are_paged_and_empty_ones_teach(lead):
    assert "Open something step by step" in lead.get("/lab/rollouts/").content.decode()
    for number in range(32):
        make_rollout(kind="feature", model=f"f{number}", name=f"F {number}", stages=1)
    first = lead.get("/lab/rollouts/").content.decode()
    assert "F 31" in first
    assert ">F 1<" not in first
    after = re.search(r"after=(\d+)", first)[1]
    assert "F 1<" in lead.get("/lab/rollouts/", {"after": after}).content.decode()
    assert "No rollout is in this state" in lead.get("/lab/rollouts/", {"state": "halted"}).content.decode()


def test_nobody_else_may_look(people, sign_in):
    rollout = make_rollout()
    for who in (people.owner, people.reviewer, people.operator):
        assert sign_in(who).get(f"/lab/rollouts/{rollout.slug}/").status_code == 403
        assert sign_in(who).post(f"/lab/rollouts/{rollout.slug}/move/", {"verb": "halt"}).status_code == 403
