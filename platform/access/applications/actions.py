"""What an applicant does: begin, save, send, withdraw. And the house: forget. Each is one transaction and audited."""

import secrets
from dataclasses import asdict
from datetime import timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from access.applications import queries
from access.applications.queries import OPEN, answers_of
from access.applications.rules import Answers, missing
from access.errors import ApplicationRefused, ApplicationsClosed, IncompleteApplication
from access.letters.actions import write
from access.models import Application, ApplicationLink, Letter
from audit.actions import Actor, erase, record

CODE_BYTES = 24  # 192 random bits: nobody finds one by trying
LETTER_PAUSE = timedelta(minutes=10)  # between two letters with the link to one address
BATCH = 200
APPLICANT = Actor.house("applicant")  # somebody who holds the link; they are no person of the house yet
State = Application.State


@transaction.atomic
def begin(*, email: str, answers: Answers, actor: Actor = APPLICANT) -> Application:
    """A draft for this address, and a letter with the link to it.

    An address with an open application gets the link to that one instead, and these answers are not kept: whoever
    types an address has not shown yet that it is theirs. Tell whoever asks the same in both cases.
    """
    email = email.strip().lower()
    _check_open()
    application = queries.open_at(email)
    if application is None:
        try:
            with transaction.atomic():
                application = Application.objects.create(email=email, **asdict(answers))
        except IntegrityError:  # the same address began one at this moment
            application = queries.open_at(email)
            if application is None:
                raise
        else:
            record(
                actor=actor,
                action="application.begun",
                target=application,
                personal={"email": email, "name": answers.name},
                subject=application,
            )
    _write_link(application, actor)
    return application


def _check_open() -> None:
    if not settings.APPLICATIONS_OPEN:
        raise ApplicationsClosed("We take no applications at the moment. What you have saved is kept for now.")


def _write_link(application: Application, actor: Actor) -> None:
    """Mail the link, unless one was mailed a moment ago: nobody fills a stranger's mailbox from here."""
    lately = timezone.now() - LETTER_PAUSE
    if ApplicationLink.objects.filter(application=application, made_at__gt=lately).exists():
        return
    _letter(application, "link")
    record(actor=actor, action="application.link_sent", target=application)


def _letter(application: Application, news: str) -> None:
    code = secrets.token_urlsafe(CODE_BYTES)
    link = ApplicationLink.objects.create(application=application, code_hash=queries.hash_of(code))
    site = settings.SITE_URL.rstrip("/")
    write(
        key=f"application:{application.pk}:{news}:{link.pk}",
        to=application.email,
        template=f"access/letters/application_{news}.txt",
        words={
            "application": application,
            "is_whole": not missing(answers_of(application)),
            "days": settings.APPLICATION_DRAFT_DAYS,
            "link": site + reverse("application", args=[code]),
            "confirm": site + reverse("application_confirm", args=[code]),
        },
    )


@transaction.atomic
def save(*, application: Application, answers: Answers, actor: Actor = APPLICANT) -> Application:
    """Keep what was told so far. Raises ApplicationRefused once the application is no draft any more."""
    application = _locked(application)
    if application.state != State.DRAFT:
        raise ApplicationRefused("This application is no draft any more, so its answers stay as they are.")
    if answers == answers_of(application):
        return application
    for name, value in asdict(answers).items():
        setattr(application, name, value)
    application.saved_at = timezone.now()
    application.save()
    record(actor=actor, action="application.saved", target=application, facts={"whole": not missing(answers)})
    return application


@transaction.atomic
def confirm(*, application: Application, actor: Actor = APPLICANT) -> Application:
    """Send it to the leads. One that was sent before, or has ended, stays as it is.

    Raises IncompleteApplication, ApplicationsClosed.
    """
    application = _locked(application)
    if application.state != State.DRAFT:
        return application
    _check_open()
    if lacks := missing(answers_of(application)):
        raise IncompleteApplication(f"Before you send it, tell us {' and '.join(lacks)}.")
    application.state, application.confirmed_at = State.SENT, timezone.now()
    application.save(update_fields=["state", "confirmed_at"])
    told = asdict(answers_of(application)) | {"links": "\n".join(application.links)}
    record(
        actor=actor,
        action="application.sent",
        target=application,
        facts={"kind": told.pop("kind")},
        personal={"email": application.email} | told,
        subject=application,
    )
    _letter(application, "sent")
    return application


@transaction.atomic
def withdraw(*, application: Application, actor: Actor = APPLICANT) -> Application:
    """Take it back. One that has ended stays as it is."""
    application = _locked(application)
    if application.state in OPEN:
        was, application.state, application.ended_at = application.state, State.WITHDRAWN, timezone.now()
        application.save(update_fields=["state", "ended_at"])
        record(actor=actor, action="application.withdrawn", target=application, facts={"from": was})
    return application


def _locked(application: Application) -> Application:
    found = Application.objects.select_for_update(no_key=True).get(pk=application.pk)
    if found.erased_at is not None:
        raise ApplicationRefused("This application is no longer kept. You can ask for access again at any time.")
    return found


# --- Forgetting ------------------------------------------------------------------------------------------------------


def forget_old(*, actor: Actor) -> int:
    """Erase the answers of drafts never sent and of what was declined or withdrawn long ago; returns how many.

    Any number of clocks may do so at once. The row and its state stay, and so do its audit records without the words.
    """
    now = timezone.now()
    stale = Q(state=State.DRAFT, saved_at__lt=now - timedelta(days=settings.APPLICATION_DRAFT_DAYS))
    over = Q(
        state__in=[State.DECLINED, State.WITHDRAWN],
        ended_at__lt=now - timedelta(days=settings.APPLICATION_KEEP_DAYS),
    )
    old = Application.objects.filter(stale | over, erased_at=None)
    return sum(_forget(pk, old, actor) for pk in list(old.order_by("pk").values_list("pk", flat=True)[:BATCH]))


@transaction.atomic
def _forget(pk: int, old: QuerySet[Application], actor: Actor) -> bool:
    application = old.select_for_update(no_key=True).filter(pk=pk).first()
    if application is None:
        return False  # another clock was here, or its applicant was
    told = asdict(Answers()) | {"kind": application.kind}
    for name, value in told.items():
        setattr(application, name, value)
    application.email, application.erased_at = "", timezone.now()
    application.save()
    application.tags.all().delete()
    application.notes.update(words="")
    application.readings.update(words="")
    Letter.objects.filter(key__startswith=f"application:{pk}:", next_try_at=None).update(to="")
    record(actor=actor, action="application.erased", target=application, facts={"state": application.state})
    erase(actor=actor, reason="kept no longer than needed", subject=application)
    return True
