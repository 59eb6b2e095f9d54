"""How things look from outside, and what may be sent. Input shapes check form alone; rules live in the actions."""

from decimal import Decimal
from typing import Any

from rest_framework import serializers

from generation.catalogue import CatalogueEntry, available
from takes.actions import Preflight
from takes.queries import Card


class WishIn(serializers.Serializer):
    """What is wished for. Whatever is left out is the model's default."""

    prompt = serializers.CharField(max_length=20_000, help_text="What is to be seen.")
    model = serializers.CharField(required=False, max_length=100)
    size = serializers.RegexField(r"^\d{1,5}x\d{1,5}$", required=False, help_text="Width x height in pixels: 832x480.")
    frames = serializers.IntegerField(required=False, min_value=1, max_value=100_000)
    seed = serializers.IntegerField(required=False, min_value=0)
    steps = serializers.IntegerField(required=False, min_value=1, max_value=1000)
    reference = serializers.UUIDField(required=False, allow_null=True, help_text="Id of a reference of this project.")


class RemixIn(serializers.Serializer):
    prompt = serializers.CharField(max_length=20_000)


class ProjectIn(serializers.Serializer):
    name = serializers.CharField(max_length=120)


class ReferenceIn(serializers.Serializer):
    file = serializers.FileField(help_text="One still JPEG, PNG or WebP.")


class ProjectOut(serializers.Serializer):
    id = serializers.UUIDField()
    name = serializers.CharField()
    created_at = serializers.DateTimeField()
    archived_at = serializers.DateTimeField(allow_null=True)
    takes = serializers.IntegerField(source="last_number")


class ReferenceOut(serializers.Serializer):
    id = serializers.UUIDField()
    name = serializers.CharField()
    width = serializers.IntegerField()
    height = serializers.IntegerField()
    created_at = serializers.DateTimeField()


class FindingOut(serializers.Serializer):
    rule = serializers.CharField()
    title = serializers.CharField()
    verdict = serializers.ChoiceField(["review", "refuse"])
    message = serializers.CharField()
    start = serializers.IntegerField(help_text="Where in the prompt, in characters.")
    end = serializers.IntegerField()


class ErrorOut(serializers.Serializer):
    code = serializers.CharField()
    message = serializers.CharField()


class TakeOut(serializers.Serializer):
    id = serializers.UUIDField()
    project = serializers.UUIDField()
    number = serializers.IntegerField()
    state = serializers.CharField()
    progress = serializers.IntegerField(help_text="0 to 100.")
    jobs_ahead = serializers.IntegerField(allow_null=True)
    seconds_left = serializers.FloatField(allow_null=True)
    prompt = serializers.CharField()
    model = serializers.CharField()
    revision = serializers.CharField()
    size = serializers.CharField()
    frames = serializers.IntegerField()
    seconds = serializers.DecimalField(8, 3, help_text="Length of the clip.")
    seed = serializers.IntegerField()
    steps = serializers.IntegerField()
    price = serializers.IntegerField(help_text="Credits; charged only when the take is ready.")
    findings = FindingOut(many=True)
    error = ErrorOut(allow_null=True)
    remix_of = serializers.UUIDField(allow_null=True)
    retry_of = serializers.UUIDField(allow_null=True)
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)

    def to_representation(self, card: Card) -> dict[str, Any]:
        take, progress = card.take, card.progress
        spec = take.spec
        ready = take.state == take.State.READY
        return super().to_representation(
            {
                **{name: getattr(take, name) for name in ("id", "number", "state", "prompt", "seconds", "price")},
                **{name: getattr(take, name) for name in ("created_at", "started_at", "finished_at")},
                **{name: spec[name] for name in ("model", "revision", "frames", "seed", "steps")},
                "project": take.project_id,
                "progress": 100 if ready else progress.percent if progress else 0,
                "jobs_ahead": progress.ahead if progress else None,
                "seconds_left": progress.seconds_left if progress else None,
                "size": f"{spec['width']}x{spec['height']}",
                "findings": take.decision["findings"],
                "error": {"code": take.error_code, "message": take.error_message} if take.error_code else None,
                "remix_of": take.remix_of_id,
                "retry_of": take.retry_of_id,
            }
        )


class ProblemOut(serializers.Serializer):
    code = serializers.CharField()
    message = serializers.CharField()
    field = serializers.CharField(allow_null=True)


class PreflightOut(serializers.Serializer):
    runs = serializers.BooleanField()
    verdict = serializers.ChoiceField(["allow", "review", "refuse"])
    price = serializers.IntegerField(help_text="Credits.")
    available = serializers.IntegerField(help_text="Credits the studio has left.")
    jobs_ahead = serializers.IntegerField()
    wait_seconds = serializers.FloatField(allow_null=True)
    findings = FindingOut(many=True)
    problems = ProblemOut(many=True)
    unknown_words = serializers.ListField(child=serializers.CharField())

    def to_representation(self, told: Preflight) -> dict[str, Any]:
        return super().to_representation(
            {
                **{name: getattr(told, name) for name in ("runs", "price", "available", "jobs_ahead", "wait_seconds")},
                "verdict": told.decision.verdict,
                "findings": told.decision.findings,
                "problems": told.problems,
                "unknown_words": told.unknown_words,
            }
        )


class ModelOut(serializers.Serializer):
    id = serializers.CharField()
    title = serializers.CharField()
    revision = serializers.CharField()
    kind = serializers.ChoiceField(["video", "image"])
    available = serializers.BooleanField(help_text="Whether its files are where the catalogue says.")
    sizes = serializers.ListField(child=serializers.DictField())
    lengths = serializers.ListField(child=serializers.DictField())
    fps = serializers.DecimalField(8, 3)
    steps = serializers.IntegerField()
    prompt_limit = serializers.IntegerField(help_text="Characters.")
    accepts_reference = serializers.BooleanField()

    def to_representation(self, entry: CatalogueEntry) -> dict[str, Any]:
        same = ("id", "title", "revision", "kind", "steps", "prompt_limit", "accepts_reference")
        return super().to_representation(
            {
                **{name: getattr(entry, name) for name in same},
                "available": available(entry),
                "sizes": [{"size": f"{s.width}x{s.height}", "credits_per_second": s.rate} for s in entry.sizes],
                "lengths": [{"frames": n, "seconds": round(float(entry.seconds(n)), 3)} for n in entry.lengths],
                "fps": Decimal(round(float(entry.fps), 3)),
            }
        )


class LotOut(serializers.Serializer):
    source = serializers.CharField()
    amount = serializers.IntegerField()
    remaining = serializers.IntegerField()
    held = serializers.IntegerField()
    expires_at = serializers.DateTimeField(allow_null=True)


class CreditsOut(serializers.Serializer):
    """Of the lots in force. `lots` are in the order they will be spent."""

    granted = serializers.IntegerField()
    held = serializers.IntegerField()
    spent = serializers.IntegerField()
    available = serializers.IntegerField()
    renews_at = serializers.DateTimeField(allow_null=True)
    lots = LotOut(many=True)


class EntryOut(serializers.Serializer):
    id = serializers.IntegerField()
    at = serializers.DateTimeField()
    kind = serializers.ChoiceField(["grant", "hold", "settle", "release", "lapse"])
    amount = serializers.IntegerField()
    memo = serializers.CharField()
    reason = serializers.CharField()
