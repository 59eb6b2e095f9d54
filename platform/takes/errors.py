"""What can be wrong with a wish, said once: the pages, the API and the command line show the same words.

`code` is for programs, `message` for people (what happened, and what to do), `field` names the part of the form it is
about, `status` is the HTTP status that says the same.
"""


class Problem(Exception):
    code = "invalid"
    status = 422

    def __init__(self, message: str, *, code: str | None = None, field: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.code
        self.field = field


class Invalid(Problem):
    """The wish itself cannot be rendered as it is: another size, other words, another image would do."""


class TooLarge(Problem):
    code = "too_large"
    status = 413


class NotAllowed(Problem):
    """The seat may not do this; somebody else in the studio, or another tier, may."""

    code = "not_allowed"
    status = 403


class OutOfCredits(Problem):
    code = "out_of_credits"
    status = 402


class TooMany(Problem):
    """More at once, or a day, than the tier allows. Waiting helps."""

    code = "too_many_takes"
    status = 429


class Conflict(Problem):
    """What is asked does not fit what is already so: a key used for something else, a take that has ended."""

    code = "conflict"
    status = 409
