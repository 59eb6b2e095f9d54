"""Writes into the record what `accounts` tells: it is the floor below and cannot call us."""

from django.dispatch import receiver

from accounts import signals
from accounts.models import ApiKey, Person, Seat, Studio
from audit.actions import record
from audit.actors import Actor


@receiver(signals.studio_opened)
def on_studio_opened(*, studio: Studio, actor: Actor, **_: object) -> None:
    record(actor=actor, action="studio.opened", target=studio, studio=studio, facts={"slug": studio.slug})


@receiver(signals.seat_changed)
def on_seat_changed(*, seat: Seat, actor: Actor, action: str, facts: dict[str, object], **_: object) -> None:
    record(actor=actor, action=action, target=seat, studio=seat.studio_id, facts=facts)


@receiver(signals.key_changed)
def on_key_changed(*, key: ApiKey, actor: Actor, action: str, facts: dict[str, object], **_: object) -> None:
    record(actor=actor, action=action, target=key, studio=key.seat.studio_id, facts=facts)


@receiver(signals.person_renamed)
def on_person_renamed(*, person: Person, **_: object) -> None:
    record(
        actor=Actor.of_person(person),
        action="person.renamed",
        target=person,
        personal={"name": person.name},
        subject=person,
    )
