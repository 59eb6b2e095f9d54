"""What each verb of the ledger promises, one at a time."""

from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction

from audit import append_only
from audit.actions import Actor
from audit.models import Record
from quotas import actions, queries
from quotas.models import Account, Entry, Grant, Hold, HoldPart
from tests.factories import make_studio

NOW = datetime(2026, 11, 3, 12, tzinfo=UTC)
DAY = timedelta(days=1)
HOUSE = Actor.house("tests")


@pytest.fixture
def studio(db):
    return make_studio(credits=0)


def give(studio, amount, key="g", **details):
    details = {"source": "goodwill", "actor": HOUSE, "now": NOW} | details
    return actions.grant(studio=studio, amount=amount, key=key, **details)


def hold(studio, amount, key="h", **details):
    return actions.hold(studio=studio, amount=amount, key=key, **{"now": NOW} | details)


def columns(studio):
    account = Account.objects.get(studio=studio)
    return account.granted, account.held, account.spent


def lot(key="g"):
    one = Grant.objects.get(key=key)
    return one.remaining, one.held, one.spent, one.lapsed


@pytest.fixture(autouse=True)
def it_all_adds_up(db):
    yield
    assert list(queries.verify()) == []


# --- Granting --------------------------------------------------------------------------------------------------------


def test_a_grant_is_entered_and_recorded(studio):
    given = give(studio, 100, reason="for a fine note", expires_at=NOW + DAY)
    assert columns(studio) == (100, 0, 0)
    assert [(one.kind, one.granted, one.grant_id) for one in queries.entries(studio)] == [("grant", 100, given.pk)]
    assert Record.objects.filter(action="credits.granted", studio_id=studio.pk, target_id=str(given.pk)).count() == 1


def test_the_same_grant_twice_gives_once(studio):
    assert give(studio, 100) == give(studio, 100)
    assert columns(studio) == (100, 0, 0)
    assert Record.objects.filter(action="credits.granted").count() == 1


@pytest.mark.parametrize(
    "other", [{"amount": 99}, {"source": "reward"}, {"priority": 7}, {"expires_at": NOW + DAY}, {"studio": "another"}]
)
def test_the_same_key_for_another_grant_is_a_conflict(studio, other):
    give(studio, 100)
    request = {"studio": studio, "amount": 100} | other
    if request["studio"] == "another":
        request["studio"] = make_studio(credits=0)
    with pytest.raises(actions.KeyConflict, match="used before for another request"):
        give(**request)
    assert columns(studio) == (100, 0, 0)


@pytest.mark.parametrize("amount", [0, -1, 1.5, True, "7", 10**9 + 1])
def test_credits_are_whole_numbers_above_zero(studio, amount):
    with pytest.raises(ValueError, match="whole numbers"):
        give(studio, amount)
    with pytest.raises(ValueError, match="whole numbers"):
        hold(studio, amount)


def test_a_source_nobody_knows_is_refused(studio):
    with pytest.raises(ValueError, match="use one of tier, goodwill"):
        give(studio, 5, source="heaven")


# --- Holding ---------------------------------------------------------------------------------------------------------


def test_a_hold_reserves_and_names_its_lots(studio):
    give(studio, 30, "later", expires_at=NOW + 9 * DAY)
    give(studio, 30, "soon", expires_at=NOW + DAY)
    give(studio, 30, "first", priority=1)
    reserved = hold(studio, 70, memo="Take 7 of Tidewater")
    assert [(part.grant.key, part.amount) for part in reserved.parts.order_by("id")] == [
        ("first", 30),
        ("soon", 30),
        ("later", 10),
    ]
    assert columns(studio) == (90, 70, 0)
    assert queries.entries(studio)[0].memo == "Take 7 of Tidewater"


