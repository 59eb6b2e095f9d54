"""Verbs on people, studios, seats and keys. Each is one transaction and tells accounts.signals what it did."""

import hashlib
import hmac
import itertools
import secrets
import string
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.text import slugify
from sesame.utils import get_query_string, get_user

from accounts import signals
from accounts.errors import AlreadySeated, InvalidKey, LastOwner
from accounts.models import ApiKey, Person, Seat, Studio

SCOPES: dict[str, str] = {
    "takes:read": "See projects and takes",
    "takes:write": "Create, cancel and remix takes",
    "credits:read": "See credits",
    "entitlements:read": "See what a seat may do, and why",
    "flags:read": "Ask who may use what",
}
KEY_LIFE_LIMIT = timedelta(days=366)
KEY_USE_RESOLUTION = timedelta(minutes=1)
_ALPHABET = string.ascii_lowercase + string.digits


# --- People and studios ----------------------------------------------------------------------------------------------


@transaction.atomic
def rename_person(*, person: Person, name: str) -> Person:
    """A person's own name for themselves; nobody else changes it."""
    person.name = name
    person.save(update_fields=["name"])
    signals.person_renamed.send(Person, person=person)
    return person


@transaction.atomic
def deactivate_person(*, person: Person, actor: object, **facts: object) -> Person:
    """Shut a person out of the whole house, undoably: no sign-in, no session, no key. Their seats stay theirs."""
    return _set_active(person, False, "person.deactivated", actor, facts)


@transaction.atomic
def activate_person(*, person: Person, actor: object, **facts: object) -> Person:
    """Undo a deactivation."""
    return _set_active(person, True, "person.activated", actor, facts)


def _set_active(person: Person, active: bool, action: str, actor: object, facts: dict[str, object]) -> Person:
    # Of two at once only one changes the row, and only that one tells of it.
    if Person.objects.filter(pk=person.pk, is_active=not active).update(is_active=active):
        signals.person_changed.send(Person, person=person, actor=actor, action=action, facts=facts)
    person.refresh_from_db()
    return person


@transaction.atomic
def open_studio(*, name: str, actor: object, is_solo: bool = False) -> Studio:
    """A studio with a slug of its own: the name's, numbered when another studio has it."""
    stem = slugify(name)[:48] or "studio"
    taken = set(Studio.objects.filter(slug__startswith=stem).values_list("slug", flat=True))
    for slug in (slug for slug in _numbered(stem) if slug not in taken):
        try:
            with transaction.atomic():
                studio = Studio.objects.create(name=name, slug=slug, is_solo=is_solo)
            break
        except IntegrityError:
            # Somebody founded a studio of the same name at this moment: theirs keeps the slug, ours takes the next.
            if not Studio.objects.filter(slug=slug).exists():
                raise
    signals.studio_opened.send(Studio, studio=studio, actor=actor)
    return studio


@transaction.atomic
def suspend_studio(*, studio: Studio, actor: object, **facts: object) -> Studio:
    """Shut every seat of the studio, undoably; their keys stop working with them. `facts` go into the record."""
    studio = _lock(studio)
    if studio.suspended_at is None:
        studio.suspended_at = timezone.now()
        studio.save(update_fields=["suspended_at"])
        signals.studio_changed.send(Studio, studio=studio, actor=actor, action="studio.suspended", facts=facts)
    return studio


@transaction.atomic
def restore_studio(*, studio: Studio, actor: object, **facts: object) -> Studio:
    """Undo a suspension. Seats that were suspended by themselves stay so."""
    studio = _lock(studio)
    if studio.suspended_at is not None:
        studio.suspended_at = None
        studio.save(update_fields=["suspended_at"])
        signals.studio_changed.send(Studio, studio=studio, actor=actor, action="studio.restored", facts=facts)
    return studio


def _numbered(stem: str) -> Iterator[str]:
    """ "lantern", "lantern-2", "lantern-3", … without end."""
    yield stem
    for number in itertools.count(2):
        yield f"{stem}-{number}"


def sign_in_link(person: Person) -> str:
    """A path that signs this person in once, within a day. Whoever holds it can be them: hand it over privately."""
    return reverse("door") + get_query_string(person)


def spend_sign_in_link(token: str) -> Person | None:
    """The person a link's token is for, and the token is spent; None when it is unknown, too old or spent already."""
    person = get_user(token, update_last_login=False)
    if person is None or not person.is_active:
        return None
    # The token is bound to last_login: of two who arrive at once, only one moves it on.
    unspent = Person.objects.filter(pk=person.pk, last_login=person.last_login)
    return person if unspent.update(last_login=timezone.now()) == 1 else None


# --- Seats -----------------------------------------------------------------------------------------------------------


@transaction.atomic
def add_seat(*, studio: Studio, person: Person, role: str, actor: object) -> Seat:
    _lock(studio)
    if Seat.objects.filter(studio=studio, person=person, ended_at=None).exists():
        raise AlreadySeated(person.name, studio.name)
    seat = Seat.objects.create(studio=studio, person=person, role=role)
    _tell(seat, "seat.added", actor, role=role)
    return seat


@transaction.atomic
def change_role(*, seat: Seat, role: str, actor: object) -> Seat:
    seat = _locked(seat)
    if seat.role == role:
        return seat
    if seat.role == Seat.Role.OWNER:
        _keep_an_owner(seat)
    before, seat.role = seat.role, role
    seat.save(update_fields=["role"])
    _tell(seat, "seat.role_changed", actor, before=before, after=role)
    return seat


