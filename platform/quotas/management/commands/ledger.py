import uuid
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.utils import timezone

from accounts.models import Studio
from audit import append_only
from audit.actions import Actor
from quotas import actions, queries
from quotas.models import Account, Entry, Grant


class Command(BaseCommand):
    help = "Add the ledger up again (`verify`; exit 1 if anything differs), or give a studio credits (`grant`)."

    def add_arguments(self, parser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        verify = verbs.add_parser("verify", help="print what differs")
        verify.add_argument("--studio", metavar="SLUG", help="only this studio's account")
        grant = verbs.add_parser("grant", help="give a studio credits")
        grant.add_argument("studio", metavar="SLUG")
        grant.add_argument("amount", type=int)
        grant.add_argument("--reason", required=True, help="the studio reads it, and it is kept")
        given = [source for source in Grant.Source.values if source != Grant.Source.TIER]
        grant.add_argument("--source", default=Grant.Source.GOODWILL.value, choices=given)
        grant.add_argument("--days", type=int, help="how long they last; without it they never lapse")
        grant.add_argument("--key", help="the same key gives once, however often the command runs")

    def handle(self, *args: object, verb: str, studio: str | None, **options: Any) -> None:
        named = Studio.objects.filter(slug=studio).first() if studio else None
        if studio and named is None:
            raise CommandError(f"There is no studio with the slug “{studio}”.")
        if verb == "grant":
            assert named is not None
            self._grant(named, **options)
        else:
            self._verify(named)

    def _grant(
        self, studio: Studio, *, amount: int, reason: str, source: str, days: int | None, key: str | None, **_: Any
    ) -> None:
        try:
            lot = actions.grant(
                studio=studio,
                amount=amount,
                key=key or f"command:{uuid.uuid4()}",
                source=source,
                expires_at=timezone.now() + timedelta(days=days) if days else None,
                reason=reason,
                actor=Actor.house("manage.py ledger grant"),
            )
        except (ValueError, actions.KeyConflict) as problem:
            raise CommandError(str(problem)) from problem
        free = queries.balance(studio).available
        self.stdout.write(f"{lot.amount} credits given to {studio.name}, which has {free} free now.")

    def _verify(self, studio: Studio | None) -> None:
        found = 0
        for trigger in sorted(append_only.missing(connection, Entry._meta.db_table)):
            found += 1
            self.stdout.write(f"The trigger {trigger} is missing: entries can be changed. Restore it from a migration.")
        for difference in queries.verify(studio):
            found += 1
            self.stdout.write(f"{difference.studio}: {difference.message}.")
        if found:
            raise CommandError(f"{found} thing(s) do not agree.", returncode=1)
        accounts = Account.objects.filter(studio=studio) if studio else Account.objects.all()
        self.stdout.write(f"{accounts.count()} account(s), every credit where it should be.")
