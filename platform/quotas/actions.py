"""The verbs of the ledger. Each is one transaction, and joins the caller's if there is one.

How no credit is ever given twice, under any concurrency, on PostgreSQL and SQLite:

1. The row with the unique key is inserted first, so that a replay is recognised even when the account is full.
2. The account's row is locked; from here on, one change of this account at a time. (SQLite lets one writer in anyway.)
3. Lots past their expiry lapse, so that nobody can hold what has lapsed.
4. The account changes by a conditional update, never by saving what was read. No row changed: all of it rolls back.
5. Lots, parts and the immutable entry follow; entries of one account are therefore in the order of their ids.
"""

import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from django.db import IntegrityError, models, transaction
from django.db.models import Exists, F, OuterRef, TextField, Value
from django.db.models.functions import Cast, Concat
from django.utils import timezone

from access.models import Standing
from accounts.models import Studio
from audit.actions import Actor, record
from quotas.burning import Lot, burn, split
from quotas.errors import HoldEnded, InsufficientCredits, KeyConflict, LedgerProblem, UnknownHold
from quotas.models import MEMO_LENGTH, REASON_LENGTH, Account, Entry, Grant, Hold, HoldPart

__all__ = [
    "HoldEnded",
    "InsufficientCredits",
    "KeyConflict",
    "LedgerProblem",
    "UnknownHold",
    "expire",
    "grant",
    "grant_recurring",
    "hold",
    "release",
    "settle",
]

# Monthly credits go first within a month: they lapse at its end, what was bought or given does not.
TIER_PRIORITY = 50
# In one go. Far more than any studio has, and far from where sums of it would overflow.
MOST_CREDITS = 1_000_000_000

Keyed = TypeVar("Keyed", Grant, Hold)


@transaction.atomic
def grant(
    *,
    studio: Studio,
    amount: int,
    key: str,
    source: str,
    priority: int = 100,
    expires_at: datetime | None = None,
    reason: str = "",
    actor: Actor,
    now: datetime | None = None,
) -> Grant:
    """Give a studio a lot of credits. The same key and request return the first lot; another request, KeyConflict."""
    amount, now, reason = _whole(amount, at_least=1), now or timezone.now(), reason[:REASON_LENGTH]
    if source not in Grant.Source.values:
        raise ValueError(f"“{source}” is no source of credits; use one of {', '.join(Grant.Source.values)}.")
    account = _account_of(studio)
    fingerprint = _fingerprint("grant", account.pk, amount, source, priority, expires_at)
    lot, is_new = _insert_once(
        Grant,
        key,
        fingerprint,
        lambda: Grant.objects.create(
            account=account,
            key=key,
            fingerprint=fingerprint,
            source=source,
            priority=priority,
            amount=amount,
            remaining=amount,
            reason=reason,
            created_at=now,
            expires_at=expires_at,
        ),
    )
    if not is_new:
        return lot
    _lock(account.pk)
    Account.objects.filter(pk=account.pk).update(granted=F("granted") + amount)
    _enter(account.pk, Entry.Kind.GRANT, now, granted=amount, grant=lot, memo=lot.get_source_display(), reason=reason)
    record(
        actor=actor,
        action="credits.granted",
        target=lot,
        studio=studio,
        facts={
            "amount": amount,
            "source": source,
            "priority": priority,
            "expires_at": expires_at.isoformat() if expires_at else None,
            "reason": reason,
        },
    )
    return lot


@transaction.atomic
def hold(
    *,
    studio: Studio,
    amount: int,
    key: str,
    memo: str = "",
    expires_at: datetime | None = None,
    now: datetime | None = None,
) -> Hold:
    """Reserve credits for a piece of work, or raise InsufficientCredits and leave nothing behind.

    The same key, studio and amount return the first hold, whatever became of it; anything else, KeyConflict. `memo`
    tells the studio what it is for (no personal data: it is kept). `expires_at` is only for work that nobody may ever
    end: past it, `expire` releases the hold.
    """
    amount, now, memo = _whole(amount, at_least=1), now or timezone.now(), memo[:MEMO_LENGTH]
    account = _account_of(studio)
    fingerprint = _fingerprint("hold", account.pk, amount)
    reserved, is_new = _insert_once(
        Hold,
        key,
        fingerprint,
        lambda: Hold.objects.create(
            account=account,
            key=key,
            fingerprint=fingerprint,
            amount=amount,
            memo=memo,
            created_at=now,
            expires_at=expires_at,
        ),
    )
    if not is_new:
        return reserved
    _lock(account.pk)
    _lapse(account.pk, now)
    _reserve(account.pk, amount)
    lots = [
        Lot(*row)
        for row in Grant.objects.filter(account=account, remaining__gt=0).values_list(
            "id", "priority", "expires_at", "remaining"
        )
    ]
    for lot_id, part in burn(lots, amount, now):
        _change_one(
            Grant.objects.filter(pk=lot_id, remaining__gte=part), remaining=F("remaining") - part, held=F("held") + part
        )
        HoldPart.objects.create(hold=reserved, grant_id=lot_id, amount=part)
    _enter(account.pk, Entry.Kind.HOLD, now, held=amount, hold=reserved, memo=memo)
    return reserved