@transaction.atomic
def suspend_seat(*, seat: Seat, actor: object, keep_an_owner: bool = True, **facts: object) -> Seat:
    """Shut the seat, undoably; its keys stop working with it. `facts` go into the record.

    A studio cannot shut its last owner's seat (LastOwner). Whoever acts for the lab can, with `keep_an_owner=False`.
    """
    seat = _locked(seat)
    if seat.suspended_at is None:
        if keep_an_owner:
            _keep_an_owner(seat)
        seat.suspended_at = timezone.now()
        seat.save(update_fields=["suspended_at"])
        _tell(seat, "seat.suspended", actor, **facts)
    return seat


@transaction.atomic
def restore_seat(*, seat: Seat, actor: object, **facts: object) -> Seat:
    seat = _locked(seat)
    if seat.suspended_at is not None:
        seat.suspended_at = None
        seat.save(update_fields=["suspended_at"])
        _tell(seat, "seat.restored", actor, **facts)
    return seat


@transaction.atomic
def end_seat(*, seat: Seat, actor: object) -> Seat:
    """End the membership. What was done from the seat stays, traceable to it."""
    seat = _locked(seat)
    if seat.ended_at is None:
        _keep_an_owner(seat)
        seat.ended_at = timezone.now()
        seat.save(update_fields=["ended_at"])
        _tell(seat, "seat.ended", actor)
    return seat


@transaction.atomic
def reopen_seat(*, seat: Seat, actor: object) -> Seat:
    """Undo an ending."""
    seat = _locked(seat)
    if seat.ended_at is not None:
        if Seat.objects.filter(studio=seat.studio, person=seat.person, ended_at=None).exists():
            raise AlreadySeated(seat.person.name, seat.studio.name)
        seat.ended_at = None
        seat.save(update_fields=["ended_at"])
        _tell(seat, "seat.reopened", actor)
    return seat


def _lock(studio: Studio) -> Studio:
    # Every change of a studio's seats passes through the studio's row, so that two owners cannot step down at once.
    return Studio.objects.select_for_update(no_key=True).get(pk=studio.pk)


def _locked(seat: Seat) -> Seat:
    _lock(seat.studio)
    return Seat.objects.select_related("studio", "person").get(pk=seat.pk)


def _keep_an_owner(seat: Seat) -> None:
    if seat.role != Seat.Role.OWNER:
        return
    others = Seat.objects.filter(studio=seat.studio, role=Seat.Role.OWNER, ended_at=None, suspended_at=None)
    if not others.exclude(pk=seat.pk).exists():
        raise LastOwner()


def _tell(seat: Seat, action: str, actor: object, **facts: object) -> None:
    signals.seat_changed.send(Seat, seat=seat, actor=actor, action=action, facts=facts)


# --- Keys ------------------------------------------------------------------------------------------------------------


@transaction.atomic
def create_key(
    *, seat: Seat, name: str, scopes: Iterable[str], expires_at: datetime | None, actor: object
) -> tuple[ApiKey, str]:
    """A key for a program, and its whole secret text ("sd_<prefix>_<secret>"), which is never to be had again."""
    chosen, now = sorted(set(scopes)), timezone.now()
    if not chosen:
        raise InvalidKey("Choose at least one thing the key may do.", "scopes")
    if unknown := [scope for scope in chosen if scope not in SCOPES]:
        raise InvalidKey(f"There is no scope {unknown[0]!r}. Choose from {', '.join(sorted(SCOPES))}.", "scopes")
    if expires_at is not None and not now < expires_at <= now + KEY_LIFE_LIMIT:
        raise InvalidKey("A key can end at any moment from now to a year from now.", "expires_at")
    prefix = "".join(secrets.choice(_ALPHABET) for _ in range(10))
    secret = secrets.token_urlsafe(32)
    key = ApiKey.objects.create(
        seat=seat,
        name=name,
        prefix=prefix,
        secret_hash=_hash(secret),
        scopes=chosen,
        created_at=now,
        expires_at=expires_at,
    )
    _tell_key(key, "key.created", actor, prefix=prefix, scopes=chosen)
    return key, f"sd_{prefix}_{secret}"


@transaction.atomic
def revoke_key(*, key: ApiKey, actor: object) -> ApiKey:
    key = ApiKey.objects.select_for_update(no_key=True).get(pk=key.pk)
    if key.revoked_at is None:
        key.revoked_at = timezone.now()
        key.save(update_fields=["revoked_at"])
        _tell_key(key, "key.revoked", actor, prefix=key.prefix)
    return key


def verify_key(text: str) -> ApiKey | None:
    """The live key this text is, with its seat, studio and person joined; None for anything else.

    An unknown prefix costs the same comparison as a wrong secret, so that answers do not tell which prefixes exist.
    """
    house, _, rest = text.partition("_")
    prefix, _, secret = rest.partition("_")
    key = (
        ApiKey.objects.select_related("seat__studio", "seat__person").filter(prefix=prefix).first()
        if house == "sd"
        else None
    )
    same = hmac.compare_digest(_hash(secret), key.secret_hash if key else "0" * 64)
    now = timezone.now()
    if key is None or not same or not key.opens:
        return None
    stale = Q(last_used_at=None) | Q(last_used_at__lt=now - KEY_USE_RESOLUTION)
    if key.last_used_at is None or key.last_used_at < now - KEY_USE_RESOLUTION:
        ApiKey.objects.filter(stale, pk=key.pk).update(last_used_at=now)
        key.last_used_at = now
    return key


def _hash(secret: str) -> str:
    # The secret has 256 bits of its own, so a fast hash is as safe as a slow one, and cheap on every request.
    return hashlib.sha256(secret.encode()).hexdigest()


def _tell_key(key: ApiKey, action: str, actor: object, **facts: object) -> None:
    signals.key_changed.send(ApiKey, key=key, actor=actor, action=action, facts=facts)
