from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from accounts.models import Person
from audit import actions, append_only, queries
from audit.models import Record


class Command(BaseCommand):
    help = "Recompute every leaf (`verify`; exit 1 if anything disagrees), or erase a person's values (`erase`)."

    def add_arguments(self, parser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        verbs.add_parser("verify", help="print what disagrees")
        erase = verbs.add_parser("erase", help="erase what the record discloses of one person; the leaves stay")
        erase.add_argument("email")
        erase.add_argument("--reason", required=True, help="kept in the record, so no personal data")

    def handle(self, *args: object, verb: str, **options: object) -> None:
        if verb == "erase":
            self._erase(str(options["email"]), str(options["reason"]))
        else:
            self._verify()

    def _erase(self, email: str, reason: str) -> None:
        person = Person.objects.filter(email__iexact=email).first()
        if person is None:
            raise CommandError(f"Nobody here has the address {email}.")
        actor = actions.Actor.house("manage.py audit erase")
        count = actions.erase(actor=actor, subject=person, reason=reason)
        self.stdout.write(f"{count} value(s) erased. What the record says of them stays: that they were there.")

    def _verify(self) -> None:
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