def test_a_hold_beyond_what_is_free_leaves_nothing_behind(studio):
    give(studio, 100)
    hold(studio, 60)
    with pytest.raises(actions.InsufficientCredits, match="costs 50 credits and your studio has 40 free") as refused:
        hold(studio, 50, "h2")
    assert (refused.value.needed, refused.value.available) == (50, 40)
    assert not Hold.objects.filter(key="h2").exists()
    assert columns(studio) == (100, 60, 0)


def test_a_studio_without_any_account_has_nothing_to_hold(studio):
    with pytest.raises(actions.InsufficientCredits):
        hold(studio, 1)


def test_a_replay_is_recognised_even_when_the_account_is_full(studio):
    give(studio, 100)
    first = hold(studio, 100)
    assert hold(studio, 100) == first
    assert columns(studio) == (100, 100, 0)


def test_a_replay_of_a_hold_that_ended_brings_back_the_ended_one(studio):
    give(studio, 100)
    hold(studio, 100)
    actions.release(key="h", reason="cancelled", now=NOW)
    assert hold(studio, 100).state == Hold.State.RELEASED
    assert columns(studio) == (100, 0, 0)


def test_words_that_are_too_long_are_shortened_rather_than_stopping_the_ledger(studio):
    give(studio, 100, reason="r" * 999)
    hold(studio, 10, memo="m" * 999)
    actions.release(key="h", reason="r" * 999, now=NOW)
    newest = queries.entries(studio)[0]
    assert (newest.memo, newest.reason) == ("m" * 200, "r" * 300)


def test_the_same_key_for_another_hold_is_a_conflict(studio):
    give(studio, 100)
    hold(studio, 10)
    with pytest.raises(actions.KeyConflict):
        hold(studio, 11)
    with pytest.raises(actions.KeyConflict):
        hold(make_studio(), 10)


def test_a_lot_past_its_end_cannot_be_held_even_before_the_sweep(studio):
    give(studio, 100, expires_at=NOW + DAY)
    give(studio, 5, "g2")
    with pytest.raises(actions.InsufficientCredits) as refused:
        hold(studio, 6, now=NOW + DAY)
    assert refused.value.available == 5
    hold(studio, 5, now=NOW + DAY)
    assert columns(studio) == (5, 5, 0)
    assert lot() == (0, 0, 0, 100)


def test_a_hold_inside_a_larger_transaction_goes_with_it(studio):
    give(studio, 100)
    with transaction.atomic():
        hold(studio, 10)
        transaction.set_rollback(True)
    assert columns(studio) == (100, 0, 0)
    with transaction.atomic():
        with pytest.raises(actions.InsufficientCredits):
            hold(studio, 101)
        hold(studio, 10)  # the refusal has not spoilt the transaction around it
    assert columns(studio) == (100, 10, 0)


# --- Settling and releasing ------------------------------------------------------------------------------------------


def test_a_settle_spends_the_hold(studio):
    give(studio, 100)
    hold(studio, 40)
    settled = actions.settle(key="h", now=NOW)
    assert (settled.state, settled.settled) == ("settled", 40)
    assert columns(studio) == (100, 0, 40)
    assert lot() == (60, 0, 40, 0)


def test_a_partial_settle_returns_the_rest_to_the_last_lots(studio):
    give(studio, 10, "soon", expires_at=NOW + DAY)
    give(studio, 30, "later")
    hold(studio, 35)
    actions.settle(key="h", amount=12, now=NOW)
    assert columns(studio) == (40, 0, 12)
    assert (lot("soon"), lot("later")) == ((0, 0, 10, 0), (28, 0, 2, 0))
    assert [(one.kind, one.amount) for one in queries.entries(studio)[:2]] == [("release", 23), ("settle", 12)]


def test_settling_twice_is_settling_once(studio):
    give(studio, 100)
    hold(studio, 40)
    actions.settle(key="h", amount=12, now=NOW)
    assert actions.settle(key="h", amount=12, now=NOW).settled == 12
    assert actions.settle(key="h", now=NOW).settled == 12
    with pytest.raises(actions.KeyConflict):
        actions.settle(key="h", amount=13, now=NOW)
    assert columns(studio) == (100, 0, 12)


