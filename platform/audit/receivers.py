"""Writes into the record what `accounts` and allauth tell: they are floors below and cannot call us."""

from allauth.account.signals import password_changed, password_reset, password_set
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_added, authenticator_removed, authenticator_reset
from django.db import transaction
from django.dispatch import receiver

from accounts import signals
from accounts.models import ApiKey, Person, Seat, Studio
from audit.actions import record
from audit.actors import Actor


@receiver(signals.studio_opened)
def on_studio_opened(*, studio: Studio, actor: Actor, **_: object) -> None:
    record(actor=actor, action="studio.opened", target=studio, studio=studio, facts={"slug": studio.slug})


@receiver(signals.studio_changed)
def on_studio_changed(*, studio: Studio, actor: Actor, action: str, facts: dict[str, object], **_: object) -> None:
    record(actor=actor, action=action, target=studio, studio=studio, facts=facts)


@receiver(signals.seat_changed)
def on_seat_changed(*, seat: Seat, actor: Actor, action: str, facts: dict[str, object], **_: object) -> None:
    record(actor=actor, action=action, target=seat, studio=seat.studio_id, facts=facts)


@receiver(signals.key_changed)
def on_key_changed(*, key: ApiKey, actor: Actor, action: str, facts: dict[str, object], **_: object) -> None:
    record(actor=actor, action=action, target=key, studio=key.seat.studio_id, facts=facts)


@receiver(signals.person_changed)
def on_person_changed(*, person: Person, actor: Actor, action: str, facts: dict[str, object], **_: object) -> None:
    record(actor=actor, action=action, target=person, facts=facts)


@receiver(signals.person_renamed)
def on_person_renamed(*, person: Person, **_: object) -> None:
    record(
        actor=Actor.of_person(person),
        action="person.renamed",
        target=person,
        personal={"name": person.name},
        subject=person,
    )


# allauth keeps no transaction open around what it tells, so these open their own.


@receiver([password_changed, password_set, password_reset])
@transaction.atomic
def on_password(*, user: Person, **_: object) -> None:
    record(actor=Actor.of_person(user), action="person.password_changed", target=user)


@receiver([authenticator_added, authenticator_reset])
@transaction.atomic
def on_authenticator_added(*, user: Person, authenticator: Authenticator, **_: object) -> None:
    facts = {"kind": str(authenticator.type)}
    record(actor=Actor.of_person(user), action="person.authenticator_added", target=user, facts=facts)


@receiver(authenticator_removed)
@transaction.atomic
def on_authenticator_removed(*, user: Person, authenticator: Authenticator, **_: object) -> None:
    facts = {"kind": str(authenticator.type)}
    record(actor=Actor.of_person(user), action="person.authenticator_removed", target=user, facts=facts)
