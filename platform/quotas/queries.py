"""Reads on the ledger that pages, the API and `manage.py ledger verify` share."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import F, Q, Sum
from django.utils import timezone

from access.models import Standing
from accounts.models import Studio
from quotas.actions import renewal_after
from quotas.burning import Lot, in_order
from quotas.models import Account, Entry, Grant, Hold, HoldPart


@dataclass(frozen=True)
class Balance:
    """A studio's credits at one moment: of the lots in force, what was given, is held, was spent and is free.

    `lots` are the grants in force, in the order they will be spent: those that can still be spent from, those of this
    month, and those with something held. `renews_at` is when monthly credits lapse and new ones come, or None for a
    studio whose tier has none.
    """

    granted: int
    held: int
    spent: int
    available: int
    lots: tuple[Grant, ...]
    renews_at: datetime | None


def balance(studio: Studio, now: datetime | None = None) -> Balance:
    """Two queries. A lot past its expiry counts as lapsed even where nobody has swept it yet."""
    now = now or timezone.now()
    in_force = Q(held__gt=0) | Q(expires_at__gt=now) | Q(expires_at=None, remaining__gt=0)
    lots = {lot.pk: lot for lot in Grant.objects.filter(in_force, account__studio=studio)}
    free = [lot.remaining for lot in lots.values() if lot.expires_at is None or lot.expires_at > now]
    ordered = in_order(Lot(lot.pk, lot.priority, lot.expires_at, lot.remaining) for lot in lots.values())
    held, available = sum(lot.held for lot in lots.values()), sum(free)
    spent = sum(lot.spent for lot in lots.values())
    renews = Standing.objects.filter(studio=studio, until=None, tier__monthly_credits__gt=0).exists()
    return Balance(
        granted=available + held + spent,
        held=held,
        spent=spent,
        available=available,
        lots=tuple(lots[lot.id] for lot in ordered),
        renews_at=renewal_after(now) if renews else None,
    )


def entries(studio: Studio, before: int | None = None, limit: int = 50) -> list[Entry]:
    """Lines of the ledger, newest first; `before` is the id of the last one already seen. One query."""
    lines = Entry.objects.filter(account__studio=studio)
    if before is not None:
        lines = lines.filter(pk__lt=before)
    return list(lines.select_related("hold", "grant").order_by("-id")[:limit])


@dataclass(frozen=True)
class Difference:
    """Two places of the ledger that ought to agree and do not."""

    studio: str
    message: str


def verify(studio: Studio | None = None) -> Iterator[Difference]:
    """Add everything up again and yield what does not agree: of one studio, or of all.

    For each account: at every entry the sums so far were possible; all entries together make the account's columns; so
    do its lots; and what the lots hold and spent is what the holds say.
    """
    accounts = Account.objects.order_by("id")
    if studio is not None:
        accounts = accounts.filter(studio=studio)
    for pk, name in list(accounts.values_list("pk", "studio__name")):
        # Locked while it is added up: the reads must see one state, and the ledger goes on beside us.
        with transaction.atomic():
            account = Account.objects.select_for_update(no_key=True).get(pk=pk)
            messages = [*_entries_against(account), *_lots_against(account), *_holds_against(account)]
        yield from (Difference(name, message) for message in messages)


def _entries_against(account: Account) -> Iterator[str]:
    granted = held = spent = 0
    lines = Entry.objects.filter(account=account).order_by("id").values_list("id", "granted", "held", "spent")
    for entry, more_granted, more_held, more_spent in lines.iterator(chunk_size=2000):
        granted, held, spent = granted + more_granted, held + more_held, spent + more_spent
        if held < 0 or spent < 0 or granted < held + spent:
            yield f"after entry {entry}, {held} held and {spent} spent do not fit into {granted} granted"
    if (granted, held, spent) != (account.granted, account.held, account.spent):
        yield (
            f"the entries add up to {granted} granted, {held} held, {spent} spent; the account says "
            f"{account.granted}, {account.held}, {account.spent}"
        )


def _lots_against(account: Account) -> Iterator[str]:
    sums = Grant.objects.filter(account=account).aggregate(
        granted=Sum(F("amount") - F("lapsed"), default=0), held=Sum("held", default=0), spent=Sum("spent", default=0)
    )
    for name, total in sums.items():
        if total != getattr(account, name):
            yield f"the lots add up to {total} {name}; the account says {getattr(account, name)}"


def _holds_against(account: Account) -> Iterator[str]:
    of_parts = HoldPart.objects.filter(hold__account=account).values("grant_id")
    held = dict(
        of_parts.filter(hold__state=Hold.State.HELD).annotate(total=Sum("amount")).values_list("grant_id", "total")
    )
    spent = dict(of_parts.annotate(total=Sum("settled")).values_list("grant_id", "total"))
    for lot in Grant.objects.filter(account=account).order_by("id"):
        if lot.held != held.get(lot.pk, 0) or lot.spent != spent.get(lot.pk, 0):
            yield f"grant {lot.pk} holds {lot.held} and spent {lot.spent}; its holds say otherwise"
    torn = Hold.objects.filter(account=account).annotate(
        parts_amount=Sum("parts__amount", default=0), parts_settled=Sum("parts__settled", default=0)
    )
    for hold in torn.exclude(parts_amount=F("amount"), parts_settled=F("settled")).order_by("id"):
        yield f"hold {hold.key} is of {hold.amount}, {hold.settled} spent; its parts say otherwise"
