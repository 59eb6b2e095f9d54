"""Why access was not given, in words for the person who asked. Each has a `code` for programs."""


class AccessProblem(Exception):
    code = "access"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class InvalidOverride(AccessProblem):
    code = "invalid_override"


class InvalidTier(AccessProblem):
    """A tier cannot be as asked. `problems` says what is wrong with each field, by its name."""

    code = "invalid_tier"

    def __init__(self, problems: dict[str, str]) -> None:
        super().__init__(" ".join(f"{field}: {problem}" for field, problem in problems.items()))
        self.problems = problems


class TierMovedOn(AccessProblem):
    """Somebody else changed the tier meanwhile."""

    code = "tier_moved_on"


class TierRetired(AccessProblem):
    """Nobody is placed in a retired tier."""

    code = "tier_retired"


class ReasonNeeded(AccessProblem):
    """What the lab does to others is done with a reason, which stays on record."""

    code = "reason_needed"

    def __init__(self) -> None:
        super().__init__("Say why, in at most 300 characters. The reason stays with the record.")


class ShutByTheLab(AccessProblem):
    """The lab shut this seat; its studio cannot open or replace it."""

    code = "shut_by_the_lab"


class LastLead(AccessProblem):
    """The house keeps at least one access lead who can sign in."""

    code = "last_lead"


class InvalidInvitation(AccessProblem):
    """The invitation cannot be written as asked."""

    code = "invalid_invitation"


class InvitationRefused(AccessProblem):
    """The code opens nothing. The message says why; `kind` names it: unknown, used, full, revoked, expired or shut."""

    code = "invitation_refused"

    def __init__(self, message: str, kind: str = "shut") -> None:
        super().__init__(message)
        self.kind = kind


class SignInFirst(AccessProblem):
    """Somebody with the invited address is known here already, and must be signed in to accept."""

    code = "sign_in_first"


class WrongAddress(AccessProblem):
    """The signed-in person is not who was invited."""

    code = "wrong_address"


class ApplicationRefused(AccessProblem):
    """The link opens no application, or not for this. The message says which."""

    code = "application_refused"


class ApplicationsClosed(AccessProblem):
    code = "applications_closed"


class IncompleteApplication(AccessProblem):
    """It cannot be sent yet. The message says what is missing."""

    code = "incomplete_application"


class AlreadyDecided(AccessProblem):
    """Somebody was first: the application is not in the state any more that the lead saw."""

    code = "already_decided"


class NotReadEnough(AccessProblem):
    """A decision needs readings that are not there yet."""

    code = "not_read_enough"


class InvalidDecision(AccessProblem):
    """The tag, note, reading or letter cannot be taken as it is."""

    code = "invalid_decision"


class ConfirmAddress(AccessProblem):
    """A link that reached nobody's mailbox: whoever comes by it confirms their address first."""

    code = "confirm_address"


class StudioNameNeeded(AccessProblem):
    """Whoever founds a studio by this invitation names it."""

    code = "studio_name_needed"


class NothingLeft(AccessProblem):
    """A seat's allowance of invitations is used up."""

    code = "allowance_used_up"


class InvalidRollout(AccessProblem):
    """A rollout, stage or guardrail cannot be as asked; `field` names the part of the form, if one does."""

    code = "invalid_rollout"

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class Outpaced(AccessProblem):
    """Somebody changed it since it was looked at."""

    code = "outpaced"


class GateShut(AccessProblem):
    """The next step may not be taken now. `reasons` says everything that stands in the way."""

    code = "gate_shut"

    def __init__(self, reasons: list[str]) -> None:
        super().__init__(" ".join(reasons))
        self.reasons = reasons


class InvalidTerms(AccessProblem):
    """The terms cannot be written, or published, like this."""

    code = "invalid_terms"


class TermsNotAccepted(AccessProblem):
    """The terms in force have to be accepted first."""

    code = "terms_not_accepted"
