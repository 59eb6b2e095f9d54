"""The lab's pages on studios: found, moved, excepted, shut, opened, and what each costs the database."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from access.models import Override, Standing, Suspension, Tier
from access.suspensions import actions as suspensions
from access.tiers import actions as tiers
from access.tiers.queries import standing_of
from accounts import actions as accounts
from accounts.models import Seat, Studio
from audit.actions import Actor, record
from tests import factories
from tests.portal.pages import inline_things

HOUSE = Actor.house("tests")
TOMORROW = timezone.now() + timedelta(days=1)
EXCEPTION = {"field": "concurrency", "value": "9", "ends_on": f"{TOMORROW:%Y-%m-%d}", "reason": "a deadline"}
SUSPENSION = {"reason": "a leaked key", "running_work": "finish"}


@pytest.fixture
def lab(people, sign_in):
    return sign_in(people.access_lead)


def at(name, studio, *more):
    return reverse(f"lab_{name}", args=[studio.slug, *more])


def read(client, url, **query):
    answer = client.get(url, query)
    assert answer.status_code == 200
    html = answer.content.decode()
    assert inline_things(html) == []
    return html


def post(client, url, **form):
    return client.post(url, form, follow=True)


# --- The list --------------------------------------------------------------------------------------------------------


def test_studios_are_found_by_name_slug_tier_and_state(people, lab):
    nowhere = factories.make_studio("Nowhere yet", tier=None)
    suspensions.suspend_studio(studio=people.other_studio, actor=HOUSE, **SUSPENSION)
    tiers.place(studio=people.studio, tier=Tier.objects.get(slug="lab"), reason="test", actor=HOUSE)

    def found(**query):
        page = lab.get("/lab/studios/", query)
        return {one.name for one in page.context["studios"].rows}

    assert found() == {"Lantern Pictures", "Northlight", "Nowhere yet"}
    assert found(q="LANTERN") == {"Lantern Pictures"}
    assert found(q=nowhere.slug) == {"Nowhere yet"}
    assert found(tier="lab") == {"Lantern Pictures"}
    assert found(tier="none") == {"Nowhere yet"}
    assert found(suspended="on") == {"Northlight"}
    assert "No studio fits" in read(lab, "/lab/studios/", q="nobody is called so")


def test_an_empty_list_says_how_studios_come(db, sign_in):
    page = read(sign_in(factories.make_person(duties=["access_lead"])), "/lab/studios/")
    assert "Invite somebody" in page


def test_a_long_list_is_paged_keeps_its_filter_and_costs_the_same(people, lab, django_assert_max_num_queries):
    for number in range(60):
        studio = factories.make_studio(f"Many {number}", credits=0)
        factories.make_seat(studio=studio)
    seen, url = [], "/lab/studios/?q=many"
    while url:
        with django_assert_max_num_queries(14):
            answer = lab.get(url)
        seen += [one.name for one in answer.context["studios"].rows]
        assert len(answer.context["studios"].rows) <= 25
        url = f"/lab/studios/{older}" if (older := answer.context["studios"].older) else ""
        assert not url or "q=many" in url
    assert sorted(seen) == sorted(f"Many {number}" for number in range(60))


# --- One studio ------------------------------------------------------------------------------------------------------


def test_a_studio_with_much_of_everything_costs_a_bounded_number_of_queries(people, lab, django_assert_max_num_queries):
    first, second = Tier.objects.get(slug="first-ten"), Tier.objects.get(slug="studio")
    for number in range(30):
        seat = factories.make_seat(studio=people.studio)
        tiers.place(studio=people.studio, tier=(first, second)[number % 2], reason=f"move {number}", actor=HOUSE)
        for whose in ({"studio": people.studio}, {"seat": seat}):
            tiers.override(**whose, field="max_seconds", value=9, ends_at=TOMORROW, reason=f"{number}", actor=HOUSE)
        suspensions.suspend_studio(studio=people.studio, actor=HOUSE, **SUSPENSION)
        suspensions.restore_studio(studio=people.studio, actor=HOUSE)
    with django_assert_max_num_queries(20):
        page = read(lab, at("studio", people.studio))
    assert page.count("Newest") == 0
    assert "seats=" in page
    assert "standings=" in page
    older = lab.get(at("studio", people.studio) + lab.get(at("studio", people.studio)).context["standings"].older)
    assert next(one.reason for one in older.context["standings"].rows) == "move 19"
    with django_assert_max_num_queries(20):
        read(lab, at("seat", people.studio, seat.pk))


def test_a_studio_is_moved_with_a_reason_and_moved_back_from_the_notice(people, lab):
    page = post(lab, at("studio_move", people.studio), tier="first-ten", reason="a smaller need").content.decode()
    standing = standing_of(people.studio)
    assert (standing.tier.slug, standing.reason, standing.by) == ("first-ten", "a smaller need", people.access_lead)
    assert "What was accepted finishes at its price" in page
    undo = at("studio_move_back", people.studio, standing.pk)
    assert undo in page
    for _ in range(2):
        page = post(lab, undo).content.decode()
    assert standing_of(people.studio).tier.slug == "studio"
    assert "has moved since" in page
    assert Standing.objects.filter(studio=people.studio).count() == 3


def test_a_move_that_cannot_be_keeps_what_was_typed(people, lab):
    url = at("studio_move", people.studio)
    answer = lab.post(url, {"tier": "best", "reason": "a long <story>", "stop_work": "on"})
    assert answer.status_code == 422
    assert "a long &lt;story&gt;" in answer.content.decode()
    assert lab.post(url, {"tier": "lab", "reason": " "}).status_code == 422
    retired = Tier.objects.get(slug="lab")
    tiers.retire_tier(tier=retired, reason="no longer", actor=HOUSE)
    assert lab.post(url, {"tier": "lab", "reason": "why not"}).status_code == 422
    assert standing_of(people.studio).tier.slug == "studio"


def test_a_button_pressed_twice_moves_once(people, lab):
    for _ in range(2):
        post(lab, at("studio_move", people.studio), tier="lab", reason="opening night")
    assert Standing.objects.filter(studio=people.studio).count() == 2


# --- Suspensions -----------------------------------------------------------------------------------------------------


def test_a_studio_is_shut_and_opened_from_its_page(people, lab):
    page = post(lab, at("studio_suspend", people.studio), **SUSPENSION).content.decode()
    assert "a leaked key" in page
    assert at("studio_restore", people.studio) in page
    assert at("studio_stop", people.studio) in page
    post(lab, at("studio_stop", people.studio))
    assert Suspension.objects.get().running_work == "stop"
    page = post(lab, at("studio_restore", people.studio), reason="looked at").content.decode()
    assert "is open again" in page
    assert "Opened: looked at" in page
    assert Studio.objects.get(pk=people.studio.pk).suspended_at is None


@pytest.mark.parametrize("form", [{}, {"reason": " ", "running_work": "stop"}, {"reason": "kept", "running_work": "x"}])
def test_a_suspension_that_is_not_said_whole_shuts_nothing(people, lab, form):
    for url in (at("studio_suspend", people.studio), at("seat_suspend", people.studio, people.artist.pk)):
        answer = lab.post(url, form)
        assert answer.status_code == 422
        assert form.get("reason", "").strip() in answer.content.decode()
    assert not Suspension.objects.exists()


def test_a_seat_is_shut_and_opened_alone(people, lab):
    page = post(lab, at("seat_suspend", people.studio, people.owner.pk), **SUSPENSION).content.decode()
    assert "Suspended by the lab" in page
    assert "Suspended by the lab" in read(lab, at("studio", people.studio))
    post(lab, at("seat_stop", people.studio, people.owner.pk))
    assert Suspension.objects.get().running_work == "stop"
    post(lab, at("seat_restore", people.studio, people.owner.pk))
    assert Seat.objects.select_related("studio").get(pk=people.owner.pk).is_open


def test_a_seat_of_another_studio_is_not_reached_through_this_one(people, lab):
    for name in ("seat", "seat_suspend", "seat_restore", "seat_except"):
        url = at(name, people.studio, people.stranger.pk)
        assert (lab.get if name == "seat" else lab.post)(url).status_code == 404


def test_an_ended_seat_is_shown_and_not_shut(people, lab):
    accounts.end_seat(seat=people.artist, actor=HOUSE)
    assert "This seat has ended" in read(lab, at("seat", people.studio, people.artist.pk))
    assert lab.post(at("seat_suspend", people.studio, people.artist.pk), SUSPENSION).status_code == 404


# --- Exceptions ------------------------------------------------------------------------------------------------------


def test_exceptions_are_made_for_the_studio_or_one_seat_and_lifted(people, lab):
    page = post(lab, at("studio_except", people.studio), **EXCEPTION).content.decode()
    own = EXCEPTION | {"field": "models", "value": "starter-1, wan"}
    post(lab, at("seat_except", people.studio, people.artist.pk), **own)
    whole, seats = Override.objects.order_by("pk")
    assert (whole.studio, whole.value, whole.by) == (people.studio, 9, people.access_lead)
    assert (seats.seat, seats.value) == (people.artist, ["starter-1", "wan"])
    assert f"{whole.ends_at:%Y-%m-%d %H:%M:%S}" == f"{EXCEPTION['ends_on']} 23:59:59"
    assert at("override_lift", people.studio, whole.pk) in page
    for one in (whole, seats):
        post(lab, at("override_lift", people.studio, one.pk))
    assert not Override.objects.filter(ends_at__gt=timezone.now()).exists()


def test_an_exception_asked_for_twice_is_one(people, lab):
    for _ in range(2):
        post(lab, at("studio_except", people.studio), **EXCEPTION)
    assert Override.objects.count() == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"value": "many"}, "Takes at once takes a whole number"),
        ({"value": "0"}, "Takes at once takes a whole number"),
        ({"field": "api", "value": "perhaps"}, "yes or no"),
        ({"field": "models", "value": "wan; drop"}, "ids of models"),
        ({"field": "queue_weight", "value": "1001"}, "1,000"),
        ({"field": "colour"}, "not one of the available choices"),
        ({"ends_on": "2020-01-01"}, "still to come"),
        ({"ends_on": "soon"}, "valid date"),
        ({"reason": ""}, "Say why"),
    ],
)
def test_an_exception_that_makes_no_sense_is_said_beside_its_field_and_kept_as_typed(people, lab, change, words):
    for url in (at("studio_except", people.studio), at("seat_except", people.studio, people.artist.pk)):
        answer = lab.post(url, EXCEPTION | {"reason": "told at length"} | change)
        assert answer.status_code == 422
        assert words in answer.content.decode()
        assert "told at length" in answer.content.decode() or "reason" in change
    assert not Override.objects.exists()


# --- The record ------------------------------------------------------------------------------------------------------


def test_the_record_says_who_did_what_and_is_paged(people, lab, django_assert_max_num_queries):
    key, _ = accounts.create_key(
        seat=people.artist, name="suite", scopes=["takes:read"], expires_at=None, actor=Actor.of_seat(people.owner)
    )
    post(lab, at("studio_move", people.studio), tier="lab", reason="opening night")
    factories.make_take(people.owner)
    page = read(lab, at("studio_record", people.studio))
    for words in ("studio.placed", "opening night", "Access Lead", "key.created", "Owner of Lantern", "take.submitted"):
        assert words in page
    assert "a red balloon" not in page, "personal values stay where they are"
    for number in range(60):
        record(actor=Actor.of_key(key), action="key.used", target=key, studio=people.studio, facts={"n": number})
    with django_assert_max_num_queries(14):
        first = lab.get(at("studio_record", people.studio))
    assert "A key of Artist of Lantern" in first.content.decode()
    assert len(first.context["lines"]) == 50
    older = read(lab, at("studio_record", people.studio), before=first.context["older"])
    assert "studio.placed" in older
    assert "Nothing before this" in read(lab, at("studio_record", people.studio), before=1)
    assert "studio.placed" not in read(lab, at("studio_record", people.studio), before="x" * 40)
