import uuid
from collections.abc import Iterable

from django import forms

from access.applications import rules
from access.applications.forms import Prose
from access.applications.inbox.letters import Verdict
from access.applications.inbox.queries import Chosen
from access.models import ApplicationReading, Tier


class FilterForm(forms.Form):
    state = forms.CharField(required=False, max_length=10, widget=forms.HiddenInput)
    tag = forms.CharField(required=False, max_length=rules.TAG_LENGTH)
    q = forms.CharField(
        label="Name, e-mail or studio",
        required=False,
        max_length=120,
        widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off"}),
    )


class TagsForm(forms.Form):
    tags = forms.CharField(
        label="Tags",
        required=False,
        max_length=rules.TAGS * (rules.TAG_LENGTH + 2),
        help_text=f"Parted by commas, at most {rules.TAGS}.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def clean_tags(self) -> list[str]:
        try:
            return rules.tags_in(self.cleaned_data["tags"])
        except ValueError as wrong:
            raise forms.ValidationError(str(wrong)) from None


def fresh_key() -> str:
    return str(uuid.uuid4())


class NoteForm(forms.Form):
    words = Prose(
        label="A note for the other leads",
        max_length=rules.NOTE_LENGTH,
        help_text="It stays as it is, with your name. Applicants do not see it.",
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    key = forms.CharField(max_length=64, initial=fresh_key, widget=forms.HiddenInput)


class ReadingForm(forms.Form):
    verdict = forms.ChoiceField(
        label="Would you let them in?", choices=ApplicationReading.Verdict.choices, widget=forms.RadioSelect
    )
    words = Prose(
        label="Why",
        required=False,
        max_length=rules.READING_LENGTH,
        help_text="It stays as it is. You see what others wrote once you have written yours.",
        widget=forms.Textarea(attrs={"rows": 4}),
    )


class DecideForm(forms.Form):
    """The letter, and when it accepts, the tier and each studio's name."""

    tier = forms.ModelChoiceField(
        Tier.objects.filter(retired_at=None),
        to_field_name="slug",
        empty_label=None,
        help_text="Their studio stands in it from the start.",
    )
    letter = Prose(label="The letter", max_length=rules.LETTER_LENGTH, widget=forms.Textarea(attrs={"rows": 16}))

    def __init__(self, *args, verdict: Verdict, chosen: Iterable[Chosen], **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.accepts = verdict == Verdict.ACCEPT
        if not self.accepts:
            del self.fields["tier"]
        for one in chosen if self.accepts else ():
            self.fields[studio_field(one)] = forms.CharField(
                label=f"Studio of {one.application.name}",
                max_length=120,
                initial=one.application.studio_name or one.application.name,
                widget=forms.TextInput(attrs={"autocomplete": "off"}),
            )

    def clean_letter(self) -> str:
        letter = self.cleaned_data["letter"]
        if problem := rules.letter_problem(letter, accepts=self.accepts):
            raise forms.ValidationError(problem)
        return letter

    @property
    def studios(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name.startswith("studio_")]


def studio_field(one: Chosen) -> str:
    return f"studio_{one.application.pk}"
