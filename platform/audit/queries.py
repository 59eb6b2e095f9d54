"""Reading the record, and checking that each leaf is still what was written."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC

from django.db import models
from django.db.models import Prefetch, QuerySet

from audit.actions import Target, name_of
from audit.leaves import canonical, commitment, leaf_hash
from audit.models import Disclosure, Record


@dataclass(frozen=True)
class Flaw:
    """Something about a record that cannot be so if nobody touched it."""

    record_id: int
    message: str


def records_for(target: Target) -> QuerySet[Record]:
    """What happened to one thing, oldest first."""
    target_type, target_id = name_of(target)
    return Record.objects.filter(target_type=target_type, target_id=target_id).order_by("id")


def records_for_studio(studio: models.Model | int, cursor: int | None = None, limit: int = 50) -> list[Record]:
    """What happened in a studio, newest first; `cursor` is the id of the last record already seen."""
    records = Record.objects.filter(studio_id=studio.pk if isinstance(studio, models.Model) else studio)
    if cursor is not None:
        records = records.filter(id__lt=cursor)
    return list(records.order_by("-id")[:limit])


def flaws(records: QuerySet[Record] | None = None) -> Iterator[Flaw]:
    """Recompute every leaf of `records` (all, if left out) and yield what does not agree."""
    everything = Record.objects.all() if records is None else records
    disclosed = everything.order_by("id").prefetch_related(Prefetch("disclosures", Disclosure.objects.order_by("id")))
    for record in disclosed.iterator(chunk_size=500):
        for message in _flaws_of(record):
            yield Flaw(record.pk, message)


def _flaws_of(record: Record) -> Iterator[str]:
    if leaf_hash(record.canonical) != record.leaf_hash:
        yield "its leaf hash is not that of its text"
    try:
        content = json.loads(record.canonical)
        if canonical(content) != record.canonical:
            yield "its text is not in canonical form"
        told = (
            content["uid"],
            content["at"],
            content["action"],
            content["actor"],
            content["target"],
            content["studio"],
        )
        commitments = dict(content["personal"])
    except (ValueError, KeyError, TypeError):
        yield "its text cannot be read"
        return
    columns = (
        str(record.uid),
        record.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        record.action,
        {"kind": record.actor_kind, "id": record.actor_id, "seat": record.seat_id},
        {"type": record.target_type, "id": record.target_id},
        record.studio_id,
    )
    if told != columns:
        yield "its columns say something else than its text"
    for disclosure in record.disclosures.all():
        if commitments.get(disclosure.field) != commitment(bytes(disclosure.salt), disclosure.value):
            yield f"the value kept for “{disclosure.field}” is not the one it committed to"
