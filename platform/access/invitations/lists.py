"""Inviting by list: read it and say what is wrong, line by line; then send what was shown, once.

Reading writes no invitation. Sending is asked for once and done in pieces: what the page does not get done, the clock
does, and each row has a key of its own, so that nobody is invited twice whatever is killed in between.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import timedelta

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone

from access.errors import InvalidInvitation
from access.invitations.actions import LONGEST_NAME, invite_by_letter
from access.invitations.queries import is_open
from access.invitations.reading import Line
from access.models import ImportBatch, ImportRow, Invitation
from access.tiers.queries import open_tiers
from accounts.models import Person, Seat, Studio
from audit.actions import Actor, record

AT_ONCE = 50
FORGET_UNSENT, FORGET_SENT = timedelta(days=1), timedelta(days=30)
SHORTEST, LONGEST, USUAL = 1, 90, 14  # days


@transaction.atomic
def read(*, lines: list[Line], by: Person, note: str = "") -> ImportBatch:
    """Keep a list with what is wrong in it. Nobody is invited yet. What is here already is asked in five queries,
    however long the list is."""
    batch = ImportBatch.objects.create(made_by=by, note=note.strip())
    house = _House(lines)
    rows = [house.row(batch, line) for line in lines]
    ImportRow.objects.bulk_create(rows, batch_size=500)
    return batch


class _House:
    """What there is here already, as far as a list speaks of it."""

    def __init__(self, lines: list[Line]) -> None:
        self.tiers = {word: tier for tier in open_tiers() for word in (tier.name.lower(), tier.slug)}
        self.lowest = min(self.tiers.values(), key=lambda tier: tier.rank, default=None)
        emails = [line.cells.get("email", "").lower() for line in lines]
        self.first_line: dict[str, int] = {}
        for line, email in zip(lines, emails, strict=True):
            self.first_line.setdefault(email, line.number)
        self.studios = _studios({line.cells.get("studio", "") for line in lines} - {""})
        self.founded_in: dict[str, int] = {}
        known = {studio.pk for found in self.studios.values() for studio in found}
        seats = Seat.objects.annotate(email=Lower("person__email")).filter(studio__in=known, ended_at=None)
        self.seated = set(seats.filter(email__in=emails).values_list("studio", "email"))
        waiting = Invitation.objects.filter(is_open(timezone.now()), email__in=emails)
        self.invited = set(waiting.values_list("studio", "email"))

    def row(self, batch: ImportBatch, line: Line) -> ImportRow:
        """The line as it was understood, with everything that is wrong with it."""
        cells = line.cells
        email, name, called = cells.get("email", "").lower(), cells.get("name", ""), cells.get("studio", "")
        problems = list(self._of_address(line, email))
        problems += [f"The {what} has more than {LONGEST_NAME} characters." for what in _too_long(name, called)]
        found = self.studios.get(called.lower(), [])
        if len(found) > 1:
            slugs = ", ".join(studio.slug for studio in found)
            problems.append(f"More than one studio is called “{called}”; name one by its slug: {slugs}.")
        studio = found[0] if len(found) == 1 else None
        role = cells.get("role", "").lower() or (Seat.Role.ARTIST if found else Seat.Role.OWNER)
        problems += self._of_studio(line, email, called, studio, bool(found), role)
        tier = self.tiers.get(cells["tier"].lower()) if cells.get("tier") else self.lowest
        if tier is None:
            slugs = ", ".join(sorted({one.slug for one in self.tiers.values()}))
            problems.append(f"There is no tier “{cells.get('tier', '')}”; use one of {slugs}.")
        days = _days(cells.get("days", ""))
        if days is None:
            problems.append(f"“{cells['days']}” is no number of days; use {SHORTEST} to {LONGEST}.")
        if line.beyond:
            problems.append("It has more cells than the first line has columns.")
        return ImportRow(
            batch=batch,
            line=line.number,
            email=email[:254],
            name=name[:LONGEST_NAME],
            studio=studio,
            studio_name="" if studio else called[:LONGEST_NAME],
            tier=tier,
            role=role[:10],
            days=days or USUAL,
            problems=problems,
            is_good=not problems,
        )

    def _of_address(self, line: Line, email: str) -> Iterable[str]:
        if not email:
            yield "It has no address."
            return
        try:
            validate_email(email)
        except ValidationError:
            yield f"“{email}” is no e-mail address."
        if self.first_line[email] != line.number:
            yield f"The same address stands in line {self.first_line[email]}."

    def _of_studio(
        self, line: Line, email: str, called: str, studio: Studio | None, is_here: bool, role: str
    ) -> Iterable[str]:
        if role not in Seat.Role.values:
            yield f"“{role}” is no role; use one of {', '.join(Seat.Role.values)}."
        elif not is_here and role != Seat.Role.OWNER:
            yield (
                f"There is no studio “{called}”, and whoever founds one owns it."
                if called
                else ("It names no studio, and whoever founds one owns it.")
            )
        if called and not is_here:
            first = self.founded_in.setdefault(called.lower(), line.number)
            if first != line.number:
                yield f"Line {first} founds “{called}” already. Invite the others once it is there."
        if studio and (studio.pk, email) in self.seated:
            yield f"They have a seat at {studio.name} already."
        if (studio.pk if studio else None, email) in self.invited:
            yield "They are invited already, and have not come yet."


def _studios(names: set[str]) -> dict[str, list[Studio]]:
    """The studios of these slugs or names, by what they were called in lower case; a slug goes before a name."""
    wanted = {name.lower() for name in names}
    like = Q(slug__in=wanted) | Q(name__in=names) | Q(lower__in=wanted)
    found: dict[str, list[Studio]] = defaultdict(list)
    studios = list(Studio.objects.annotate(lower=Lower("name")).filter(like).order_by("slug"))
    by_slug: dict[str, Studio] = {studio.slug: studio for studio in studios}
    for studio in studios:
        found[studio.name.lower()].append(studio)
    return {
        name: [by_slug[name]] if name in by_slug else found[name] for name in wanted if name in by_slug or name in found
    }


def _too_long(name: str, studio: str) -> list[str]:
    return [what for what, text in (("name", name), ("studio's name", studio)) if len(text) > LONGEST_NAME]


def _days(text: str) -> int | None:
    if not text:
        return USUAL
    days = int(text) if text.isascii() and text.isdigit() and len(text) < 4 else 0
    return days if SHORTEST <= days <= LONGEST else None


@transaction.atomic
def send(*, batch: ImportBatch, actor: Actor, although_some_are_bad: bool = False) -> ImportBatch:
    """Say that the good rows may be sent. Said twice, they are sent once. Raises InvalidInvitation."""
    batch = ImportBatch.objects.select_for_update(no_key=True).get(pk=batch.pk)
    if batch.sent_at is not None:
        return batch
    if batch.made_at < timezone.now() - FORGET_UNSENT:
        raise InvalidInvitation(
            "This list was read more than a day ago. Read it again, so that you see what is so now."
        )
    count = Counter(batch.rows.values_list("is_good", flat=True))
    if not count[True]:
        raise InvalidInvitation("No row of this list can be sent. Mend it, and read it again.")
    if count[False] and not although_some_are_bad:
        raise InvalidInvitation("Some rows cannot be sent. Say that you want the others sent without them.")
    batch.sent_at = timezone.now()
    batch.save(update_fields=["sent_at"])
    record(
        actor=actor,
        action="invitations.list_sent",
        target=batch,
        facts={"rows": count[True], "left_out": count[False]},
    )
    return batch


def send_some(batch: ImportBatch, most: int = AT_ONCE) -> int:
    """Invite the next rows of a list that may be sent; returns how many were tried. Any number may do so at once."""
    if batch.sent_at is None or batch.done_at is not None:
        return 0
    waiting = batch.rows.filter(is_good=True, invitation=None, failed="").order_by("line")
    tried = list(waiting.values_list("pk", flat=True)[:most])
    for pk in tried:
        _send_row(pk, batch)
    if not waiting.exists():
        ImportBatch.objects.filter(pk=batch.pk, done_at=None).update(done_at=timezone.now())
    return len(tried)


@transaction.atomic
def _send_row(pk: int, batch: ImportBatch) -> None:
    row = ImportRow.objects.select_for_update(of=("self",), no_key=True).select_related("studio", "tier").get(pk=pk)
    if row.invitation_id is not None or row.failed:
        return  # somebody else sent it a moment ago
    try:
        assert row.tier is not None
        key = f"list:{batch.pk}:{row.line}"
        if Invitation.objects.filter(is_open(timezone.now()), email=row.email, studio=row.studio).exists():
            raise InvalidInvitation("They were invited meanwhile.")
        row.invitation = invite_by_letter(
            email=row.email,
            name=row.name,
            studio=row.studio,
            studio_name=row.studio_name,
            founder_names=row.studio is None and not row.studio_name,
            tier=row.tier,
            role=row.role,
            days=row.days,
            note=batch.note,
            actor=Actor.of_person(batch.made_by),
            key=key,
        )
    except InvalidInvitation as problem:
        row.failed = problem.message[:300]
    row.save(update_fields=["invitation", "failed"])


def send_due() -> int:
    """What lists still have to send, a piece of each."""
    return sum(send_some(batch) for batch in ImportBatch.objects.filter(sent_at__isnull=False, done_at=None)[:10])


def forget() -> int:
    """Lists are personal data: one that was not sent goes after a day, one that was after thirty; invitations stay."""
    now = timezone.now()
    old = Q(sent_at=None, made_at__lt=now - FORGET_UNSENT) | Q(done_at__lt=now - FORGET_SENT)
    batches = list(ImportBatch.objects.filter(old).values_list("pk", flat=True)[:100])
    ImportBatch.objects.filter(pk__in=batches).delete()
    return len(batches)
