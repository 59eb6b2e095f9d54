"""Write terms, publish them, accept them. Each is one transaction and audited."""

import hashlib

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone

from access.errors import InvalidTerms, TermsNotAccepted
from access.models import TermsAcceptance, TermsVersion
from access.terms import queries
from accounts.models import Person, Seat
from audit.actions import Actor, record

LONGEST_TEXT, LONGEST_TITLE = 100_000, 120


@transaction.atomic
def write(*, title: str, text: str, summary: str = "", actor: Actor) -> TermsVersion:
    """The draft of the next version, as it reads now; there is one draft at a time. Raises InvalidTerms."""
    title, text, summary = " ".join(title.split()), text.strip(), summary.strip()
    if not title or len(title) > LONGEST_TITLE:
        raise InvalidTerms(f"Give the terms a title, of at most {LONGEST_TITLE} characters.")
    if len(text) > LONGEST_TEXT or len(summary) > LONGEST_TEXT:
        raise InvalidTerms(f"Terms have at most {LONGEST_TEXT:,} characters.")
    draft = _locked_draft()
    if (draft.title, draft.text, draft.summary) != (title, text, summary):
        draft.title, draft.text, draft.summary = title, text, summary
        draft.save()
        record(actor=actor, action="terms.written", target=draft, facts={"number": draft.number, "sha256": _hash(text)})
    return draft


def _locked_draft() -> TermsVersion:
    drafts = TermsVersion.objects.filter(published_at=None)
    if draft := drafts.select_for_update(no_key=True).first():
        return draft
    last = TermsVersion.objects.aggregate(last=Max("number"))["last"] or 0
    try:
        with transaction.atomic():
            return TermsVersion.objects.create(number=last + 1, title="Terms")
    except IntegrityError:  # somebody began the same draft at this moment
        return drafts.select_for_update(no_key=True).get(number=last + 1)


@transaction.atomic
def publish(*, version: TermsVersion, actor: Actor, sha256: str | None = None) -> TermsVersion:
    """Put a draft in force: from now on everybody is asked, and its text never changes. Published already: stays.

    `sha256` is that of the text that whoever publishes has read; another one raises InvalidTerms.
    """
    version = TermsVersion.objects.select_for_update(of=("self",), no_key=True).get(pk=version.pk)
    if version.published_at is not None:
        return version
    if not version.text:
        raise InvalidTerms("There is nothing to agree to yet. Write the text first.")
    if sha256 is not None and sha256 != _hash(version.text):
        raise InvalidTerms("Somebody changed the draft after you read it. Read it again before you publish it.")
    version.published_at, version.published_by_id = timezone.now(), actor.person_id
    version.save()
    facts = {"number": version.number, "sha256": _hash(version.text)}
    record(actor=actor, action="terms.published", target=version, facts=facts)
    queries.forget()
    transaction.on_commit(queries.forget)
    return version


def fingerprint(version: TermsVersion) -> str:
    """What `publish` takes as `sha256`."""
    return _hash(version.text)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@transaction.atomic
def accept(*, person: Person, number: int | None, how: str = "again", seat: Seat | None = None) -> None:
    """This person has read version `number`, and agrees. Where no terms are in force, or they accepted them before,
    nothing happens. Raises TermsNotAccepted for another version than the one in force."""
    asked = require(person=person, number=number)
    if asked is None:
        return
    version = TermsVersion.objects.get(number=asked)
    _, is_new = TermsAcceptance.objects.get_or_create(
        person=person, version=version, defaults={"how": TermsAcceptance.How(how), "seat": seat}
    )
    if is_new:
        record(
            actor=Actor.of_person(person),
            action="terms.accepted",
            target=version,
            studio=seat.studio_id if seat else None,
            facts={"number": version.number, "how": how, "seat": seat.pk if seat else None},
        )


def require(*, person: Person | None, number: int | None) -> int | None:
    """The number of the version that is owed; None where none is in force, or `person` accepted it. Raises
    TermsNotAccepted when `number`, the version somebody has read, is not that one."""
    asked = queries.newest(fresh=True)
    if asked is None:
        return None
    if person is not None and TermsAcceptance.objects.filter(person=person, version__number=asked.number).exists():
        return None
    if number is None:
        raise TermsNotAccepted(f"Please read the terms, version {asked.number}, and say that you accept them.")
    if number != asked.number:
        raise TermsNotAccepted(
            f"A newer version of the terms was published while you were reading: version {asked.number}. "
            "Please read that one."
        )
    return asked.number
