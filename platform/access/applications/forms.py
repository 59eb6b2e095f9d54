from django import forms

from access.applications import rules
from access.applications.rules import Answers
from access.models import Application


class Prose(forms.CharField):
    """Text of several lines. Browsers send each line's end as two characters and count it as one; so do we."""

    widget = forms.Textarea

    def to_python(self, value: object) -> str:
        return str(super().to_python(str(value or "").replace("\r\n", "\n")))


class Links(Prose):
    """Web addresses, one a line; cleaned to a list."""

    def clean(self, value: object) -> list[str]:
        try:
            return rules.links_in(super().clean(value))
        except ValueError as wrong:
            raise forms.ValidationError(str(wrong)) from None


class AnswersForm(forms.Form):
    """What an applicant tells. Unfinished, everything may be empty; what is there must fit all the same."""

    name = forms.CharField(label="Your name", max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    kind = forms.ChoiceField(label="You are", choices=Application.Kind.choices, widget=forms.RadioSelect)
    studio_name = forms.CharField(
        label="The studio's name",
        max_length=120,
        required=False,
        help_text="For a studio. On your own, leave it empty.",
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
    )
    links = Links(
        label="Links to your work",
        required=False,
        max_length=rules.LINKS * (rules.LINK_LENGTH + 20),
        help_text=f"Up to {rules.LINKS}, one on a line. They show more than words.",
        widget=forms.Textarea(attrs={"rows": 4, "autocomplete": "off", "spellcheck": "false"}),
    )
    would_make = Prose(
        label="What would you make?",
        max_length=rules.WOULD_MAKE_LENGTH,
        help_text="A film, a title sequence, a study: what it is, for whom, and why with a model.",
        widget=forms.Textarea(attrs={"rows": 7}),
    )
    worries = Prose(
        label="What worries you?",
        required=False,
        max_length=rules.WORRIES_LENGTH,
        help_text="About a model like this, or about working with us. It does not count against you.",
        widget=forms.Textarea(attrs={"rows": 5}),
    )

    def __init__(self, *args, unfinished: bool = False, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.unfinished = unfinished
        if unfinished:
            for field in ("name", "kind", "would_make"):
                self.fields[field].required = False

    def clean(self) -> None:
        told = self.cleaned_data
        nameless = told.get("kind") == Application.Kind.STUDIO and not told.get("studio_name")
        if nameless and not self.unfinished and "studio_name" not in self.errors:
            self.add_error("studio_name", "Tell us your studio's name, or say that you are on your own.")

    def answers(self) -> Answers:
        told = {name: self.cleaned_data[name] for name in Answers.__dataclass_fields__}
        if told["kind"] == Application.Kind.ARTIST:
            told["studio_name"] = ""
        return Answers(**told)


class BeginForm(AnswersForm):
    email = forms.EmailField(
        label="Your e-mail",
        max_length=254,
        help_text="We write to it at once, with a link to your application.",
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    field_order = ["name", "email"]
