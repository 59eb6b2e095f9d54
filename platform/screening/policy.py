"""A policy decides what may be rendered. Pure: values in, a value out; nothing here reads a table or a clock.

A `Policy` is a version of the rules, read from a file in `policies/`. Each `Rule` names a check from `checks.py` and
what follows when the check finds something. `decide` runs them all: the strictest verdict wins, and every finding is
kept, so that a person sees all that stands in the way at once.
"""

import tomllib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from screening.checks import CHECKS, Material

POLICIES = Path(__file__).resolve().parent / "policies"
ALLOW, REVIEW, REFUSE = "allow", "review", "refuse"
_STRICTNESS = (ALLOW, REVIEW, REFUSE)


@dataclass(frozen=True)
class Rule:
    """`id` is what a refusal names, `message` what the creator reads, `because` the reason the policy page gives."""

    id: str
    title: str
    check: str
    verdict: str
    message: str
    because: str
    with_: dict[str, Any] = field(default_factory=dict)  # the check's parameters


@dataclass(frozen=True)
class Policy:
    version: int
    title: str
    rules: tuple[Rule, ...]


@dataclass(frozen=True)
class Finding:
    """What one check found. `start` and `end` are offsets into the words as written; equal where it is about all."""

    check: str
    rule: str
    title: str
    verdict: str
    message: str
    start: int = 0
    end: int = 0


@dataclass(frozen=True)
class Decision:
    verdict: str
    policy_version: int
    findings: tuple[Finding, ...] = ()

    @property
    def is_refused(self) -> bool:
        return self.verdict == REFUSE

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"findings": [asdict(finding) for finding in self.findings]}


def decide(policy: Policy, words: str, references: Sequence[Any], entitlements: Any) -> Decision:
    """What the policy says of a prompt.

    `words` is the prompt as written; `references` are the images it starts from and `entitlements` what its seat may
    do, for checks that look at them. An unknown check in a policy is a ValueError: a rule that cannot be run must
    never be passed over in silence.
    """
    material = Material.of(words, references, entitlements)
    findings = []
    for rule in policy.rules:
        check = CHECKS.get(rule.check)
        if check is None:
            raise ValueError(f"Policy {policy.version}, rule {rule.id}: there is no check named {rule.check!r}.")
        findings += [
            Finding(rule.check, rule.id, rule.title, rule.verdict, rule.message, start, end)
            for start, end in check(material, **rule.with_)
        ]
    verdict = max((finding.verdict for finding in findings), key=_STRICTNESS.index, default=ALLOW)
    return Decision(verdict, policy.version, tuple(findings))


def read(text: str) -> Policy:
    """A policy from its TOML. Raises ValueError with the rule's name where it does not say what it must."""
    data = tomllib.loads(text)
    rules = []
    for row in data["rules"]:
        try:
            rule = Rule(with_=row.pop("with", {}), **row)
        except TypeError as error:
            raise ValueError(f"Policy {data['version']}, rule {row.get('id', '?')}: {error}") from error
        if rule.verdict not in (REVIEW, REFUSE):
            raise ValueError(f"Policy {data['version']}, rule {rule.id}: verdict must be review or refuse.")
        rules.append(rule)
    return Policy(data["version"], data["title"], tuple(rules))


@cache
def in_force() -> Policy:
    """The newest policy in `policies/`. Older files stay: decisions name the version they were made under."""
    return version(max(int(path.stem) for path in POLICIES.glob("[0-9]*.toml")))


@cache
def version(number: int) -> Policy:
    """A policy by its number. Raises FileNotFoundError where there never was one."""
    return read((POLICIES / f"{number:03}.toml").read_text())
