"""What the lab's pages for invitations accept."""

import uuid
from typing import Any

from django import forms

from access.invitations import reading
from access.invitations.reading import Line
from access.models import Tier
from access.models.invitations import MOST_USES
from accounts.models import Duty, Seat

ADDRESS, DOMAIN, ANYBODY = "address", "domain", "anybody"


def new_key() -> str:
    """Makes sending one form twice one request."""
    return uuid.uuid4().hex


class KeyedForm(forms.Form):
    key = forms.CharField(max_length=64, widget=forms.HiddenInput, initial=new_key)


class MakeForm(KeyedForm):
    """One invitation. What fits together is for the action to say; this turns text into values."""

    binding = forms.ChoiceField(
        label="For",
        choices=[
            (ADDRESS, "One address: we write to it"),
            (DOMAIN, "Everybody at one domain: you get a link"),
            (ANYBODY, "Whoever has the link"),
        ],
        initial=ADDRESS,
        widget=forms.RadioSelect,
    )
    email = forms.EmailField(
        label="E-mail", required=False, widget=forms.EmailInput(attrs={"autocomplete": "off"}), help_text="One address."
    )
    domain = forms.CharField(
        label="Domain",
        required=False,
        max_length=254,
        widget=forms.TextInput(attrs={"autocomplete": "off", "placeholder": "@lantern.example"}),
        help_text="This very domain; none below it.",
    )
    uses_allowed = forms.IntegerField(
        label="How many may come by the link", min_value=1, max_value=MOST_USES, initial=1, required=False
    )
    studio = forms.CharField(
        label="Studio",
        required=False,
        max_length=120,
        help_text="The slug of one that is here, or the name of a new one. Left empty, whoever comes names their own.",
    )
    tier = forms.ModelChoiceField(label="Tier", queryset=Tier.objects.filter(retired_at=None), empty_label=None)
    role = forms.ChoiceField(label="As", choices=Seat.Role, initial=Seat.Role.OWNER)
    days = forms.IntegerField(label="Days it lasts", min_value=1, max_value=90, initial=14)
    name = forms.CharField(label="Their name", required=False, max_length=120)
    note = forms.CharField(
        label="A few words for the letter", required=False, max_length=1000, widget=forms.Textarea(attrs={"rows": 3})
    )
    duties = forms.MultipleChoiceField(
        label="Duties for the lab", choices=Duty.Kind, required=False, widget=forms.CheckboxSelectMultiple
    )

    def clean_uses_allowed(self) -> int:
        return self.cleaned_data["uses_allowed"] or 1

    def clean(self) -> dict[str, Any]:
        values = self.cleaned_data
        binding = values.get("binding")
        if binding == ADDRESS and not values.get("email") and "email" not in self.errors:
            self.add_error("email", "Whom do you invite?")
        if binding == DOMAIN and not values.get("domain"):
            self.add_error("domain", "Which domain?")
        return values

    def bound_to(self) -> dict[str, Any]:
        """The part of `actions.invite` that says whom it is for."""
        values = self.cleaned_data
        if values["binding"] == ADDRESS:
            return {"email": values["email"], "duties": values["duties"], "name": values["name"]}
        to = {"domain": values["domain"]} if values["binding"] == DOMAIN else {"anybody": True}
        return to | {"uses_allowed": values["uses_allowed"], "duties": values["duties"]}


class AgainForm(forms.Form):
    """`codes` is how many codes the invitation had on the page that asks."""

    codes = forms.IntegerField(min_value=1, max_value=32_000)


class ListForm(forms.Form):
    """A list of people, as a file or as text."""

    file = forms.FileField(
        label="A file",
        required=False,
        allow_empty_file=True,
        help_text="CSV in UTF-8, at most 1 MB and 2,000 rows.",
        widget=forms.FileInput(attrs={"accept": ".csv,.tsv,.txt,text/csv"}),
    )
    text = forms.CharField(
        label="Or the rows themselves",
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 8, "spellcheck": "false", "class": "mono"}),
        help_text="Cells copied from a spreadsheet will do.",
    )
    note = forms.CharField(
        label="A few words for the letters", required=False, max_length=1000, widget=forms.Textarea(attrs={"rows": 3})
    )

    def clean(self) -> dict[str, Any]:
        values = self.cleaned_data
        if values.get("file") and values.get("text", "").strip():
            raise forms.ValidationError("Choose a file or paste the rows; one of the two.")
        if not values.get("file") and not values.get("text", "").strip() and not self.errors:
            raise forms.ValidationError("Choose a file, or paste the rows.")
        return values

    def lines(self) -> list[Line]:
        """Raises Unreadable."""
        upload = self.cleaned_data["file"]
        if not upload:
            return reading.lines(self.cleaned_data["text"])
        if upload.size > reading.MOST_BYTES:
            raise reading.Unreadable("A list has at most 1 MB. Send it in parts.")
        return reading.lines(reading.decode(upload.read()))