@transaction.atomic
def settle(*, key: str, amount: int | None = None, now: datetime | None = None) -> Hold:
    """The work was done: spend `amount` of the hold (all, if left out) and return the rest.

    Settling again for the same amount changes nothing; for another amount it raises KeyConflict. Raises UnknownHold,
    and HoldEnded when the hold was released.
    """
    now = now or timezone.now()
    reserved = _locked_hold(key)
    settled = reserved.amount if amount is None else _whole(amount, at_least=0)
    if settled > reserved.amount:
        raise ValueError(f"{settled} credits cannot be settled from a hold of {reserved.amount}.")
    if reserved.state == Hold.State.RELEASED:
        raise HoldEnded(key, "released")
    if reserved.state == Hold.State.SETTLED:
        if amount is not None and settled != reserved.settled:
            raise KeyConflict(key)
        return reserved
    return _end(reserved, Hold.State.SETTLED, settled, now, reason="")


@transaction.atomic
def release(*, key: str, reason: str, now: datetime | None = None) -> Hold:
    """The work was not done: return the whole hold to its lots. Releasing again changes nothing.

    Credits of a lot that has expired meanwhile lapse instead of returning. Raises UnknownHold, and HoldEnded when the
    hold was settled.
    """
    reserved = _locked_hold(key)
    if reserved.state == Hold.State.SETTLED:
        raise HoldEnded(key, "settled")
    if reserved.state == Hold.State.RELEASED:
        return reserved
    return _end(reserved, Hold.State.RELEASED, 0, now or timezone.now(), reason=reason[:REASON_LENGTH])


def expire(now: datetime | None = None) -> tuple[int, int]:
    """Release holds and lapse lots that are past their expiry; one transaction per account. Returns how many of each.

    Nothing is ever settled here, and a hold without an expiry is left to whoever made it.
    """
    now = now or timezone.now()
    due_holds = Hold.objects.filter(state=Hold.State.HELD, expires_at__lte=now)
    due_lots = Grant.objects.filter(remaining__gt=0, expires_at__lte=now)
    accounts = {*due_holds.values_list("account_id", flat=True), *due_lots.values_list("account_id", flat=True)}
    holds = lots = 0
    for account_id in sorted(accounts):
        with transaction.atomic():
            _lock(account_id)
            for forgotten in due_holds.filter(account=account_id).order_by("id"):
                _end(forgotten, Hold.State.RELEASED, 0, now, reason="Nobody ended this work in time.")
                holds += 1
            lots += _lapse(account_id, now)
    return holds, lots


def grant_recurring(now: datetime | None = None, *, studio: Studio | None = None) -> int:
    """Give this month's credits to every studio standing in a tier (or to one); returns how many got some.

    One lot per studio and month, under the key "tier:{studio}:{yyyy-mm}", lapsing when the next month begins (UTC).
    Running it again gives nothing twice. A studio that moves to another tier gets that tier's credits next month.
    """
    now = now or timezone.now()
    month, ends = f"{now:%Y-%m}", renewal_after(now)
    due = Standing.objects.filter(until=None, tier__monthly_credits__gt=0, studio__suspended_at=None)
    if studio is not None:
        due = due.filter(studio=studio)
    text = TextField()
    key = Concat(Value("tier:"), Cast(OuterRef("studio_id"), text), Value(f":{month}"), output_field=text)
    given = 0
    for standing in due.exclude(Exists(Grant.objects.filter(key=key))).select_related("studio", "tier"):
        try:
            grant(
                studio=standing.studio,
                amount=standing.tier.monthly_credits,
                key=f"tier:{standing.studio_id}:{month}",
                source=Grant.Source.TIER,
                priority=TIER_PRIORITY,
                expires_at=ends,
                reason=f"{standing.tier.name}, {now:%B %Y}",
                actor=Actor.house("recurring credits"),
                now=now,
            )
        except KeyConflict:
            continue  # Somebody else gave this month's credits a moment ago, from the tier before a move.
        given += 1
    return given


def renewal_after(now: datetime) -> datetime:
    """The start of the next month, UTC: when monthly credits lapse and new ones come."""
    year, month = divmod(now.year * 12 + now.month, 12)
    return datetime(year, month + 1, 1, tzinfo=timezone.get_default_timezone())


def _account_of(studio: Studio) -> Account:
    account, _ = Account.objects.get_or_create(studio=studio)
    return account


