"""The form of a tier, made from limits.LIMITS: the verb and the page know the same fields and say the same words."""

from collections.abc import Mapping
from typing import Any

from django import forms

from access.errors import AccessProblem, InvalidTier, ReasonNeeded
from access.forms import reason_field
from access.models import Tier
from access.tiers.limits import LIMITS, Limit, read


def _tiers() -> list[tuple[str, str]]:
    return [("", "The lowest tier"), *Tier.objects.filter(retired_at=None).values_list("slug", "name")]


def _field(name: str, limit: Limit) -> forms.Field:
    common: dict[str, Any] = {"label": limit.label, "help_text": limit.help}
    if limit.kind == "yes":
        return forms.BooleanField(required=False, **common)
    if limit.kind == "tier":
        return forms.ChoiceField(required=False, choices=_tiers, **common)
    attributes = {"autocomplete": "off"} | ({"inputmode": "numeric"} if limit.kind == "number" else {})
    return forms.CharField(
        max_length=2000,
        required=not limit.fits(read(name, "")),
        widget=forms.TextInput(attrs=attributes),
        error_messages={"required": f"{limit.label} takes {limit.wanted}."},
        **common,
    )


class TierForm(forms.Form):
    """`seen` is the number of the version that the form was filled from."""

    seen = forms.IntegerField(required=False, min_value=1, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, limit in LIMITS.items():
            self.fields[name] = _field(name, limit)
        self.fields["reason"] = reason_field()

    @classmethod
    def of(cls, limits: Mapping[str, Any], seen: int) -> "TierForm":
        return cls(initial={name: _typed(name, value) for name, value in limits.items()} | {"seen": seen})

    def values(self) -> dict[str, Any]:
        """What was typed, as values of a tier; what cannot be read is the verb's to refuse."""
        given = self.cleaned_data
        return {
            name: given[name] if limit.kind == "yes" else read(name, given[name])
            for name, limit in LIMITS.items()
            if name in given
        }

    def refuse(self, problem: AccessProblem) -> None:
        """Say the problem beside the fields it is about."""
        if isinstance(problem, InvalidTier):
            for name, words in problem.problems.items():
                self.add_error(name if name in self.fields else None, words)
        else:
            self.add_error("reason" if isinstance(problem, ReasonNeeded) else None, problem.message)

    def groups(self) -> list[forms.BoundField]:
        """The fields of a tier, in their order."""
        return [self[name] for name in LIMITS]


def _typed(name: str, value: Any) -> Any:
    """A value as its field shows it."""
    return " ".join(value) if isinstance(value, list) else "" if value is None else value


class DayForm(forms.Form):
    on = forms.DateField(
        label="What it said on", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), required=False
    )
