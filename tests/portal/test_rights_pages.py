"""The pages and the API that say what a seat may do, and why."""

import pytest

from tests.factories import make_seat, make_studio
from tests.portal.pages import inline_things

pytestmark = pytest.mark.django_db


def test_a_seat_reads_its_own_rights(people, sign_in):
    shown = sign_in(people.guest).get("/settings/rights/").content.decode()
    assert "A guest may not send prompts." in shown
    assert inline_things(shown) == []


def test_an_owner_reads_those_of_the_studio_and_of_no_other(people, sign_in):
    owner = sign_in(people.owner)
    assert people.guest.person.name in owner.get(f"/settings/rights/?seat={people.guest.pk}").content.decode()
    for number in (people.stranger.pk, "nonsense", 10**30):
        assert owner.get(f"/settings/rights/?seat={number}").status_code == 404
    assert sign_in(people.artist).get(f"/settings/rights/?seat={people.owner.pk}").status_code == 404


def test_a_lead_finds_a_seat_and_opens_one_act(people, sign_in, django_assert_max_num_queries):
    client = sign_in(people.access_lead)
    assert "Why may they, or not?" in client.get("/lab/entitlements/").content.decode()
    studio = make_studio("Long Hall")
    for _ in range(25):
        make_seat(studio=studio)
    with django_assert_max_num_queries(9):
        found = client.get("/lab/entitlements/?q=long hall").content.decode()
    assert 'rel="next"' in found
    with django_assert_max_num_queries(12):
        shown = client.get(f"/lab/entitlements/?seat={people.guest.pk}&act=submit")
    assert '<details class="why" open id="submit">' in shown.content.decode()
    assert client.get(f"/lab/entitlements/?seat={people.guest.pk}&act=fly").status_code == 422
    assert client.get("/lab/entitlements/?q=nobody at all").status_code == 200


def test_a_program_asks_for_one_act(people, client):
    from accounts import actions
    from audit.actions import Actor

    def ask(seat, query=""):
        _, secret = actions.create_key(
            seat=seat, name="k", scopes=["entitlements:read"], expires_at=None, actor=Actor.house("tests")
        )
        return client.get(f"/api/v1/entitlements/{query}", headers={"Authorization": f"Bearer {secret}"})

    (one,) = ask(people.artist, "?act=edit_projects").json()["data"]
    assert one["allowed"] is False
    assert one["steps"][-1] == {
        "rule": "Role", "verdict": "stop", "words": "An artist may not make and change projects.", "decides": True,
    }  # fmt: skip
    assert ask(people.owner, f"?seat={people.guest.pk}").json()["seat"] == people.guest.pk
    assert ask(people.owner, f"?seat={people.stranger.pk}").status_code == 404
    assert ask(people.artist, f"?seat={people.owner.pk}").status_code == 404
    assert ask(people.owner, "?act=fly").json()["error"]["code"] == "unknown_act"
    lead = make_seat("artist", person=people.access_lead, tier="lab")
    assert ask(lead, f"?seat={people.stranger.pk}").json()["seat"] == people.stranger.pk