def _whole(amount: int, *, at_least: int) -> int:
    if not isinstance(amount, int) or isinstance(amount, bool) or not at_least <= amount <= MOST_CREDITS:
        raise ValueError(f"Credits are whole numbers from {at_least} to {MOST_CREDITS:,}, not {amount!r}.")
    return amount


def _fingerprint(*request: object) -> str:
    return hashlib.sha256(repr(request).encode()).hexdigest()


def _insert_once(model: type[Keyed], key: str, fingerprint: str, create: Callable[[], Keyed]) -> tuple[Keyed, bool]:
    """Insert the row of this key, or find the one that is there; (row, whether it is new)."""
    try:
        with transaction.atomic():
            return create(), True
    except IntegrityError:
        first = model._default_manager.filter(key=key).first()
        if first is None:
            raise
        if first.fingerprint != fingerprint:
            raise KeyConflict(key) from None
        return first, False


def _lock(account_id: int) -> Account:
    # NO KEY: inserting rows that point here takes a share of the key, and a full lock would wait for those in a ring.
    return Account.objects.select_for_update(no_key=True).get(pk=account_id)


def _locked_hold(key: str) -> Hold:
    """The hold as it is once its account is ours alone."""
    account_id = Hold.objects.filter(key=key).values_list("account_id", flat=True).first()
    if account_id is None:
        raise UnknownHold(key)
    _lock(account_id)
    return Hold.objects.get(key=key)


def _reserve(account_id: int, amount: int) -> None:
    room = Account.objects.filter(pk=account_id, granted__gte=F("held") + F("spent") + amount)
    if room.update(held=F("held") + amount) == 0:
        account = Account.objects.get(pk=account_id)
        raise InsufficientCredits(amount, account.granted - account.held - account.spent)


def _change_one(rows: models.QuerySet, **changes: object) -> None:
    """Change exactly one row; anything else means the lots and the account disagree, and must not be committed."""
    changed = rows.update(**changes)
    if changed != 1:
        raise RuntimeError(
            f"The ledger expected to change one row and changed {changed}. Run `manage.py ledger verify`."
        )


def _lapse(account_id: int, now: datetime) -> int:
    """Let what remains of expired lots lapse. The account is locked."""
    due = list(Grant.objects.filter(account=account_id, remaining__gt=0, expires_at__lte=now).order_by("id"))
    for lot in due:
        _change_one(
            Grant.objects.filter(pk=lot.pk, remaining=lot.remaining), remaining=0, lapsed=F("lapsed") + lot.remaining
        )
        _lapse_from_account(account_id, lot, lot.remaining, now)
    return len(due)


def _lapse_from_account(account_id: int, lot: Grant, amount: int, now: datetime) -> None:
    Account.objects.filter(pk=account_id).update(granted=F("granted") - amount)
    _enter(account_id, Entry.Kind.LAPSE, now, granted=-amount, grant=lot, memo=lot.get_source_display())


def _end(reserved: Hold, state: Hold.State, settled: int, now: datetime, reason: str) -> Hold:
    """End a held hold: `settled` credits are spent, the rest returns to its lots. The account is locked."""
    _change_one(Hold.objects.filter(pk=reserved.pk, state=Hold.State.HELD), state=state, settled=settled, ended_at=now)
    rest = reserved.amount - settled
    Account.objects.filter(pk=reserved.account_id).update(held=F("held") - reserved.amount, spent=F("spent") + settled)
    if settled:
        _enter(
            reserved.account_id, Entry.Kind.SETTLE, now, held=-settled, spent=settled, hold=reserved, memo=reserved.memo
        )
    if rest:
        _enter(
            reserved.account_id, Entry.Kind.RELEASE, now, held=-rest, hold=reserved, memo=reserved.memo, reason=reason
        )
    parts = list(reserved.parts.select_related("grant").order_by("id"))
    for part, spent in zip(parts, split([part.amount for part in parts], settled), strict=True):
        _return(part, spent, now)
    reserved.state, reserved.settled, reserved.ended_at = state, settled, now
    return reserved


def _return(part: HoldPart, spent: int, now: datetime) -> None:
    lot, back = part.grant, part.amount - spent
    lapses = lot.expires_at is not None and lot.expires_at <= now
    _change_one(
        Grant.objects.filter(pk=lot.pk, held__gte=part.amount),
        held=F("held") - part.amount,
        spent=F("spent") + spent,
        **({"lapsed": F("lapsed") + back} if lapses else {"remaining": F("remaining") + back}),
    )
    if spent:
        _change_one(HoldPart.objects.filter(pk=part.pk), settled=spent)
    if lapses and back:
        _lapse_from_account(lot.account_id, lot, back, now)


def _enter(account_id: int, kind: Entry.Kind, now: datetime, **line: object) -> None:
    Entry.objects.create(account_id=account_id, kind=kind, at=now, **line)
