"""The lab says why. A rule of its own, for every verb that needs one."""

from access.errors import ReasonNeeded

LONGEST = 300  # characters


def reason_given(text: str) -> str:
    """The reason without space around it. Raises ReasonNeeded for none, or one that is too long to keep."""
    reason = text.strip()
    if not 1 <= len(reason) <= LONGEST:
        raise ReasonNeeded()
    return reason
