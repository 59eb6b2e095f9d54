"""Parts of forms that several rooms of the lab share."""

from datetime import UTC, date, datetime, time

from django import forms

from access.models import Suspension
from access.reasons import LONGEST


def reason_field(help_text: str = "Kept with the record.", *, required: bool = True) -> forms.CharField:
    return forms.CharField(
        label="Why",
        max_length=LONGEST,
        required=required,
        help_text=help_text,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": "Say why. The reason stays with the record."},
    )


def end_of(day: date) -> datetime:
    """The last second of a day, UTC: an exception until the third holds on the third."""
    return datetime.combine(day, time(23, 59, 59), tzinfo=UTC)


class ReasonForm(forms.Form):
    reason = reason_field()


class RestoreForm(forms.Form):
    reason = reason_field(required=False)


class SuspendForm(forms.Form):
    reason = reason_field("Kept with the record. Nobody but the lab reads it.")
    running_work = forms.ChoiceField(
        label="What waits and renders now",
        choices=Suspension.RunningWork.choices,
        initial=Suspension.RunningWork.FINISH,
        widget=forms.RadioSelect,
        error_messages={"required": "Choose what becomes of the work under way."},
    )
