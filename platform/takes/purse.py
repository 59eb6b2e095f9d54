"""A studio's credits as the pages of takes show them: one strip, one sentence."""

from dataclasses import dataclass

from accounts.models import Studio
from quotas.queries import Balance, balance
from takes import queries


@dataclass(frozen=True)
class Purse:
    balance: Balance
    waiting: int  # takes under way

    @property
    def used(self) -> float:
        """Percent of what was given."""
        return self._share(self.balance.spent)

    @property
    def held(self) -> float:
        return self._share(self.balance.held)

    def _share(self, credits: int) -> float:
        return round(100 * credits / self.balance.granted, 2) if self.balance.granted else 0.0


def purse(studio: Studio) -> Purse:
    return Purse(balance(studio), queries.under_way(studio))
