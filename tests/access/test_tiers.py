"""Tiers as data: each change is a version, with a reason, and holds at once; a retired one takes nobody in."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from access.errors import InvalidTier, InvitationRefused, ReasonNeeded, TierMovedOn, TierRetired
from access.invitations import actions as invitations
from access.models import Tier, TierVersion
from access.queries import entitlements
from access.tiers import actions, queries
from access.tiers.limits import LIMITS, changes, problem_with, read, said
from audit.actions import Actor
from audit.models import Record
from tests import factories
from tests.at_once import at_once

HOUSE = Actor.house("tests")


def tier(slug="studio") -> Tier:
    return Tier.objects.get(slug=slug)


def change(of=None, reason="asked for", actor=HOUSE, seen=None, **wanted) -> Tier:
    return actions.change_tier(tier=of or tier(), changes=wanted, reason=reason, actor=actor, seen=seen)


def limits(**different):
    return queries.said(tier()) | {"name": "Festival", "rank": 25} | different


def test_every_tier_begins_with_a_version_that_says_what_it_says(db):
    for one in Tier.objects.all():
        assert one.versions.get().limits == queries.said(one)
        assert set(queries.said(one)) == set(LIMITS)


def test_a_change_holds_at_once_and_leaves_a_version_and_a_record(db):
    lead, seat = factories.make_person(), factories.make_seat()
    before = entitlements(seat)
    changed = change(actor=Actor.of_person(lead), concurrency=9, models=["wan", "starter-1", "wan"], name=" Studios ")
    assert (changed.name, changed.models) == ("Studios", ["starter-1", "wan"])
    after = entitlements(seat)
    assert (before.concurrency, after.concurrency, after.allows_model("other")) == (6, 9, False)
    newest = changed.versions.get(number=2)
    assert (newest.by, newest.reason, newest.limits) == (lead, "asked for", queries.said(changed))
    written = Record.objects.get(action="tier.changed").canonical
    assert '"before":{"concurrency":6,"models":["*"],"name":"Studio"}' in written
    assert '"after":{"concurrency":9,"models":["starter-1","wan"],"name":"Studios"}' in written


def test_what_a_tier_said_on_any_day_can_be_read(db):
    long_ago, then = (timezone.now() - timedelta(days=days) for days in (30, 10))
    TierVersion.objects.filter(tier=tier()).update(at=then)
    change(max_seconds=12)
    assert queries.said_on(tier(), long_ago)["max_seconds"] == 10
    assert queries.said_on(tier(), timezone.now() - timedelta(days=1))["max_seconds"] == 10
    assert queries.said_on(tier(), timezone.now())["max_seconds"] == 12


def test_a_change_that_changes_nothing_leaves_nothing(db):
    for _ in range(2):
        change(max_seconds=12, reason="longer")
    change(max_seconds=12, reason="")
    assert tier().versions.count() == 2
    assert Record.objects.filter(action="tier.changed").count() == 1


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("name", "", "1 to 60 characters"),
        ("name", "x" * 61, "1 to 60 characters"),
        ("rank", -1, "whole number"),
        ("rank", 10, "Another tier has this rank"),
        ("models", "wan", "ids of models"),
        ("models", ["wan; drop"], "ids of models"),
        ("models", [f"m{n}" for n in range(51)], "at most 50"),
        ("max_pixels", 0, "from 1"),
        ("max_pixels", 3_000_000_000, "to 2,000,000,000"),
        ("max_seconds", 40_000, "to 32,767"),
        ("references", "yes", "yes or no"),
        ("api", 1, "yes or no"),
        ("concurrency", 1.5, "whole number"),
        ("queue_weight", 1001, "to 1,000"),
        ("monthly_credits", -5, "from 0"),
        ("daily_takes", 0, "nothing for no limit"),
        ("invitation_allowance", "three", "whole number"),
        ("invitation_tier", "nowhere", "There is no tier"),
        ("slug", "other", "no such field"),
    ],
)
def test_a_value_that_does_not_fit_is_said_by_its_field_and_nothing_changes(db, field, value, words):
    before = queries.said(tier())
    with pytest.raises(InvalidTier, match=words) as refusal:
        change(**{field: value, "max_seconds": 19} if field != "max_seconds" else {field: value})
    assert list(refusal.value.problems) == [field]
    assert queries.said(tier()) == before
    assert tier().versions.count() == 1


@pytest.mark.parametrize("reason", ["", " ", "x" * 301])
def test_a_change_needs_a_reason(db, reason):
    with pytest.raises(ReasonNeeded):
        change(max_seconds=19, reason=reason)
    with pytest.raises(ReasonNeeded):
        actions.retire_tier(tier=tier(), reason=reason, actor=HOUSE)
    with pytest.raises(ReasonNeeded):
        actions.make_tier(limits=limits(), reason=reason, actor=HOUSE)


def test_who_changes_what_somebody_else_has_changed_meanwhile_is_told(db):
    change(max_seconds=12, seen=1)
    with pytest.raises(TierMovedOn):
        change(max_seconds=15, seen=1)
    change(max_seconds=12, seen=1)  # nothing different: the button was pressed twice
    change(max_seconds=15, seen=2)
    assert tier().max_seconds == 15


@pytest.mark.django_db(transaction=True)
def test_of_two_leads_who_change_a_tier_at_once_one_is_told():
    answers = at_once(lambda: change(max_seconds=12, seen=1), lambda: change(concurrency=9, seen=1))
    assert {type(answer) for answer in answers} == {Tier, TierMovedOn}
    assert [one.number for one in tier().versions.order_by("number")] == [1, 2]


@pytest.mark.django_db(transaction=True)
def test_of_two_leads_who_move_a_studio_at_once_it_stands_in_one_tier():
    studio = factories.make_studio(tier="studio", credits=0)
    place = lambda slug: lambda: actions.place(studio=studio, tier=tier(slug), reason=slug, actor=HOUSE)  # noqa: E731
    answers = at_once(place("lab"), place("first-ten"), place("lab"))
    assert not [one for one in answers if isinstance(one, Exception)]
    ended = list(studio.standings.order_by("pk"))
    assert [one.until is None for one in ended] == [False] * (len(ended) - 1) + [True]


# --- New ones --------------------------------------------------------------------------------------------------------


def test_a_new_tier_is_made_whole_and_once(db):
    for _ in range(2):
        made = actions.make_tier(limits=limits(invitation_tier="first-ten"), reason="a festival", actor=HOUSE)
    assert (made.slug, made.invitation_tier, made.versions.get().reason) == (
        "festival",
        tier("first-ten"),
        "a festival",
    )
    studio = factories.make_studio(tier="festival")
    assert entitlements(factories.make_seat(studio=studio)).tier == "Festival"
    with pytest.raises(InvalidTier, match="There is a tier of this name"):
        actions.make_tier(limits=limits(max_seconds=1), reason="another", actor=HOUSE)
    with pytest.raises(InvalidTier, match="at least one letter"):
        actions.make_tier(limits=limits(name="…", rank=99), reason="another", actor=HOUSE)
    with pytest.raises(InvalidTier, match="needs it"):
        actions.make_tier(limits={"name": "Half"}, reason="another", actor=HOUSE)


def test_a_tier_just_made_is_known_to_a_process_that_had_read_the_others(db):
    from access import snapshot

    snapshot.current()
    kept = snapshot._kept
    actions.make_tier(limits=limits(), reason="a festival", actor=HOUSE)
    seat = factories.make_seat(tier="festival")
    snapshot._kept = kept  # as another process still has it
    assert entitlements(seat).tier == "Festival"


# --- Retired ones ----------------------------------------------------------------------------------------------------


def test_nobody_is_placed_in_a_retired_tier_and_who_stands_there_stays(db):
    inside, outside = factories.make_studio(tier="studio"), factories.make_studio(tier="lab")
    for _ in range(2):
        actions.retire_tier(tier=tier(), reason="no longer", actor=HOUSE)
    with pytest.raises(TierRetired):
        actions.place(studio=outside, tier=tier(), reason="why not", actor=HOUSE)
    assert queries.standing_of(outside).tier.slug == "lab"
    assert entitlements(factories.make_seat(studio=inside)).active
    actions.place(studio=inside, tier=tier(), reason="where it is", actor=HOUSE)
    for _ in range(2):
        actions.bring_back_tier(tier=tier(), actor=HOUSE)
    actions.place(studio=outside, tier=tier(), reason="now", actor=HOUSE)
    wanted = ["tier.retired", "tier.brought_back"]
    assert list(Record.objects.filter(action__in=wanted).order_by("id").values_list("action", flat=True)) == wanted


def test_an_invitation_to_a_retired_tier_says_so_and_opens_when_it_is_back(db):
    _, code = invitations.invite(
        email="ines@example.com", studio_name="Lantern", role="owner", tier=tier(), actor=HOUSE
    )
    assert queries.open_invitations(tier()) == 1
    actions.retire_tier(tier=tier(), reason="no longer", actor=HOUSE)
    with pytest.raises(InvitationRefused, match="no longer given"):
        invitations.accept(code=code)
    actions.bring_back_tier(tier=tier(), actor=HOUSE)
    assert invitations.accept(code=code).studio.name == "Lantern"


@pytest.mark.django_db(transaction=True)
def test_of_one_who_retires_and_one_who_places_at_once_neither_undoes_the_other():
    studio = factories.make_studio(tier="lab", credits=0)
    retired, placed = at_once(
        lambda: actions.retire_tier(tier=tier(), reason="no longer", actor=HOUSE),
        lambda: actions.place(studio=studio, tier=tier(), reason="now", actor=HOUSE),
    )
    assert retired.retired_at
    stands = queries.standing_of(studio)
    assert stands.tier.slug == ("lab" if isinstance(placed, TierRetired) else "studio")
    assert stands.since <= retired.retired_at or stands.tier.slug == "lab"


def test_the_database_itself_refuses_two_versions_of_one_number(db):
    with pytest.raises(IntegrityError), transaction.atomic():
        TierVersion.objects.create(tier=tier(), number=1, limits={}, reason="again")
    with pytest.raises(IntegrityError), transaction.atomic():
        TierVersion.objects.create(tier=tier(), number=2, limits={}, reason="")


# --- Undoing a move --------------------------------------------------------------------------------------------------


def test_a_move_is_undone_only_while_it_stands(db):
    studio = factories.make_studio(tier="first-ten", credits=0)
    first = queries.standing_of(studio)
    assert actions.move_back(standing=first, actor=HOUSE) is None, "it stood nowhere before"
    moved = actions.place(studio=studio, tier=tier("lab"), reason="up", actor=HOUSE)
    assert actions.move_back(standing=moved, actor=HOUSE).tier.slug == "first-ten"
    assert actions.move_back(standing=moved, actor=HOUSE) is None
    assert queries.standing_of(studio).reason == "Undone: up"


# --- Values and words ------------------------------------------------------------------------------------------------


@given(st.sampled_from(sorted(LIMITS)), st.text(max_size=40) | st.integers().map(str))
def test_whatever_somebody_types_is_read_and_either_fits_or_is_said_to_be_wrong(field, text):
    value = read(field, text)
    problem = problem_with(field, value)
    assert problem is None or problem.endswith(".")
    if problem is None:
        assert isinstance(said(field, value), str)


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        ("max_pixels", "921,600", 921600),
        ("max_pixels", " 921 600 ", 921600),
        ("daily_takes", "", None),
        ("daily_takes", "no limit", None),
        ("models", "starter-1, wan", ["starter-1", "wan"]),
        ("api", "Yes", True),
        ("rank", "ten", "ten"),
        ("invitation_tier", "", None),
    ],
)
def test_a_value_is_read_as_people_write_it(field, text, value):
    assert read(field, text) == value


def test_what_changed_is_told_in_words():
    before = {"models": ["*"], "daily_takes": 400, "api": True, "max_pixels": 921600}
    after = {"models": ["wan"], "daily_takes": None, "api": True, "max_pixels": 100}
    assert [(one.label, one.before, one.after) for one in changes(before, after)] == [
        ("Models", "every model", "wan"),
        ("Pixels of a frame", "921,600", "100"),
        ("Takes a day", "400", "no limit"),
    ]
