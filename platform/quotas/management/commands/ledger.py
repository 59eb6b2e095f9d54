from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from accounts.models import Studio
from audit import append_only
from quotas import queries
from quotas.models import Account, Entry


class Command(BaseCommand):
    help = "Add the ledger up again: `manage.py ledger verify [--studio SLUG]` prints what differs; exit 1 if anything."

    def add_arguments(self, parser) -> None:
        parser.add_argument("verb", choices=["verify"])
        parser.add_argument("--studio", metavar="SLUG", help="only this studio's account")

    def handle(self, *args: object, verb: str, studio: str | None, **options: object) -> None:
        only = Studio.objects.filter(slug=studio).first() if studio else None
        if studio and only is None:
            raise CommandError(f"There is no studio with the slug “{studio}”.")
        found = 0
        for trigger in sorted(append_only.missing(connection, Entry._meta.db_table)):
            found += 1
            self.stdout.write(f"The trigger {trigger} is missing: entries can be changed. Restore it from a migration.")
        for difference in queries.verify(only):
            found += 1
            self.stdout.write(f"{difference.studio}: {difference.message}.")
        if found:
            raise CommandError(f"{found} thing(s) do not agree.", returncode=1)
        accounts = Account.objects.filter(studio=only) if only else Account.objects.all()
        self.stdout.write(f"{accounts.count()} account(s), every credit where it should be.")
