"""One look of one guardrail, as a pure function on counts."""

from dataclasses import dataclass

from access.guardrails import sequential
from access.guardrails.metrics import Counts

PASS, FAIL, INCONCLUSIVE = "pass", "fail", "inconclusive"


@dataclass(frozen=True)
class Bounds:
    """What a guardrail asks. `alpha` is its share of the stage's chance to cry wolf; `limit_ppm` None is no limit."""

    compares: bool
    alpha: float
    limit_ppm: int | None
    minimum_sample: int
    failure_limit: int


@dataclass(frozen=True)
class Look:
    """`failing_in_a_row` counts looks beyond the limit; `most_evidence` is the greatest log e-value so far."""

    verdict: str
    why: str
    evidence: float = 0.0
    most_evidence: float = 0.0
    failing_in_a_row: int = 0


def look(
    bounds: Bounds, *, stage: Counts, before: Counts | None, lately: Counts, most_evidence: float, failing: int
) -> Look:
    """Judge a stage by everything counted since it opened, the stage before likewise, and what happened `lately`.

    `before` None: there is no stage before, so there is nothing to compare with. `most_evidence` and `failing` are the
    last look's. A comparison that once failed stays failed: the evidence was valid at that moment.
    """
    evidence = 0.0
    if bounds.compares and before is not None:
        evidence = sequential.evidence(stage.bad, stage.total, before.bad, before.total)
        most_evidence = max(most_evidence, evidence)
    over = bounds.limit_ppm is not None and _ppm(lately) > bounds.limit_ppm and lately.total >= bounds.minimum_sample
    failing = failing + 1 if over else 0

    def said(verdict: str, why: str) -> Look:
        return Look(verdict, why, evidence, most_evidence, failing)

    if most_evidence >= sequential.threshold(bounds.alpha):
        return said(FAIL, f"worse than the stage before: {_share(stage)} against {_share(before)}")
    if over and failing >= bounds.failure_limit:
        return said(
            FAIL, f"above its limit: {_share(lately)}, and at most {(bounds.limit_ppm or 0) / 10_000:g} % is meant"
        )
    if over:
        return said(INCONCLUSIVE, f"above its limit for {failing} of {bounds.failure_limit} looks")
    if stage.total < bounds.minimum_sample:
        return said(INCONCLUSIVE, f"{stage.total:,} counted of the {bounds.minimum_sample:,} that are needed")
    if bounds.compares and before is not None and before.total < bounds.minimum_sample:
        return said(INCONCLUSIVE, f"the stage before has {before.total:,} of the {bounds.minimum_sample:,} needed")
    return said(PASS, "")


def unknown(why: str, *, most_evidence: float, failing: int) -> Look:
    """A look that could not be had: inconclusive, and nothing that was known is forgotten."""
    return Look(INCONCLUSIVE, why, 0.0, most_evidence, failing)


def _ppm(counts: Counts) -> float:
    return 1_000_000 * counts.bad / counts.total if counts.total else 0.0


def _share(counts: Counts | None) -> str:
    return f"{_ppm(counts) / 10_000:.2g} %" if counts else "nothing"
