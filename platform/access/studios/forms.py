from typing import Any

from django import forms
from django.utils import timezone

from access.forms import end_of, reason_field
from access.models import Tier
from access.rules import OVERRIDABLE
from access.studios.queries import NOWHERE
from access.tiers.limits import LIMITS, problem_with, read
from access.tiers.queries import open_tiers


def _tiers() -> list[tuple[str, str]]:
    return [("", "Every tier"), *Tier.objects.values_list("slug", "name"), (NOWHERE, "In no tier")]


class FilterForm(forms.Form):
    """What the list of studios is narrowed by; whatever cannot be read narrows nothing."""

    q = forms.CharField(label="Name", required=False, max_length=120, widget=forms.TextInput(attrs={"type": "search"}))
    tier = forms.ChoiceField(label="Tier", required=False, choices=_tiers)
    suspended = forms.BooleanField(label="Suspended only", required=False)
    ending = forms.BooleanField(label="With an exception that ends this week", required=False)

    def chosen(self) -> dict[str, Any]:
        self.is_valid()
        given = self.cleaned_data
        return {
            "search": given.get("q", "").strip(),
            "tier": given.get("tier", ""),
            "suspended": given.get("suspended", False),
            "ending": given.get("ending", False),
        }


class MoveForm(forms.Form):
    tier = forms.ModelChoiceField(
        open_tiers(), label="To", to_field_name="slug", empty_label=None,
        error_messages={"invalid_choice": "Choose a tier that is open."},
    )  # fmt: skip
    reason = reason_field()
    stop_work = forms.BooleanField(
        label="Stop what waits and runs",
        required=False,
        help_text="Credits come back. Left empty, what was accepted keeps its price and finishes.",
    )


class OverrideForm(forms.Form):
    field = forms.ChoiceField(label="Limit", choices=[(name, LIMITS[name].label) for name in OVERRIDABLE])
    value = forms.CharField(
        label="Instead",
        max_length=400,
        help_text="A number; yes or no; ids of models, or *; none for no limit of takes a day.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    ends_on = forms.DateField(
        label="Until",
        help_text="It holds on this day too (UTC).",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    reason = reason_field()

    def clean(self) -> None:
        given = self.cleaned_data
        if "field" in given and "value" in given:
            given["read"] = read(given["field"], given["value"])
            if problem := problem_with(given["field"], given["read"]):
                self.add_error("value", problem)
        if (day := given.get("ends_on")) and end_of(day) <= timezone.now():
            self.add_error("ends_on", "An exception needs an end that is still to come.")

    def asked(self) -> dict[str, Any]:
        """The arguments of tiers.actions.override."""
        given = self.cleaned_data
        return {
            "field": given["field"],
            "value": given["read"],
            "ends_at": end_of(given["ends_on"]),
            "reason": given["reason"],
        }
