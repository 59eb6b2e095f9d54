"""Why the ledger refused, in words for the person whose credits they are. Each has a `code` for programs."""


class LedgerProblem(Exception):
    code = "ledger"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class InsufficientCredits(LedgerProblem):
    code = "insufficient_credits"

    def __init__(self, needed: int, available: int) -> None:
        self.needed, self.available = needed, available
        super().__init__(
            f"This costs {needed} credits and your studio has {available} free. Make it shorter or smaller, wait for "
            "takes in the queue to end, or ask the lab for more."
        )


class KeyConflict(LedgerProblem):
    code = "idempotency_conflict"

    def __init__(self, key: str) -> None:
        self.key = key
        super().__init__(f"The key “{key}” was used before for another request. Send a new request under a new key.")


class UnknownHold(LedgerProblem):
    code = "unknown_hold"

    def __init__(self, key: str) -> None:
        self.key = key
        super().__init__(f"There is no hold under the key “{key}”.")


class HoldEnded(LedgerProblem):
    """The hold ended the other way: a settle of a released hold, or a release of a settled one."""

    code = "hold_ended"

    def __init__(self, key: str, state: str) -> None:
        self.key, self.state = key, state
        super().__init__(f"The hold “{key}” was {state} already; a hold ends once.")
