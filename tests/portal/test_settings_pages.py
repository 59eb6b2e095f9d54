"""The pages for seats and keys: who may, what they see, and that a shut door is shut."""

import pytest

from accounts import actions
from accounts.models import ApiKey, Seat
from audit.actors import Actor
from tests import factories

HOUSE = Actor.house("tests")
VERBS = ["role", "suspend", "restore", "end", "reopen"]


def make_key(seat: Seat, name: str = "Edit suite") -> ApiKey:
    return actions.create_key(seat=seat, name=name, scopes=["takes:read"], expires_at=None, actor=HOUSE)[0]


@pytest.fixture
def with_api(people):
    """The studio stands in a tier that includes the API."""
    from access.models import Tier
    from access.tiers import actions as access

    access.place(studio=people.studio, tier=Tier.objects.filter(api=True)[0], reason="test", actor=HOUSE)
    return people


# --- Seats


def test_everybody_sees_who_works_in_the_studio_and_only_owners_see_buttons(people, sign_in):
    for seat in (people.artist, people.guest, people.producer):
        page = sign_in(seat).get("/settings/seats/").content.decode()
        assert people.owner.person.name in page
        assert "/end/" not in page
    assert "/end/" in sign_in(people.owner).get("/settings/seats/").content.decode()


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("role", ["producer", "artist", "guest"])
def test_only_owners_change_seats(people, sign_in, role, verb):
    answer = sign_in(getattr(people, role)).post(f"/settings/seats/{people.owner.pk}/{verb}/", {"role": "guest"})
    assert answer.status_code == 403
    people.owner.refresh_from_db()
    assert (people.owner.role, people.owner.ended_at, people.owner.suspended_at) == ("owner", None, None)


@pytest.mark.parametrize("verb", VERBS)
def test_an_owner_cannot_reach_into_another_studio(people, sign_in, verb):
    theirs = factories.make_seat("artist", studio=people.other_studio)
    assert sign_in(people.owner).post(f"/settings/seats/{theirs.pk}/{verb}/", {"role": "guest"}).status_code == 404


@pytest.mark.parametrize("verb", VERBS)
def test_a_look_changes_no_seat(people, sign_in, verb):
    assert sign_in(people.owner).get(f"/settings/seats/{people.artist.pk}/{verb}/").status_code == 405


def test_an_owner_changes_a_role(people, sign_in):
    sign_in(people.owner).post(f"/settings/seats/{people.artist.pk}/role/", {"role": "producer"})
    people.artist.refresh_from_db()
    assert people.artist.role == "producer"


@pytest.mark.parametrize(("verb", "undone"), [("suspend", "restore"), ("end", "reopen")])
def test_what_an_owner_shuts_can_be_undone_from_the_message(people, sign_in, verb, undone):
    client = sign_in(people.owner)
    page = client.post(f"/settings/seats/{people.artist.pk}/{verb}/", follow=True).content.decode()
    undo = f"/settings/seats/{people.artist.pk}/{undone}/"
    assert undo in page
    client.post(undo)
    assert Seat.objects.select_related("studio").get(pk=people.artist.pk).is_open


def test_the_last_owner_is_told_why_they_stay(people, sign_in):
    page = sign_in(people.owner).post(f"/settings/seats/{people.owner.pk}/end/", follow=True).content.decode()
    assert "keeps at least one owner" in page


def test_an_owner_who_leaves_is_out_at_once(people, sign_in):
    factories.make_seat("owner", studio=people.studio)
    client = sign_in(people.owner)
    assert client.post(f"/settings/seats/{people.owner.pk}/end/").headers["Location"] == "/"
    assert client.get("/settings/seats/").status_code == 403


# --- Keys


def test_a_new_key_is_shown_once(with_api, sign_in):
    client = sign_in(with_api.artist)
    answer = client.post("/settings/keys/", {"name": "Suite", "scopes": ["takes:read", "takes:write"], "days": 30})
    secret = answer.context["secret"]
    assert secret in answer.content.decode()
    assert "no-store" in answer.headers["Cache-Control"]
    key = actions.verify_key(secret)
    assert (key.seat, key.name, key.scopes) == (with_api.artist, "Suite", ["takes:read", "takes:write"])
    page = client.get("/settings/keys/").content.decode()
    assert secret not in page
    assert f"sd_{key.prefix}_…" in page


@pytest.mark.parametrize(
    "form",
    [
        {"name": "", "scopes": ["takes:read"], "days": 30},
        {"name": "Suite", "scopes": [], "days": 30},
        {"name": "Suite", "scopes": ["house:burn"], "days": 30},
        {"name": "Suite", "scopes": ["takes:read"], "days": 3650},
        {"name": "x" * 81, "scopes": ["takes:read"], "days": 30},
    ],
)
def test_a_key_that_cannot_be_is_said_beside_its_field(with_api, sign_in, form):
    answer = sign_in(with_api.artist).post("/settings/keys/", form)
    assert answer.status_code == 422
    assert answer.context["form"].errors
    assert not ApiKey.objects.exists()


def test_a_seat_that_may_not_have_keys_gets_none(with_api, sign_in):
    client = sign_in(with_api.guest)
    assert "No keys from this seat" in client.get("/settings/keys/").content.decode()
    client.post("/settings/keys/", {"name": "Suite", "scopes": ["takes:read"], "days": 30})
    assert not ApiKey.objects.exists()


def test_a_key_is_revoked_by_its_seat(with_api, sign_in):
    key = make_key(with_api.artist)
    sign_in(with_api.artist).post(f"/settings/keys/{key.pk}/revoke/")
    key.refresh_from_db()
    assert key.revoked_at is not None


def test_an_owner_shuts_a_leaked_key_of_their_studio(with_api, sign_in):
    key, other = make_key(with_api.artist), make_key(with_api.producer)
    assert key.name in sign_in(with_api.owner).get("/settings/keys/").content.decode()
    sign_in(with_api.owner).post(f"/settings/keys/{key.pk}/revoke/")
    key.refresh_from_db()
    other.refresh_from_db()
    assert key.revoked_at is not None
    assert other.revoked_at is None, "nobody else notices"


@pytest.mark.parametrize("who", ["producer", "guest", "stranger"])
def test_nobody_else_shuts_a_key(with_api, sign_in, who):
    key = make_key(with_api.artist)
    assert sign_in(getattr(with_api, who)).post(f"/settings/keys/{key.pk}/revoke/").status_code == 404
    key.refresh_from_db()
    assert key.revoked_at is None
