"""What can go wrong here, in sentences a person can act on."""


class AccountsError(Exception):
    """A rule of the house said no. `message` is shown to the person as it is; `field` names the form field, if any."""

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field


class LastOwner(AccountsError):
    def __init__(self) -> None:
        super().__init__("A studio keeps at least one owner. Make somebody else an owner first.", "role")


class AlreadySeated(AccountsError):
    def __init__(self, name: str, studio: str) -> None:
        super().__init__(f"{name} already has a seat at {studio}.", "email")


class InvalidKey(AccountsError):
    pass
