"""The ledger against a model of itself that fits on a page: the same verbs, sums, lots and answers."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from audit.actions import Actor
from quotas import actions, queries
from quotas.models import Account, Grant
from tests.factories import make_studio

HOUSE = Actor.house("tests")
START = datetime(2026, 11, 3, tzinfo=UTC)
HOUR = timedelta(hours=1)
amounts = st.integers(1, 60)
hours_ahead = st.none() | st.integers(1, 30)


class Ledger:
    """A lot is [priority, ends, age, amount, free, held, spent]; a hold is [[(lot, part), …], state, settled, ends]."""

    def __init__(self) -> None:
        self.lots: dict[str, list[Any]] = {}
        self.holds: dict[str, list[Any]] = {}

    def over(self, lot: str, now: datetime) -> bool:
        return self.lots[lot][1] is not None and self.lots[lot][1] <= now

    def lapse(self, now: datetime) -> None:
        for key, lot in self.lots.items():
            if self.over(key, now):
                lot[4] = 0

    def grant(self, key: str, amount: int, priority: int, ends: datetime | None) -> None:
        self.lots[key] = [priority, ends, len(self.lots), amount, amount, 0, 0]

    def hold(self, key: str, amount: int, now: datetime, ends: datetime | None) -> bool:
        before = {lot: list(row) for lot, row in self.lots.items()}
        self.lapse(now)
        if amount > sum(row[4] for row in self.lots.values()):
            self.lots = before
            return False
        parts = []
        never = datetime.max.replace(tzinfo=UTC)
        for lot, row in sorted(self.lots.items(), key=lambda item: (item[1][0], item[1][1] or never, item[1][2])):
            part = min(row[4], amount)
            if part:
                row[4], row[5], amount = row[4] - part, row[5] + part, amount - part
                parts.append((lot, part))
        self.holds[key] = [parts, "held", 0, ends]
        return True

    def end(self, key: str, state: str, settled: int, now: datetime) -> None:
        parts = self.holds[key][0]
        self.holds[key][1:3] = [state, settled]
        for lot, part in parts:
            used = min(part, settled)
            settled -= used
            row = self.lots[lot]
            row[5], row[6] = row[5] - part, row[6] + used
            if not self.over(lot, now):
                row[4] += part - used

    def expire(self, now: datetime) -> None:
        for key, (_, state, _, ends) in self.holds.items():
            if state == "held" and ends is not None and ends <= now:
                self.end(key, "released", 0, now)
        self.lapse(now)


class LedgerMachine(RuleBasedStateMachine):
    holds = Bundle("holds")
    ended = Bundle("ended")

    def __init__(self) -> None:
        super().__init__()
        self.now, self.number = START, 0
        self.studio = make_studio(tier=None, credits=0)
        self.model = Ledger()

    def key(self) -> str:
        self.number += 1
        return f"machine:{self.studio.pk}:{self.number}"

    def later(self, hours: int | None) -> datetime | None:
        return None if hours is None else self.now + hours * HOUR

    @rule(hours=st.integers(1, 12))
    def time_passes(self, hours: int) -> None:
        self.now += hours * HOUR

    @rule(amount=amounts, priority=st.sampled_from([50, 100]), hours=hours_ahead, twice=st.booleans())
    def grant(self, amount: int, priority: int, hours: int | None, twice: bool) -> None:
        key, ends = self.key(), self.later(hours)
        for _ in range(1 + twice):
            actions.grant(
                studio=self.studio,
                amount=amount,
                key=key,
                source="goodwill",
                priority=priority,
                expires_at=ends,
                actor=HOUSE,
                now=self.now,
            )
        self.model.grant(key, amount, priority, ends)

    @rule(target=holds, amount=amounts, hours=hours_ahead, twice=st.booleans())
    def hold(self, amount: int, hours: int | None, twice: bool) -> Any:
        key, ends = self.key(), self.later(hours)
        possible = self.model.hold(key, amount, self.now, ends)
        for _ in range(1 + twice):
            try:
                actions.hold(studio=self.studio, amount=amount, key=key, expires_at=ends, now=self.now)
                assert possible, "held more than there was"
            except actions.InsufficientCredits:
                assert not possible, "refused what there was"
        return key if possible else multiple()

    @rule(target=ended, key=consumes(holds), share=st.none() | st.fractions(0, 1))
    def settle(self, key: str, share: Any) -> Any:
        parts, state, *_ = self.model.holds[key]
        total = sum(part for _, part in parts)
        amount = None if share is None else int(total * share)
        if state == "released":
            with pytest.raises(actions.HoldEnded):
                actions.settle(key=key, amount=amount, now=self.now)
        else:
            actions.settle(key=key, amount=amount, now=self.now)
            self.model.end(key, "settled", total if amount is None else amount, self.now)
        return key

    @rule(target=ended, key=consumes(holds))
    def release(self, key: str) -> Any:
        actions.release(key=key, reason="model", now=self.now)
        if self.model.holds[key][1] == "held":
            self.model.end(key, "released", 0, self.now)
        return key

    @rule(key=ended)
    def end_again(self, key: str) -> None:
        _, state, settled, _ = self.model.holds[key]
        if state == "settled":
            assert actions.settle(key=key, amount=settled, now=self.now).settled == settled
            with pytest.raises(actions.HoldEnded):
                actions.release(key=key, reason="again", now=self.now)
        else:
            assert actions.release(key=key, reason="again", now=self.now).state == "released"
            with pytest.raises(actions.HoldEnded):
                actions.settle(key=key, now=self.now)

    @rule(key=holds)
    def the_key_for_something_else(self, key: str) -> None:
        total = sum(part for _, part in self.model.holds[key][0])
        with pytest.raises(actions.KeyConflict):
            actions.hold(studio=self.studio, amount=total + 1, key=key, now=self.now)

    @rule()
    def expire(self) -> None:
        actions.expire(self.now)
        self.model.expire(self.now)

    @invariant()
    def the_lots_agree(self) -> None:
        rows = Grant.objects.filter(account__studio=self.studio).values_list("key", "remaining", "held", "spent")
        assert {key: rest for key, *rest in rows} == {key: lot[4:] for key, lot in self.model.lots.items()}

    @invariant()
    def the_account_agrees(self) -> None:
        account = Account.objects.filter(studio=self.studio).first() or Account()
        held = sum(lot[5] for lot in self.model.lots.values())
        spent = sum(lot[6] for lot in self.model.lots.values())
        granted = held + spent + sum(lot[4] for lot in self.model.lots.values())
        assert (account.granted, account.held, account.spent) == (granted, held, spent)

    @invariant()
    def the_balance_agrees(self) -> None:
        free = sum(lot[4] for key, lot in self.model.lots.items() if not self.model.over(key, self.now))
        assert queries.balance(self.studio, self.now).available == free

    @invariant()
    def every_sum_of_entries_is_the_account(self) -> None:
        assert list(queries.verify(self.studio)) == []


def test_the_ledger_is_its_model_under_any_sequence_of_verbs(db):
    run_state_machine_as_test(
        LedgerMachine,
        settings=settings(
            max_examples=40,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
