"""What was written stays as it was written, whoever asks and in whichever words."""

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction
from django.db.migrations.executor import MigrationExecutor

from audit import append_only
from audit.actions import Actor, record
from audit.append_only import AppendOnly
from audit.models import Record
from quotas.models import Entry
from tests.factories import make_studio

HOUSE = Actor.house("tests")
postgresql = pytest.mark.skipif("connection.vendor != 'postgresql'", reason="a statement of PostgreSQL")
sqlite = pytest.mark.skipif("connection.vendor != 'sqlite'", reason="a statement of SQLite")


@pytest.fixture
def written(db):
    """One row in each append-only table."""
    make_studio(credits=5)
    with transaction.atomic():
        record(actor=HOUSE, action="thing.done", target=("thing", 1))
    # The foreign keys of these rows are checked now: PostgreSQL alters no table with checks still to come.
    connection.check_constraints()


def refused(sql: str) -> None:
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)


@pytest.mark.parametrize("model", [Record, Entry])
def test_sql_cannot_change_or_remove_a_row(written, model):
    table, count = model._meta.db_table, model.objects.count()
    refused(f"UPDATE {table} SET id = id + 1000")
    refused(f"UPDATE {table} SET {'action' if model is Record else 'memo'} = 'something else'")
    refused(f"DELETE FROM {table}")
    assert model.objects.count() == count > 0


@pytest.mark.parametrize("model", [Record, Entry])
def test_neither_can_the_orm(written, model):
    row = model.objects.first()
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        row.save()
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        model.objects.update(studio_id=9) if model is Record else model.objects.update(memo="")
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        row.delete()


@postgresql
@pytest.mark.parametrize("model", [Record, Entry])
def test_postgresql_cannot_truncate_or_upsert_either(written, model):
    table = model._meta.db_table
    refused(f"TRUNCATE {table} CASCADE")
    refused(f"INSERT INTO {table} SELECT * FROM {table} ON CONFLICT (id) DO UPDATE SET id = EXCLUDED.id + 1000")


@sqlite
@pytest.mark.parametrize("model", [Record, Entry])
def test_sqlite_cannot_replace_a_row_by_inserting_over_it(written, model):
    table = model._meta.db_table
    refused(f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}")
    refused(f"REPLACE INTO {table} SELECT * FROM {table} LIMIT 1")


@sqlite
def test_sqlite_cannot_replace_a_record_under_another_id(written):
    columns = ", ".join(field.column for field in Record._meta.local_fields if field.column != "id")
    refused(f"INSERT OR REPLACE INTO audit_record (id, {columns}) SELECT id + 1000, {columns} FROM audit_record")


def test_every_append_only_table_still_has_its_triggers_after_all_migrations(db):
    plan = MigrationExecutor(connection).loader.disk_migrations
    guarded = [
        apps.get_model(app, operation.model_name)
        for (app, _), migration in plan.items()
        for operation in migration.operations
        if isinstance(operation, AppendOnly)
    ]
    assert {Record, Entry} <= set(guarded)
    for model in guarded:
        assert append_only.missing(connection, model._meta.db_table) == set()


def test_the_operation_is_undone_by_its_reverse_and_may_be_repeated(written):
    operation, state = AppendOnly("record"), MigrationExecutor(connection).loader.project_state()
    editor = connection.schema_editor()
    with transaction.atomic():
        operation.database_backwards("audit", editor, state, state)
        assert append_only.missing(connection, "audit_record") == append_only.triggers(
            connection.vendor, "audit_record"
        )
        Record.objects.update(action="thing.undone")
        operation.database_forwards("audit", editor, state, state)
        operation.database_forwards("audit", editor, state, state)
    refused("DELETE FROM audit_record")


@pytest.mark.django_db(transaction=True)
def test_a_transactional_test_may_write_and_is_cleaned_up_after():
    make_studio(credits=5)
    assert Entry.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_and_the_next_finds_the_house_empty_guarded_and_with_its_tiers():
    assert Entry.objects.count() == Record.objects.count() == 0
    make_studio(credits=5)
    refused("DELETE FROM quotas_entry")
