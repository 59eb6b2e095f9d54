from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.utils import timezone

from access.errors import InvalidOverride
from access.models import Override, Standing, Tier
from access.queries import entitlements
from access.tiers import actions, queries
from accounts.models import Seat
from audit.actions import Actor
from audit.models import Record
from tests.factories import make_person, make_seat, make_studio

HOUSE = Actor.house("tests")
TOMORROW = timezone.now() + timedelta(days=1)


def tier(slug: str) -> Tier:
    return Tier.objects.get(slug=slug)


def test_a_new_house_has_three_tiers_the_most_open_last(db):
    assert [(one.slug, one.monthly_credits, one.concurrency, one.api) for one in Tier.objects.all()] == [
        ("first-ten", 600, 2, False),
        ("studio", 3000, 6, True),
        ("lab", 20_000, 12, True),
    ]
    assert tier("first-ten").models == ["starter-1"]


def test_placing_a_studio_ends_where_it_stood_and_keeps_the_history(db):
    lead = make_person()
    studio = make_studio(tier="first-ten", credits=0)
    actions.place(studio=studio, tier=tier("studio"), reason="Kept their word", actor=Actor.of_person(lead))
    former, current = Standing.objects.filter(studio=studio).order_by("id")
    assert (former.tier.slug, current.tier.slug, current.until, current.by) == ("first-ten", "studio", None, lead)
    assert former.until == current.since
    assert queries.standing_of(studio) == current
    placed = Record.objects.filter(action="studio.placed", studio_id=studio.pk).last()
    assert '"from":"first-ten"' in placed.canonical
    assert '"tier":"studio"' in placed.canonical


def test_placing_a_studio_where_it_stands_changes_nothing(db):
    studio = make_studio(tier="studio", credits=0)
    before = Record.objects.count()
    actions.place(studio=studio, tier=tier("studio"), reason="again", actor=HOUSE)
    assert Standing.objects.filter(studio=studio).count() == 1
    assert Record.objects.count() == before


def test_a_studio_stands_in_one_tier_at_a_time(db):
    studio = make_studio(tier="studio", credits=0)
    with pytest.raises(IntegrityError), transaction.atomic():
        Standing.objects.create(studio=studio, tier=tier("lab"), reason="by the back door")


def test_entitlements_follow_the_tier_the_overrides_and_their_lifting(db):
    seat = make_seat(tier="first-ten")
    assert entitlements(seat).concurrency == 2
    wider = actions.override(
        studio=seat.studio, field="concurrency", value=5, ends_at=TOMORROW, reason="deadline", actor=HOUSE
    )
    own = actions.override(seat=seat, field="concurrency", value=3, ends_at=TOMORROW, reason="trial", actor=HOUSE)
    assert entitlements(seat).concurrency == 3
    actions.lift(override=own, actor=HOUSE)
    assert entitlements(seat).concurrency == 5
    actions.lift(override=wider, actor=HOUSE)
    actions.lift(override=wider, actor=HOUSE)
    assert entitlements(seat).concurrency == 2
    assert Record.objects.filter(action="override.lifted", studio_id=seat.studio_id).count() == 2


def test_another_studios_overrides_do_not_reach_here(db):
    seat, stranger = make_seat(tier="first-ten"), make_seat(tier="first-ten")
    for whose in ({"studio": stranger.studio}, {"seat": stranger}):
        actions.override(**whose, field="api", value=True, ends_at=TOMORROW, reason="trial", actor=HOUSE)
    assert entitlements(stranger).api
    assert not entitlements(seat).api


@pytest.mark.parametrize("owner", ["studio", "seat"])
def test_a_suspension_shuts_at_once(db, owner):
    seat = make_seat("owner")
    shut = seat.studio if owner == "studio" else seat
    shut.suspended_at = timezone.now()
    shut.save()
    assert not entitlements(Seat.objects.get(pk=seat.pk)).active


def test_entitlements_take_one_query_when_warm(db, django_assert_num_queries):
    seat = make_seat()
    for _ in range(4):
        actions.override(seat=seat, field="max_seconds", value=9, ends_at=TOMORROW, reason="trial", actor=HOUSE)
    joined = Seat.objects.select_related("studio").get(pk=seat.pk)
    entitlements(joined)
    with django_assert_num_queries(1):
        entitlements(joined)


@pytest.mark.parametrize(
    ("field", "value", "ends_at", "words"),
    [
        ("colour", 1, TOMORROW, "no limit that can be overridden"),
        ("concurrency", 0, TOMORROW, "a whole number above zero"),
        ("concurrency", 5, timezone.now() - timedelta(days=1), "an end that is still to come"),
    ],
)
def test_an_override_that_makes_no_sense_is_refused(db, field, value, ends_at, words):
    with pytest.raises(InvalidOverride, match=words):
        actions.override(studio=make_studio(), field=field, value=value, ends_at=ends_at, reason="", actor=HOUSE)


def test_an_override_is_of_a_studio_or_of_a_seat(db):
    seat = make_seat()
    details = {"field": "api", "value": True, "ends_at": TOMORROW, "reason": "trial"}
    with pytest.raises(TypeError):
        actions.override(studio=seat.studio, seat=seat, actor=HOUSE, **details)
    for both in ({"studio": seat.studio, "seat": seat}, {}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Override.objects.create(**both, **details)


def test_the_command_places_a_studio(db):
    studio = make_studio(tier="first-ten", credits=0)
    call_command("place", studio.slug, "lab", "--reason", "Opening night", stdout=StringIO())
    assert (queries.standing_of(studio).tier.slug, queries.standing_of(studio).reason) == ("lab", "Opening night")
    with pytest.raises(CommandError, match="use one of first-ten, studio, lab"):
        call_command("place", studio.slug, "best", "--reason", "")
    with pytest.raises(CommandError, match="no studio"):
        call_command("place", "nowhere", "lab", "--reason", "")
    actions.retire_tier(tier=tier("studio"), reason="no longer", actor=HOUSE)
    with pytest.raises(CommandError, match="retired"):
        call_command("place", studio.slug, "studio", "--reason", "why not")
