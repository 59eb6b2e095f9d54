"""What can go wrong with a render, each with the code that jobs, takes and the API show.

`retry` says whether another attempt may help: a lost worker may have been bad luck, a broken model folder is not.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from generation.catalogue import Problem


class UnknownModel(LookupError):
    """No catalogue entry has this id. `known` lists those that exist."""

    def __init__(self, model: str, known: Iterable[str]) -> None:
        self.model, self.known = model, tuple(known)
        super().__init__(f"There is no model “{model}”. Choose one of: {', '.join(self.known) or 'none is installed'}.")


class InvalidCatalogue(ValueError):
    """A catalogue file says something that cannot be; the message names the file and the field."""


class InvalidSpec(ValueError):
    """A spec outside of what its model renders. `problems` has one entry for each wrong field."""

    def __init__(self, problems: "list[Problem]") -> None:
        self.problems = problems
        super().__init__(" ".join(problem.message for problem in problems))


class KeyConflict(ValueError):
    """The key was used before, for another spec. Use a new key for a new wish."""

    def __init__(self, key: str) -> None:
        self.key = key
        super().__init__(f"The key “{key}” already stands for another render. Use a new key for a new one.")


class LeaseLost(Exception):
    """This attempt no longer holds its job: it may write nothing more, and has nothing to clear up in the database."""


class Cancelled(Exception):
    """Somebody asked for this job to be cancelled; raised between two denoising steps."""


class GivenBack(Exception):
    """The worker was told to stop at once: the job goes back into the queue, and this attempt does not count."""


class RenderFailed(Exception):
    """A render that ended without a clip. Subclasses say which kind; `code` is stable, the message is for people."""

    code = "render_failed"
    retry = True

    def __init__(self, message: str, **facts: Any) -> None:
        self.facts = facts
        super().__init__(message)


class ModelMissing(RenderFailed):
    code = "model_missing"
    retry = False


class ModelBroken(RenderFailed):
    code = "model_broken"
    retry = False


class SpecRefused(RenderFailed):
    """The catalogue changed after the job was accepted, or the reference picture is gone."""

    code = "spec_invalid"
    retry = False


class StorageFull(RenderFailed):
    code = "storage_full"
    retry = False


class OutOfMemory(RenderFailed):
    code = "out_of_memory"
    retry = False
