from django import forms

from access.allowance.actions import LONGEST_NOTE, problem_with_note
from access.invitations.forms import KeyedForm


class BringInForm(KeyedForm):
    """Somebody from outside, who will found a studio of their own."""

    email = forms.EmailField(label="E-mail", widget=forms.EmailInput(attrs={"autocomplete": "off"}))
    name = forms.CharField(label="Their name", max_length=120, required=False)
    note = forms.CharField(
        label="A few words for the letter",
        required=False,
        max_length=LONGEST_NOTE,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Say who you are, and why them. No links.",
    )

    def clean_note(self) -> str:
        note = self.cleaned_data["note"]
        if problem := problem_with_note(note):
            raise forms.ValidationError(problem)
        return note
