from typing import Any

from django import forms

from access.forms import reason_field
from accounts.models import Duty


class FilterForm(forms.Form):
    """What the list of people is narrowed by; whatever cannot be read narrows nothing."""

    q = forms.CharField(
        label="Name or e-mail", required=False, max_length=120, widget=forms.TextInput(attrs={"type": "search"})
    )
    duty = forms.ChoiceField(label="Duty", required=False, choices=[("", "Anybody"), *Duty.Kind.choices])
    shut = forms.BooleanField(label="Shut out only", required=False)

    def chosen(self) -> dict[str, Any]:
        self.is_valid()
        given = self.cleaned_data
        return {
            "search": given.get("q", "").strip(),
            "duty": given.get("duty", ""),
            "shut": given.get("shut", False),
        }


class DutyForm(forms.Form):
    duty = forms.ChoiceField(label="Duty", choices=Duty.Kind.choices)
    reason = reason_field()
