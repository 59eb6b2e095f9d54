"""What the pages of rollouts accept. Forms turn text into values; whether a plan can be is for the actions to say."""

import re
from typing import Any

from django import forms

from access.guardrails import metrics
from access.models import Guardrail, Listing, Rollout, Stage, Tier
from access.rollouts import targets
from access.rollouts.plan import GuardrailPlan, StagePlan


class RolloutForm(forms.Form):
    name = forms.CharField(label="Name", max_length=80, help_text="As people read it: “Wan 2.2 preview”.")
    kind = forms.ChoiceField(label="It opens", choices=Rollout.Kind.choices, initial=Rollout.Kind.MODEL)
    target = forms.CharField(
        label="Which", max_length=80, help_text="The model's id in the catalogue, or a name for the feature."
    )
    slug = forms.CharField(
        label="Key", max_length=60, required=False, help_text="How programs ask for it. Left empty, made of the name."
    )
    subject = forms.ChoiceField(
        label="Percentages count", choices=Rollout.Subject.choices, initial=Rollout.Subject.STUDIO
    )
    running_work = forms.ChoiceField(
        label="When a stage is closed", choices=Rollout.RunningWork.choices, initial=Rollout.RunningWork.FINISH
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = list(targets.models())
        if known:
            self.fields["target"].help_text = f"A model's id ({', '.join(known)}), or a name for the feature."


class ChangeForm(forms.Form):
    name = forms.CharField(label="Name", max_length=80)
    running_work = forms.ChoiceField(label="When a stage is closed", choices=Rollout.RunningWork.choices)
    version = forms.IntegerField(widget=forms.HiddenInput)


class Percentages(forms.CharField):
    """ "20, 40, 60, 80, 100" as parts per million."""

    def clean(self, value: Any) -> tuple[int, ...]:
        words = [word for word in re.split(r"[\s,;%→]+", super().clean(value)) if word]
        try:
            return tuple(round(float(word) * 10_000) for word in words)
        except (ValueError, OverflowError):
            raise forms.ValidationError("Write percentages, rising: 20, 60, 100.") from None


class StageForm(forms.Form):
    name = forms.CharField(label="Name", max_length=60, help_text="“Red team”, “Trusted artists”, “Studios”.")
    tiers = forms.ModelMultipleChoiceField(
        label="Open to",
        queryset=Tier.objects.all(),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one tier."},
    )
    ramp = Percentages(label="Percentages", initial="100", help_text="Step by step, rising: 20, 60, 100.")
    ramp_wait_hours = forms.IntegerField(label="Hours between two steps", min_value=0, max_value=8760, initial=24)
    ramps_by_itself = forms.BooleanField(
        label="Takes its steps by itself while every guardrail holds", required=False, initial=False
    )
    wait_hours = forms.IntegerField(
        label="Hours to wait",
        min_value=0,
        max_value=8760,
        initial=0,
        help_text="Since the last step of the one before.",
    )
    hour_from = forms.IntegerField(label="From (hour, UTC)", min_value=0, max_value=23, initial=0)
    hour_until = forms.IntegerField(label="Until (hour, UTC)", min_value=1, max_value=24, initial=24)
    minimum_sample = forms.IntegerField(label="Takes in the stage before", min_value=0, max_value=10_000_000, initial=0)
    approvals_needed = forms.IntegerField(label="Sign-offs by different people", min_value=0, max_value=20, initial=0)
    max_pixels = forms.IntegerField(
        label="Pixels of a frame, at most", min_value=1, max_value=2_000_000_000, required=False
    )
    max_seconds = forms.IntegerField(label="Seconds of a clip, at most", min_value=1, max_value=100_000, required=False)
    daily_takes = forms.IntegerField(label="Takes a day, at most", min_value=1, max_value=2_000_000_000, required=False)
    concurrency = forms.IntegerField(label="Takes at once, at most", min_value=1, max_value=10_000, required=False)
    without_references = forms.BooleanField(label="Without reference images", required=False)
    version = forms.IntegerField(widget=forms.HiddenInput)

    @classmethod
    def of(cls, stage: Stage) -> "StageForm":
        initial = {
            name: getattr(stage, name) for name in StagePlan.__dataclass_fields__ if name not in ("ramp", "tiers")
        }
        limits = dict(stage.limits)
        initial |= {
            "tiers": [tier.pk for tier in stage.tiers.all()],
            "ramp": ", ".join(f"{ppm / 10_000:g}" for ppm in stage.ramp),
            "without_references": limits.pop("references", True) is False,
            "version": stage.rollout.version,
        }
        return cls(initial=initial | limits)

    def plan(self) -> StagePlan:
        sent = self.cleaned_data
        limits = {
            name: sent[name] for name in ("max_pixels", "max_seconds", "daily_takes", "concurrency") if sent[name]
        }
        if sent["without_references"]:
            limits["references"] = False
        plain = (
            "name",
            "ramp",
            "ramp_wait_hours",
            "ramps_by_itself",
            "wait_hours",
            "hour_from",
            "hour_until",
            "minimum_sample",
            "approvals_needed",
        )
        return StagePlan(tiers=tuple(sent["tiers"]), limits=limits, **{name: sent[name] for name in plain})


class GuardrailForm(forms.Form):
    metric = forms.ChoiceField(label="Watch")
    compares = forms.BooleanField(label="Compare with the stage before (sequential test)", required=False, initial=True)
    limit = forms.FloatField(
        label="Never above, in percent", required=False, min_value=0, max_value=99.9999, help_text="Empty: no limit."
    )
    window_minutes = forms.IntegerField(label="Over the last minutes", min_value=1, max_value=10_080, initial=60)
    minimum_sample = forms.IntegerField(label="Smallest sample", min_value=1, max_value=1_000_000, initial=50)
    failure_limit = forms.IntegerField(label="Looks in a row beyond it", min_value=1, max_value=100, initial=3)
    action = forms.ChoiceField(label="Then", choices=Guardrail.Action.choices, initial=Guardrail.Action.HALT)
    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["metric"].choices = metrics.choices()  # type: ignore[attr-defined]

    @classmethod
    def of(cls, guardrail: Guardrail) -> "GuardrailForm":
        names = [name for name in GuardrailPlan.__dataclass_fields__ if name != "limit_ppm"]
        limit = guardrail.limit_ppm
        initial = {name: getattr(guardrail, name) for name in names} | {"version": guardrail.rollout.version}
        return cls(initial=initial | {"limit": None if limit is None else limit / 10_000})

    def plan(self) -> GuardrailPlan:
        sent = dict(self.cleaned_data)
        del sent["version"]
        limit = sent.pop("limit")
        return GuardrailPlan(limit_ppm=None if limit is None else round(limit * 10_000), **sent)


class ListingForm(forms.Form):
    whom = forms.CharField(label="Studio or person", max_length=254, help_text="A studio's slug, or an e-mail address.")
    kind = forms.ChoiceField(label="Is", choices=Listing.Kind.choices, initial=Listing.Kind.ALLOW)
    reason = forms.CharField(label="Because", max_length=300, min_length=3)


class WhatIfForm(forms.Form):
    """A forecast with other numbers than those measured."""

    workers = forms.IntegerField(label="Workers", min_value=1, max_value=100_000, required=False)
    per_hour = forms.FloatField(label="Takes an hour of a studio", min_value=0, max_value=100_000, required=False)
    seconds = forms.FloatField(label="Seconds of a render", min_value=0, max_value=86_400, required=False)
