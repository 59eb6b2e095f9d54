"""Tables whose rows are written once: triggers refuse UPDATE, DELETE and TRUNCATE, whoever asks.

`AppendOnly("record")` in a migration installs them, and its reverse takes them away. `AppendOnly("termsversion",
once="published_at")` leaves rows alone until that column is set. SQLite drops a table's triggers
when a later migration rebuilds the table, so any migration that alters such a table repeats the operation; a test
holds every append-only table to it (tests/audit/test_append_only.py).
"""

from collections.abc import Iterable, Sequence

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.operations.base import Operation, OperationCategory
from django.db.utils import NotSupportedError

POSTGRESQL = """
CREATE FUNCTION {table}_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '{table} is append-only: % is refused', TG_OP USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER {table}_refuses_change BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW {when}
EXECUTE FUNCTION {table}_refuse();
CREATE TRIGGER {table}_refuses_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION {table}_refuse();
"""

SQLITE_CHANGE = """
CREATE TRIGGER {table}_refuses_{verb} BEFORE {verb} ON {table} {when}
BEGIN SELECT RAISE(ABORT, '{table} is append-only: {verb} is refused'); END
"""

# INSERT OR REPLACE deletes the old row without firing the DELETE trigger.
SQLITE_REPLACE = """
CREATE TRIGGER {table}_refuses_replace BEFORE INSERT ON {table}
WHEN EXISTS (SELECT 1 FROM {table} WHERE ({same}) AND {kept})
BEGIN SELECT RAISE(ABORT, '{table} is append-only: REPLACE is refused'); END
"""


def triggers(vendor: str, table: str) -> set[str]:
    """The names of the triggers that guard `table`."""
    if vendor == "postgresql":
        return {f"{table}_refuses_change", f"{table}_refuses_truncate"}
    return {f"{table}_refuses_{verb}" for verb in ("UPDATE", "DELETE", "replace")}


def installing(vendor: str, table: str, unique: Iterable[str], once: str = "") -> list[str]:
    """The statements that guard `table`, whose columns `unique` each identify a row; with `once`, the rows in which
    that column is set."""
    if vendor == "postgresql":
        return [POSTGRESQL.format(table=table, when=f"WHEN (OLD.{once} IS NOT NULL)" if once else "")]
    if vendor == "sqlite":
        same = " OR ".join(f"{column} = NEW.{column}" for column in unique)
        when, kept = (f"WHEN OLD.{once} IS NOT NULL", f"{once} IS NOT NULL") if once else ("", "1")
        return [
            *(SQLITE_CHANGE.format(table=table, verb=verb, when=when) for verb in ("UPDATE", "DELETE")),
            SQLITE_REPLACE.format(table=table, same=same, kept=kept),
        ]
    raise NotSupportedError(
        f"{table} must be append-only, and Stagedoor knows how on PostgreSQL and SQLite, not {vendor}."
    )


def removing(vendor: str, table: str) -> list[str]:
    if vendor == "postgresql":
        return [f"DROP FUNCTION IF EXISTS {table}_refuse() CASCADE"]
    return [f"DROP TRIGGER IF EXISTS {name}" for name in sorted(triggers(vendor, table))]


def missing(connection: BaseDatabaseWrapper, table: str) -> set[str]:
    """Guards that ought to stand on `table` and do not, or stand switched off."""
    if connection.vendor == "postgresql":
        query = "SELECT tgname FROM pg_trigger WHERE tgrelid = %s::regclass AND tgenabled <> 'D'"
    else:
        query = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s"
    with connection.cursor() as cursor:
        cursor.execute(query, [table])
        return triggers(connection.vendor, table) - {name for (name,) in cursor.fetchall()}


class AppendOnly(Operation):
    """Migration operation: from here on, rows of this model are written once and kept."""

    category = OperationCategory.SQL
    reversible = True

    def __init__(self, model_name: str, once: str = "") -> None:
        self.model_name = model_name
        self.once = once

    def deconstruct(self) -> tuple[str, Sequence[object], dict[str, object]]:
        return self.__class__.__name__, [self.model_name], {"once": self.once} if self.once else {}

    def state_forwards(self, app_label: str, state) -> None:
        """The triggers are the database's; models do not see them."""

    def database_forwards(self, app_label: str, schema_editor, from_state, to_state) -> None:
        model: type[models.Model] = to_state.apps.get_model(app_label, self.model_name)
        unique = [field.column for field in model._meta.local_fields if field.unique and field.column]
        vendor, table = schema_editor.connection.vendor, model._meta.db_table
        for statement in [*removing(vendor, table), *installing(vendor, table, unique, self.once)]:
            schema_editor.execute(statement, params=None)

    def database_backwards(self, app_label: str, schema_editor, from_state, to_state) -> None:
        table = to_state.apps.get_model(app_label, self.model_name)._meta.db_table
        for statement in removing(schema_editor.connection.vendor, table):
            schema_editor.execute(statement, params=None)

    def describe(self) -> str:
        return f"Refuse every change to written rows of {self.model_name}"

    @property
    def migration_name_fragment(self) -> str:
        return f"{self.model_name.lower()}_append_only"
