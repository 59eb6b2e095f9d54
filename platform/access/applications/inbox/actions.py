"""What leads do with an application: tag, note, read, decide. Each is one transaction and audited."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format

from access.applications import rules
from access.applications.inbox import letters
from access.applications.inbox.letters import Verdict
from access.applications.inbox.queries import TO_DECIDE
from access.errors import AlreadyDecided, InvalidDecision, NotReadEnough
from access.invitations.actions import invite
from access.invitations.letters import join_link
from access.models import Application, ApplicationNote, ApplicationReading, ApplicationTag, Tier
from accounts.models import Seat
from audit.actions import Actor, record

State = Application.State

# --- Reading ---------------------------------------------------------------------------------------------------------


@transaction.atomic
def tag(*, application: Application, words: Iterable[str], actor: Actor) -> list[str]:
    """Give it these tags in place of those it has. Raises InvalidDecision."""
    try:
        wanted = set(rules.tags_in(",".join(words)))
    except ValueError as wrong:
        raise InvalidDecision(str(wrong)) from None
    application = _locked(application)
    there = set(application.tags.values_list("word", flat=True))
    if wanted != there:
        application.tags.filter(word__in=there - wanted).delete()
        ApplicationTag.objects.bulk_create(
            ApplicationTag(application=application, word=word) for word in sorted(wanted - there)
        )
        _record(application, "tagged", actor, personal={"tags": ", ".join(sorted(wanted))})
    return sorted(wanted)


@transaction.atomic
def note(*, application: Application, words: str, key: str, actor: Actor) -> ApplicationNote:
    """Add a note for the other leads; the same key again adds none. Raises InvalidDecision."""
    words = words.strip()
    if not words or len(words) > rules.NOTE_LENGTH:
        raise InvalidDecision(f"A note has between one and {rules.NOTE_LENGTH} characters.")
    application = _locked(application)
    added, is_new = ApplicationNote.objects.get_or_create(
        application=application, key=key[:64], defaults={"words": words, "by_id": _person(actor)}
    )
    if is_new:
        _record(application, "noted", actor, facts={"note": added.pk}, personal={"words": words})
    return added


@transaction.atomic
def read(*, application: Application, verdict: str, words: str, actor: Actor) -> ApplicationReading:
    """Write down what this lead makes of it. Once: what they wrote before others' readings were shown to them stays.

    Raises InvalidDecision, and AlreadyDecided when it is too late.
    """
    if verdict not in ApplicationReading.Verdict.values:
        raise InvalidDecision("Say yes, no or unsure.")
    words = words.strip()
    if len(words) > rules.READING_LENGTH:
        raise InvalidDecision(f"A reading has at most {rules.READING_LENGTH} characters.")
    application = _locked(application)
    if application.state not in TO_DECIDE:
        raise AlreadyDecided(_what_happened(application))
    written, is_new = ApplicationReading.objects.get_or_create(
        application=application, reader_id=_person(actor), defaults={"verdict": verdict, "words": words}
    )
    if is_new:
        _record(application, "read", actor, facts={"verdict": verdict}, personal={"words": words})
    elif (written.verdict, written.words) != (verdict, words):
        raise InvalidDecision("You have read this application already, and your reading stays. Add a note instead.")
    return written


@transaction.atomic
def ask_second(*, application: Application, actor: Actor) -> Application:
    """Two different leads must read it before it is accepted or declined. Raises AlreadyDecided."""
    application = _locked(application)
    if application.state not in TO_DECIDE:
        raise AlreadyDecided(_what_happened(application))
    if application.readings_needed == 1:
        application.readings_needed, application.second_asked_by_id = 2, actor.person_id
        application.save(update_fields=["readings_needed", "second_asked_by"])
        _record(application, "second_reading_asked", actor)
    return application


@transaction.atomic
def drop_second(*, application: Application, actor: Actor) -> Application:
    """One reading is enough after all. Only whoever asked for the second may say so. Raises InvalidDecision."""
    application = _locked(application)
    if application.readings_needed == 2 and application.state in TO_DECIDE:
        if application.second_asked_by_id != actor.person_id:
            raise InvalidDecision("Only whoever asked for a second reading can say that it is not needed.")
        application.readings_needed, application.second_asked_by = 1, None
        application.save(update_fields=["readings_needed", "second_asked_by"])
        _record(application, "second_reading_dropped", actor)
    return application


# --- Deciding --------------------------------------------------------------------------------------------------------


@transaction.atomic
def accept(
    *, application: Application, seen: str, tier: Tier, letter: str, actor: Actor, studio_name: str = ""
) -> Application:
    """Invite its applicant to found their studio, standing in `tier`, with a letter that has the link in it.

    `seen` is the state in which the lead saw it: if it is in another one now, somebody was first. `letter` holds
    {link}. Without `studio_name` the studio gets the name applied with; a studio of one, its artist's.
    Raises AlreadyDecided, NotReadEnough, InvalidDecision, InvalidInvitation.
    """
    _check_letter(letter, accepts=True)
    application = _as_seen(application, seen)
    _check_readings(application)
    studio = studio_name.strip() or application.studio_name or application.name
    invitation, code = invite(
        email=application.email,
        tier=tier,
        role=Seat.Role.OWNER,
        actor=actor,
        studio_name=studio,
        name=application.name,
    )
    now = timezone.now()
    _move(application, seen, actor, state=State.ACCEPTED, ended_at=now, invitation=invitation)
    letters.send(
        application=application,
        verdict=Verdict.ACCEPT,
        text=letter,
        studio=studio,
        link=join_link(code),
        until=date_format(invitation.expires_at, "j F Y"),
    )
    facts = {"from": seen, "tier": tier.slug, "invitation": invitation.pk}
    _record(application, "accepted", actor, facts=facts, personal={"letter": letter, "studio": studio})
    return application


@transaction.atomic
def decline(*, application: Application, seen: str, letter: str, actor: Actor) -> Application:
    """Raises AlreadyDecided, NotReadEnough, InvalidDecision."""
    _check_letter(letter, accepts=False)
    application = _as_seen(application, seen)
    _check_readings(application)
    _move(application, seen, actor, state=State.DECLINED, ended_at=timezone.now())
    _tell(application, Verdict.DECLINE, letter)
    _record(application, "declined", actor, facts={"from": seen}, personal={"letter": letter})
    return application


@transaction.atomic
def wait(*, application: Application, seen: str, letter: str, actor: Actor) -> Application:
    """Put it on the waiting list, which needs no reading. Raises AlreadyDecided, InvalidDecision."""
    _check_letter(letter, accepts=False)
    application = _as_seen(application, seen)
    if application.state == State.WAITING:
        raise AlreadyDecided(_what_happened(application))
    _move(application, seen, actor, state=State.WAITING, waiting_at=timezone.now())
    _tell(application, Verdict.WAIT, letter)
    _record(application, "waiting", actor, facts={"from": seen}, personal={"letter": letter})
    return application


def _check_letter(letter: str, *, accepts: bool) -> None:
    if problem := rules.letter_problem(letter, accepts=accepts):
        raise InvalidDecision(problem)


def _person(actor: Actor) -> int:
    if actor.person_id is None:
        raise TypeError("Notes and readings are written by people.")
    return actor.person_id


def _locked(application: Application) -> Application:
    found = Application.objects.select_for_update(no_key=True).get(pk=application.pk)
    if found.erased_at is not None:
        raise InvalidDecision("What was told here is erased, so there is nothing left to do with it.")
    return found


def _as_seen(application: Application, seen: str) -> Application:
    application = _locked(application)
    if application.state != seen or seen not in TO_DECIDE:
        raise AlreadyDecided(_what_happened(application))
    return application


def _check_readings(application: Application) -> None:
    lacks = application.readings_needed - application.readings.count()  # each of another lead: a constraint sees to it
    if lacks > 0:
        raise NotReadEnough(f"It needs {'one more reading' if lacks == 1 else 'two readings'} before it is decided.")


def _move(application: Application, seen: str, actor: Actor, **to: Any) -> None:
    """Compare and set: of two who decide at once, the second changes nothing and is told."""
    still = Application.objects.filter(pk=application.pk, state=seen)
    if not still.update(decided_by_id=actor.person_id, **to):
        raise AlreadyDecided(_what_happened(application))
    application.refresh_from_db()


def _tell(application: Application, verdict: Verdict, letter: str) -> None:
    studio = application.studio_name or application.name
    letters.send(application=application, verdict=verdict, text=letter, studio=studio)


def _what_happened(application: Application) -> str:
    """What somebody did before, as a sentence."""
    if application.state == State.WITHDRAWN:
        return f"Its applicant took it back{_on(application.ended_at)}."
    who = application.decided_by.name if application.decided_by else "The house"
    at = application.waiting_at if application.state == State.WAITING else application.ended_at
    done = {
        State.ACCEPTED: "accepted it",
        State.DECLINED: "declined it",
        State.WAITING: "put it on the waiting list",
    }.get(State(application.state))
    return f"{who} {done}{_on(at)}." if done else "It changed since you looked at it. Look again."


def _on(at: datetime | None) -> str:
    return f" on {date_format(at, 'j F, H:i')}" if at else ""


def _record(application: Application, what: str, actor: Actor, **more: Any) -> None:
    record(actor=actor, action=f"application.{what}", target=application, subject=application, **more)
