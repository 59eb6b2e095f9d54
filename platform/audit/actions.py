"""Writing the record, and erasing what a person may have erased."""

import uuid
from collections.abc import Mapping
from datetime import UTC
from typing import Any

from django.db import models, transaction
from django.utils import timezone

from audit.actors import Actor
from audit.leaves import FORM, canonical, commitment, leaf_hash, new_salt
from audit.models import Disclosure, Record

__all__ = ["Actor", "NotInTransaction", "erase", "name_of", "record"]

Target = models.Model | tuple[str, object]


class NotInTransaction(RuntimeError):
    """A record was written outside the transaction of the change it tells of."""


def name_of(target: Target) -> tuple[str, str]:
    """("takes.take", "the id as text") for a model instance; a pair is taken as it is."""
    if isinstance(target, models.Model):
        return target._meta.label_lower, str(target.pk)
    kind, identity = target
    return kind, str(identity)


def record(
    *,
    actor: Actor,
    action: str,
    target: Target,
    studio: models.Model | int | None = None,
    facts: Mapping[str, Any] | None = None,
    personal: Mapping[str, str] | None = None,
    subject: Target | None = None,
) -> Record:
    """Write down that `actor` did `action` to `target`. Call it inside the transaction that makes the change.

    `facts` is JSON without personal data: it can never be erased. `personal` holds text values by field name; the
    record keeps a salted commitment to each, and the values stay erasable. `subject` says whose they are (a Person, or
    anything else that can be erased); left out, they are the acting person's.
    Raises NotInTransaction, and leaves.NotCanonical for facts that JSON cannot carry exactly.
    """
    if not transaction.get_connection().in_atomic_block:
        raise NotInTransaction(
            f"“{action}” must be recorded in the transaction of the change itself: wrap both in transaction.atomic()."
        )
    uid, at = uuid.uuid4(), timezone.now().astimezone(UTC)
    target_type, target_id = name_of(target)
    studio_id = studio.pk if isinstance(studio, models.Model) else studio
    salts = {field: new_salt() for field in personal or {}}
    text = canonical(
        {
            "form": FORM,
            "uid": str(uid),
            "at": at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "action": action,
            "actor": {"kind": actor.kind, "id": actor.id, "seat": actor.seat_id},
            "target": {"type": target_type, "id": target_id},
            "studio": studio_id,
            "facts": dict(facts or {}),
            "personal": {field: commitment(salt, (personal or {})[field]) for field, salt in salts.items()},
        }
    )
    written = Record.objects.create(
        uid=uid,
        at=at,
        action=action,
        actor_kind=actor.kind,
        actor_id=actor.id,
        seat_id=actor.seat_id,
        studio_id=studio_id,
        target_type=target_type,
        target_id=target_id,
        canonical=text,
        leaf_hash=leaf_hash(text),
    )
    if personal:
        whose = _subject(subject, actor)
        Disclosure.objects.bulk_create(
            Disclosure(record=written, field=field, salt=salts[field], value=value, subject=whose)
            for field, value in personal.items()
        )
    return written


@transaction.atomic
def erase(*, actor: Actor, reason: str, record: Record | None = None, subject: Target | None = None) -> int:
    """Erase the personal values of one record, or all of one subject's; returns how many. The leaves stay."""
    if (record is None) == (subject is None):
        raise TypeError("erase() takes a record or a subject, and one of them.")
    if record is not None:
        target: Target = record
        doomed = Disclosure.objects.filter(record=record)
    else:
        assert subject is not None
        target = subject
        doomed = Disclosure.objects.filter(subject=":".join(name_of(subject)))
    count, _ = doomed.delete()
    _record_erasure(actor, target, reason, count)
    return count


def _record_erasure(actor: Actor, target: Target, reason: str, count: int) -> None:
    record(actor=actor, action="audit.erased", target=target, facts={"values": count, "reason": reason})


def _subject(subject: Target | None, actor: Actor) -> str:
    if subject is not None:
        return ":".join(name_of(subject))
    return f"accounts.person:{actor.person_id}" if actor.person_id is not None else ""