def test_settling_nothing_returns_everything(studio):
    give(studio, 100)
    hold(studio, 40)
    assert actions.settle(key="h", amount=0, now=NOW).state == "settled"
    assert columns(studio) == (100, 0, 0)
    assert queries.entries(studio)[0].kind == "release"


@pytest.mark.parametrize("amount", [41, -1, 2.0])
def test_a_settle_stays_within_its_hold(studio, amount):
    give(studio, 100)
    hold(studio, 40)
    with pytest.raises(ValueError):
        actions.settle(key="h", amount=amount, now=NOW)
    assert columns(studio) == (100, 40, 0)


def test_a_release_returns_the_hold_to_its_lots_once(studio):
    give(studio, 100)
    hold(studio, 40, memo="Take 7")
    assert actions.release(key="h", reason="refused", now=NOW).state == "released"
    actions.release(key="h", reason="refused", now=NOW)
    assert (columns(studio), lot()) == ((100, 0, 0), (100, 0, 0, 0))
    newest, *_ = queries.entries(studio)
    assert (newest.kind, newest.memo, newest.reason) == ("release", "Take 7", "refused")


def test_a_hold_ends_one_way_only(studio):
    give(studio, 100)
    hold(studio, 10, "a")
    hold(studio, 10, "b")
    actions.settle(key="a", now=NOW)
    actions.release(key="b", reason="", now=NOW)
    with pytest.raises(actions.HoldEnded, match="was settled already"):
        actions.release(key="a", reason="", now=NOW)
    with pytest.raises(actions.HoldEnded, match="was released already"):
        actions.settle(key="b", now=NOW)


def test_ending_a_hold_nobody_made_says_so(db):
    with pytest.raises(actions.UnknownHold):
        actions.settle(key="nothing")
    with pytest.raises(actions.UnknownHold):
        actions.release(key="nothing", reason="")


def test_what_returns_to_a_lot_that_ended_meanwhile_lapses(studio):
    give(studio, 100, expires_at=NOW + DAY)
    hold(studio, 40)
    actions.settle(key="h", amount=15, now=NOW + 2 * DAY)
    assert lot() == (60, 0, 15, 25)
    assert columns(studio) == (75, 0, 15)
    actions.expire(NOW + 2 * DAY)
    assert (lot(), columns(studio)) == ((0, 0, 15, 85), (15, 0, 15))


# --- Expiry ----------------------------------------------------------------------------------------------------------


def test_expiry_lets_lots_lapse_and_leaves_what_is_held(studio):
    give(studio, 100, expires_at=NOW + DAY)
    hold(studio, 40)
    assert actions.expire(NOW + DAY - timedelta(seconds=1)) == (0, 0)
    assert actions.expire(NOW + DAY) == (0, 1)
    assert actions.expire(NOW + DAY) == (0, 0)
    assert (lot(), columns(studio)) == ((0, 40, 0, 60), (40, 40, 0))
    actions.settle(key="h", now=NOW + 2 * DAY)
    assert columns(studio) == (40, 0, 40)


def test_expiry_releases_forgotten_holds_and_never_settles(studio):
    give(studio, 100)
    hold(studio, 10, "kept")
    hold(studio, 20, "forgotten", expires_at=NOW + DAY)
    assert actions.expire(NOW + DAY) == (1, 0)
    assert {one.key: one.state for one in Hold.objects.all()} == {"kept": "held", "forgotten": "released"}
    assert columns(studio) == (100, 10, 0)


def test_a_forgotten_hold_of_an_ended_lot_lapses_with_it(studio):
    give(studio, 100, expires_at=NOW + DAY)
    hold(studio, 20, expires_at=NOW + DAY)
    assert actions.expire(NOW + DAY) == (1, 1)
    assert (lot(), columns(studio)) == ((0, 0, 0, 100), (0, 0, 0))


