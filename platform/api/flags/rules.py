"""From a rollout to a flag as OFREP tells of it. Pure: plain values in, plain values out.

A flag is a rollout, its key the rollout's slug. Why it came out so is `metadata.why`, an access.rollouts.rules.Reason;
OFREP's own `reason` is coarser, and says what kind of thing decided.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from access.rollouts.rules import WHOLE, Answer, Reason, RolloutValue, admits, subject_of
from access.rules import Entitlements

FORMS = "“studio:” and its slug, or “seat:” and its number"
_TARGETING_KEY = re.compile(r"studio:(?P<studio>[-a-zA-Z0-9_]{1,60})|seat:(?P<seat>[0-9]{1,18})", re.ASCII)


@dataclass(frozen=True)
class Target:
    """What a targeting key names: a studio by its slug, or a seat by its number."""

    studio: str | None = None
    seat: int | None = None

    def __str__(self) -> str:
        return f"studio:{self.studio}" if self.seat is None else f"seat:{self.seat}"


@dataclass(frozen=True)
class Subject:
    """Whoever is asked about, and everything that decides for them. `person_id` None: the studio as a whole."""

    target: Target
    studio_id: int
    person_id: int | None
    suspended: bool
    tier_id: int | None
    tier: str
    listed: Mapping[int, str]
    rights: Entitlements


def target_of(targeting_key: str) -> Target | None:
    """None for what names nobody."""
    found = _TARGETING_KEY.fullmatch(targeting_key)
    if found is None:
        return None
    return Target(studio=found["studio"]) if found["studio"] else Target(seat=int(found["seat"]))


def flag(rollout: RolloutValue, subject: Subject) -> dict[str, Any]:
    """{key, value, reason, variant, metadata}; {key, errorCode, errorDetails} where a seat is needed to tell."""
    if rollout.subject == "person" and subject.person_id is None:
        details = "This one is opened to people, one by one. Send “seat:” and the seat's number as targetingKey."
        return {"key": rollout.slug, "errorCode": "INVALID_CONTEXT", "errorDetails": details}
    answer = answer_of(rollout, subject)
    return {
        "key": rollout.slug,
        "value": answer.admitted,
        "reason": reason_of(rollout, answer, subject.tier_id),
        "variant": "on" if answer.admitted else "off",
        "metadata": _metadata(rollout, answer, subject),
    }


def answer_of(rollout: RolloutValue, subject: Subject) -> Answer:
    """What the house itself goes by. Of a finished rollout that is the tier for a model, and yes for a feature."""
    if rollout.state != "finished":
        return admits(
            rollout,
            subject=subject_of(rollout, studio_id=subject.studio_id, person_id=subject.person_id or 0),
            tier_id=subject.tier_id,
            suspended=subject.suspended,
            listed=subject.listed.get(rollout.id),
        )
    if subject.suspended:
        return Answer(False, Reason.SUSPENDED)
    if subject.tier_id is None:
        return Answer(False, Reason.NO_TIER)
    if rollout.kind == "model":
        return Answer(subject.rights.allows_model(rollout.target), Reason.FINISHED)
    return Answer(rollout.target in subject.rights.features, Reason.FINISHED)


def reason_of(rollout: RolloutValue, answer: Answer, tier_id: int | None) -> str:
    """OpenFeature's word for it.

    DISABLED is the flag switched off for everybody, by the kill switch. A halt is not that: whoever came in through an
    earlier stage stays in, so it is a rule that applies to some, TARGETING_MATCH. SPLIT is said only where another
    bucket could have had another answer: a stage that is open to a part of this tier.
    """
    if answer.reason == Reason.SHUT:
        return "DISABLED"
    if answer.reason == Reason.FINISHED:
        return "STATIC"
    if answer.reason == Reason.ADMITTED and answer.stage is not None:
        return "SPLIT" if answer.stage.ppm < WHOLE else "TARGETING_MATCH"
    if answer.reason == Reason.NOT_YET:
        # Nobody of this tier is in yet where none of its stages is open.
        return "SPLIT" if any(tier_id in one.tiers and one.ppm for one in rollout.stages) else "TARGETING_MATCH"
    return "TARGETING_MATCH"


def _metadata(rollout: RolloutValue, answer: Answer, subject: Subject) -> dict[str, Any]:
    """Scalars alone, as OFREP asks. The stage is the one that admits; of the others nothing is told."""
    told: dict[str, Any] = {"state": "shut" if rollout.shut else rollout.state, "why": answer.reason.value}
    if subject.tier:
        told["tier"] = subject.tier
    if answer.stage is not None:
        told |= {"stage": answer.stage.position, "stage_name": answer.stage.name}
    if answer.bucket is not None:
        told["bucket"] = answer.bucket
    return told


def digest(answer: Any) -> str:
    """The same for the same answer, and for no other."""
    text = json.dumps(answer, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]
