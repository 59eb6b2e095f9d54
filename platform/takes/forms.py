"""What the pages of takes accept. Forms turn text into values; whether a wish can be had is for the actions to say."""

import uuid
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from django import forms

from access.rules import Entitlements
from generation import catalogue
from generation.catalogue import CatalogueEntry
from takes.errors import Problem
from takes.models import Project, Reference
from takes.wishes import Wish

LONGEST = 20_000  # characters of a prompt that are read at all; each model says its own, smaller limit
RECENT_REFERENCES = 24


def new_key() -> str:
    """An idempotency key for a form: sending the same form twice is one request."""
    return uuid.uuid4().hex


@dataclass(frozen=True)
class Offer:
    """A model as the compose card offers it."""

    entry: CatalogueEntry

    @property
    def sizes(self) -> list[tuple[str, str]]:
        return [(f"{size.width}x{size.height}", size.label) for size in self.entry.sizes]

    @property
    def lengths(self) -> list[tuple[int, str]]:
        if self.entry.kind == "image":
            return [(frames, "One picture") for frames in self.entry.lengths]
        return [(frames, f"{_seconds(self.entry.seconds(frames))} · {frames} frames") for frames in self.entry.lengths]


def offers(rights: Entitlements) -> list[Offer]:
    """The models a seat may use."""
    return [Offer(entry) for entry in catalogue.entries().values() if rights.allows_model(entry.id)]


class CheckedForm(forms.Form):
    def checked(self) -> dict[str, Any]:
        """The form's values. Raises Problem for the first field that has none."""
        for problem in self.problems():
            raise problem
        return self.cleaned_data

    def problems(self) -> list[Problem]:
        """What is wrong with the form itself, field by field."""
        return [Problem(str(error), field=field) for field, errors in self.errors.items() for error in errors]


class ComposeForm(CheckedForm):
    """The compose card. A field left alone means what the model does by itself."""

    prompt = forms.CharField(required=False, strip=False, max_length=LONGEST)
    model = forms.CharField(required=False, max_length=100)
    size = forms.RegexField(
        r"^[1-9]\d{0,4}x[1-9]\d{0,4}$", required=False, error_messages={"invalid": "Choose a shape from the list."}
    )
    frames = forms.IntegerField(
        required=False, min_value=1, max_value=10**6, error_messages={"invalid": "Choose a length from the list."}
    )
    seed = forms.CharField(required=False, max_length=20)
    steps = forms.IntegerField(
        required=False, min_value=1, max_value=10**6, error_messages={"invalid": "Steps are a whole number."}
    )
    reference = forms.UUIDField(required=False, error_messages={"invalid": "Choose a reference image from the list."})
    file = forms.FileField(required=False, allow_empty_file=True)
    key = forms.CharField(required=False, max_length=200)

    def clean_seed(self) -> int | None:
        text = self.cleaned_data["seed"].strip().lower()
        if text in ("", "random"):
            return None
        if not (text.isascii() and text.isdigit()):
            raise forms.ValidationError("A seed is a whole number. Leave it empty for a random one.")
        return int(text)

    @property
    def words(self) -> str:
        """What was typed, whether or not the rest of the form is right."""
        return self["prompt"].value() or ""

    def wish(self) -> Wish:
        size = self.cleaned_data["size"]
        width, height = map(int, size.split("x")) if size else (None, None)
        return Wish(
            model=self.cleaned_data["model"] or None,
            width=width,
            height=height,
            frames=self.cleaned_data["frames"],
            seed=self.cleaned_data["seed"],
            steps=self.cleaned_data["steps"],
        )

    def chosen_reference(self, project: Project) -> Reference | None:
        """Raises Problem where the image is not one of the project's."""
        pk = self.cleaned_data["reference"]
        if pk is None:
            return None
        found = project.references.filter(pk=pk).first()
        if found is None:
            raise Problem("That reference image is not in this project. Choose another one.", field="reference")
        return found


class NameForm(CheckedForm):
    """A project's name; the action says whether it is a good one."""

    name = forms.CharField(required=False, strip=False, max_length=1000)
    key = forms.CharField(required=False, max_length=200)


class AgainForm(CheckedForm):
    """Words for a remix, or nothing but a key for a retry."""

    prompt = forms.CharField(required=False, strip=False, max_length=LONGEST)
    key = forms.CharField(required=False, max_length=200)


def compose(rights: Entitlements, initial: dict[str, Any] | None = None) -> ComposeForm:
    """An empty card, ready for the first model that the seat may use."""
    first = next(iter(offers(rights)), None)
    start = {"model": first.entry.id, "size": first.sizes[0][0], "frames": first.lengths[0][0]} if first else {}
    return ComposeForm(initial=start | (initial or {}))


def recent_references(project: Project) -> list[Reference]:
    return list(project.references.order_by("-created_at")[:RECENT_REFERENCES])


def _seconds(length: Fraction) -> str:
    return f"{float(length):.2f}".rstrip("0").rstrip(".") + " s"