# --- Monthly credits -------------------------------------------------------------------------------------------------


def test_every_standing_studio_gets_its_tiers_credits_once_a_month(db):
    first_ten, lab = make_studio(tier="first-ten", credits=0), make_studio(tier="lab", credits=0)
    make_studio(tier=None, credits=0)
    assert actions.grant_recurring(NOW) == 2
    assert actions.grant_recurring(NOW + 20 * DAY) == 0
    assert (columns(first_ten), columns(lab)) == ((600, 0, 0), (20_000, 0, 0))
    monthly = Grant.objects.get(key=f"tier:{first_ten.pk}:2026-11")
    assert monthly.expires_at == datetime(2026, 12, 1, tzinfo=UTC)
    assert queries.balance(first_ten, NOW).renews_at == monthly.expires_at


def test_the_next_month_brings_new_credits_as_the_old_ones_lapse(studio):
    actions.grant_recurring(NOW)
    december = datetime(2026, 12, 1, tzinfo=UTC)
    assert actions.grant_recurring(december) == 1
    assert queries.balance(studio, december).available == 3000
    actions.expire(december)
    assert columns(studio) == (3000, 0, 0)


def test_december_is_followed_by_january():
    assert actions.renewal_after(datetime(2026, 12, 31, 23, 59, tzinfo=UTC)) == datetime(2027, 1, 1, tzinfo=UTC)


def test_monthly_credits_are_spent_before_what_lasts(studio):
    give(studio, 100, source="purchase")
    actions.grant_recurring(NOW, studio=studio)
    assert hold(studio, 10).parts.get().grant.source == "tier"


def test_a_suspended_studio_gets_nothing(studio):
    studio.suspended_at = NOW
    studio.save()
    assert actions.grant_recurring(NOW) == 0


def test_a_studio_that_moved_within_the_month_is_not_paid_twice(studio):
    from access.models import Tier
    from access.tiers.actions import place

    actions.grant_recurring(NOW)
    place(studio=studio, tier=Tier.objects.get(slug="lab"), reason="opened", actor=HOUSE)
    assert actions.grant_recurring(NOW) == 0
    assert columns(studio) == (3000, 0, 0)


# --- Reading ---------------------------------------------------------------------------------------------------------


def test_the_balance_tells_what_is_free_held_spent_and_from_which_lots(studio, django_assert_num_queries):
    give(studio, 50, "bought", source="purchase")
    give(studio, 20, "ended", expires_at=NOW + DAY)
    hold(studio, 5, "h1")
    actions.settle(key="h1", now=NOW)
    hold(studio, 30, "h2")
    with django_assert_num_queries(2):
        balance = queries.balance(studio, NOW)
    assert (balance.granted, balance.held, balance.spent, balance.available) == (70, 30, 5, 35)
    assert [one.key for one in balance.lots] == ["ended", "bought"]
    assert queries.balance(studio, NOW + DAY).available == 35


def test_the_balance_of_a_studio_without_account_is_nothing(db):
    balance = queries.balance(make_studio(tier=None, credits=0))
    assert (balance.granted, balance.available, balance.lots, balance.renews_at) == (0, 0, (), None)


def test_entries_page_by_key_and_belong_to_one_studio(studio):
    make_studio(credits=5)
    for number in range(7):
        give(studio, number + 1, f"g{number}")
    first = queries.entries(studio, limit=3)
    second = queries.entries(studio, before=first[-1].pk, limit=9)
    assert [one.granted for one in first + second] == [7, 6, 5, 4, 3, 2, 1]


