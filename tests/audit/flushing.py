"""Lets Django empty the test database after a transactional test, append-only tables included.

pytest-django's `transaction=True` tests end with a flush, which the triggers refuse, rightly. For the length of that
flush, and only in test processes, the triggers are lifted: the house itself has no switch for it. The tiers that a
migration puts into every new house come back right after, as the next test expects them.
"""

from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.db import transaction
from django.db.backends.base.operations import BaseDatabaseOperations


@pytest.fixture(scope="session", autouse=True)
def flush_lifts_the_triggers() -> Iterator[None]:
    flush = BaseDatabaseOperations.execute_sql_flush

    def lifted(self: BaseDatabaseOperations, sql_list: list[str]) -> None:
        with transaction.atomic(using=self.connection.alias):
            restore = _lift(self.connection)
            flush(self, sql_list)
            with self.connection.cursor() as cursor:
                for statement in restore:
                    cursor.execute(statement)
            import_module("access.migrations.0002_starting_tiers").create(apps, None)
            allowances = import_module("access.migrations.0020_invitations").ALLOWANCES
            for slug, people in allowances.items():
                apps.get_model("access", "Tier").objects.filter(slug=slug).update(invitation_allowance=people)
            import_module("access.migrations.0030_lab_people").write_first_versions(apps, None)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseDatabaseOperations, "execute_sql_flush", lifted)
        yield


def _lift(connection: Any) -> list[str]:
    """Switch the triggers off; the statements that switch them on again."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT DISTINCT tgrelid::regclass::text FROM pg_trigger WHERE tgname LIKE '%%_refuses_%%'")
            tables = [table for (table,) in cursor.fetchall()]
            for table in tables:
                cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            return [f"ALTER TABLE {table} ENABLE TRIGGER USER" for table in tables]
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND name LIKE '%_refuses_%'")
        triggers = cursor.fetchall()
        for name, _ in triggers:
            cursor.execute(f"DROP TRIGGER {name}")
        return [sql for _, sql in triggers]
