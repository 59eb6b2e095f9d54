from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from audit import append_only, queries
from audit.models import Record


class Command(BaseCommand):
    help = "Check the audit record: `manage.py audit verify` recomputes every leaf; exit 1 if anything disagrees."

    def add_arguments(self, parser) -> None:
        parser.add_argument("verb", choices=["verify"])

    def handle(self, *args: object, verb: str, **options: object) -> None:
        found = 0
        for trigger in sorted(append_only.missing(connection, Record._meta.db_table)):
            found += 1
            self.stdout.write(f"The trigger {trigger} is missing: records can be changed. Restore it from a migration.")
        for flaw in queries.flaws():
            found += 1
            self.stdout.write(f"Record {flaw.record_id}: {flaw.message}.")
        if found:
            raise CommandError(f"{found} thing(s) do not agree.", returncode=1)
        self.stdout.write(f"{Record.objects.count()} records, every leaf as it was written.")