# --- Constraints: what the database refuses whoever writes -----------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "change"),
    [
        (Account, {"held": 101}),
        (Account, {"spent": -1}),
        (Account, {"granted": 39}),
        (Grant, {"remaining": 61}),
        (Grant, {"spent": -5, "remaining": 65}),
        (Grant, {"source": "heaven"}),
        (Hold, {"settled": 5}),
        (Hold, {"state": "settled"}),
        (Hold, {"amount": 0}),
        (HoldPart, {"settled": 41}),
    ],
)
def test_the_database_refuses_what_cannot_be(studio, model, change):
    give(studio, 100)
    hold(studio, 40)
    with pytest.raises(IntegrityError), transaction.atomic():
        model.objects.update(**change)


@pytest.mark.parametrize(
    "line",
    [
        {"kind": "grant", "granted": -5},
        {"kind": "settle", "held": -5, "spent": 4},
        {"kind": "release", "held": 5},
        {"kind": "hold", "held": 5, "granted": 1},
        {"kind": "gift", "granted": 5},
    ],
)
def test_the_database_refuses_an_entry_that_says_two_things(studio, line):
    given = give(studio, 100)
    reserved = hold(studio, 40)
    with pytest.raises(IntegrityError), transaction.atomic():
        Entry.objects.create(account=given.account, grant=given, hold=reserved, **line)


# --- The command -----------------------------------------------------------------------------------------------------


def test_verify_says_all_is_well(studio):
    give(studio, 100)
    out = StringIO()
    call_command("ledger", "verify", stdout=out)
    call_command("ledger", "verify", "--studio", studio.slug, stdout=out)
    assert out.getvalue() == "1 account(s), every credit where it should be.\n" * 2


def test_verify_prints_what_differs_and_fails(studio):
    give(studio, 100)
    hold(studio, 40)
    Account.objects.update(granted=90)
    out = StringIO()
    with pytest.raises(CommandError, match="do not agree"):
        call_command("ledger", "verify", stdout=out)
    assert f"{studio.name}: the entries add up to 100 granted, 40 held, 0 spent; the account says 90" in out.getvalue()
    assert "the lots add up to 100 granted" in out.getvalue()
    Account.objects.update(granted=100)


def test_verify_finds_a_hold_without_its_parts(studio):
    give(studio, 100)
    hold(studio, 40)
    HoldPart.objects.update(amount=39)
    assert {difference.message for difference in queries.verify(studio)} == {
        f"grant {Grant.objects.get().pk} holds 40 and spent 0; its holds say otherwise",
        "hold h is of 40, 0 spent; its parts say otherwise",
    }
    HoldPart.objects.update(amount=40)


def test_verify_notices_a_trigger_that_is_gone(studio):
    from django.db import connection

    connection.check_constraints()
    with connection.cursor() as cursor:
        for statement in append_only.removing(connection.vendor, "quotas_entry"):
            cursor.execute(statement)
    with pytest.raises(CommandError):
        call_command("ledger", "verify", stdout=StringIO())


def test_the_command_grants_once_for_a_key(studio):
    out = StringIO()
    for _ in range(2):
        call_command("ledger", "grant", studio.slug, "40", "--reason", "A fine note", "--key", "note 7", stdout=out)
    assert columns(studio) == (40, 0, 0)
    assert out.getvalue().endswith(f"40 credits given to {studio.name}, which has 40 free now.\n")
    with pytest.raises(CommandError, match="used before"):
        call_command("ledger", "grant", studio.slug, "41", "--reason", "A fine note", "--key", "note 7")
    with pytest.raises(CommandError, match="whole numbers"):
        call_command("ledger", "grant", studio.slug, "0", "--reason", "nothing")
    with pytest.raises(CommandError, match="no studio"):
        call_command("ledger", "grant", "nowhere", "5", "--reason", "lost")


def test_granted_for_some_days_they_lapse(studio):
    call_command("ledger", "grant", studio.slug, "40", "--reason", "Trial", "--days", "7", stdout=StringIO())
    assert Grant.objects.get().expires_at is not None
