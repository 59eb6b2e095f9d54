"""The lab's pages on tiers: the form keeps what was typed, the history is read, retiring is undone."""

from datetime import timedelta

import pytest
from django.utils import timezone

from access.models import Tier
from access.tiers import actions, queries
from audit.actions import Actor
from tests import factories
from tests.portal.pages import inline_things

HOUSE = Actor.house("tests")


@pytest.fixture
def lab(people, sign_in):
    return sign_in(people.access_lead)


def typed(slug="studio", **different):
    """What the form of a tier sends, with some of it changed."""
    tier = Tier.objects.get(slug=slug)
    sent = {name: " ".join(value) if isinstance(value, list) else value for name, value in queries.said(tier).items()}
    sent |= {"reason": "asked for", "seen": queries.version_number(tier)} | different
    return {name: value for name, value in sent.items() if value not in (None, False)}


def read(client, url, **query):
    answer = client.get(url, query)
    assert answer.status_code == 200
    html = answer.content.decode()
    assert inline_things(html) == []
    return html


def test_the_list_says_how_many_studios_stand_in_each(people, lab):
    actions.retire_tier(tier=Tier.objects.get(slug="lab"), reason="no longer", actor=HOUSE)
    rows = {tier.slug: tier.studios for tier, _ in lab.get("/lab/tiers/").context["tiers"].rows}
    assert rows == {"first-ten": 0, "studio": 2, "lab": 0}
    assert "Retired" in read(lab, "/lab/tiers/")


def test_a_tier_is_changed_by_its_form(people, lab):
    page = lab.post("/lab/tiers/studio/", typed(max_seconds="12", api=False), follow=True).content.decode()
    assert "says so now" in page
    assert "10 → 12" in page
    assert "yes → no" in page
    tier = Tier.objects.get(slug="studio")
    assert (tier.max_seconds, tier.api, tier.references) == (12, False, True)
    assert tier.versions.get(number=2).by == people.access_lead


def test_a_form_sent_twice_changes_once(people, lab):
    sent = typed(max_seconds="12")
    for _ in range(2):
        assert lab.post("/lab/tiers/studio/", sent).status_code == 302
    assert Tier.objects.get(slug="studio").versions.count() == 2


def test_a_wrong_form_keeps_what_was_typed_and_says_what_is_wrong_by_each_field(people, lab):
    wrong = typed(max_seconds="a <while>", concurrency="0", reason="told at length")
    for url in ("/lab/tiers/studio/", "/lab/new-tier/"):
        answer = lab.post(url, wrong)
        page = answer.content.decode()
        assert answer.status_code == 422
        assert {"max_seconds", "concurrency"} <= set(answer.context["form"].errors)
        assert "a &lt;while&gt;" in page
        assert "told at length" in page
    answer = lab.post("/lab/tiers/studio/", typed(max_seconds="12", reason=""))
    assert "reason" in answer.context["form"].errors
    assert Tier.objects.get(slug="studio").versions.count() == 1


def test_who_was_overtaken_is_told_and_loses_nothing(people, lab):
    sent = typed(max_seconds="15")
    actions.change_tier(tier=Tier.objects.get(slug="studio"), changes={"max_seconds": 12}, reason="x", actor=HOUSE)
    answer = lab.post("/lab/tiers/studio/", sent)
    assert answer.status_code == 422
    assert "Somebody changed this tier" in answer.content.decode()
    assert 'value="15"' in answer.content.decode()
    assert Tier.objects.get(slug="studio").max_seconds == 12


def test_a_tier_is_made_like_another(people, lab):
    page = read(lab, "/lab/new-tier/", like="lab")
    assert 'value="40"' in page, "a rank that is free"
    answer = lab.post("/lab/new-tier/", typed("lab", name="Festival", rank="40"), follow=True)
    assert "is ready" in answer.content.decode()
    assert Tier.objects.get(slug="festival").monthly_credits == 20_000


def test_a_tier_is_retired_and_brought_back_from_the_notice(people, lab):
    assert lab.post("/lab/tiers/studio/retire/", {"reason": " "}).status_code == 422
    page = lab.post("/lab/tiers/studio/retire/", {"reason": "no longer"}, follow=True).content.decode()
    assert "/lab/tiers/studio/return/" in page
    assert "Who stands here stays" in page
    lab.post("/lab/tiers/studio/return/")
    assert Tier.objects.get(slug="studio").retired_at is None


def test_what_a_tier_said_on_a_day_is_on_its_page(people, lab):
    actions.change_tier(tier=Tier.objects.get(slug="studio"), changes={"max_seconds": 12}, reason="x", actor=HOUSE)
    Tier.objects.get(slug="studio").versions.filter(number=1).update(at=timezone.now() - timedelta(days=9))
    day = timezone.now() - timedelta(days=3)
    answer = lab.get("/lab/tiers/studio/", {"on": f"{day:%Y-%m-%d}"})
    assert ("Seconds of a clip", "10") in answer.context["then"]
    assert answer.status_code == lab.get("/lab/tiers/studio/", {"on": "soon"}).status_code == 200


def test_a_tier_with_many_studios_and_changes_costs_a_bounded_number_of_queries(
    people, lab, django_assert_max_num_queries
):
    tier = Tier.objects.get(slug="studio")
    for number in range(30):
        factories.make_studio(f"Many {number}", credits=0)
        actions.change_tier(tier=tier, changes={"max_seconds": 20 + number}, reason=f"turn {number}", actor=HOUSE)
    with django_assert_max_num_queries(18):
        page = read(lab, "/lab/tiers/studio/")
    assert "turn 29" in page
    assert "turn 5<" not in page
    assert "studios=" in page
    with django_assert_max_num_queries(12):
        read(lab, "/lab/tiers/")
    answer = lab.get("/lab/tiers/studio/" + lab.get("/lab/tiers/studio/").context["versions"].older)
    assert answer.context["told"][0].changes[0].after == "39"


def test_many_tiers_are_paged_by_their_rank(people, lab):
    base = queries.said(Tier.objects.get(slug="studio"))
    for number in range(52):
        actions.make_tier(limits=base | {"name": f"Tier {number}", "rank": 100 + number}, reason="many", actor=HOUSE)
    first = lab.get("/lab/tiers/").context["tiers"]
    second = lab.get("/lab/tiers/" + first.older).context["tiers"]
    assert [len(first.rows), len(second.rows), second.older] == [50, 5, ""]
