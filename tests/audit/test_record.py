import json
import uuid
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from audit import append_only, queries
from audit.actions import Actor, NotInTransaction, erase, record
from audit.leaves import commitment, leaf_hash
from audit.models import Disclosure, Record
from tests.factories import make_person, make_seat

HOUSE = Actor.house("tests")


@pytest.mark.django_db(transaction=True)
def test_it_refuses_to_write_outside_the_transaction_of_the_change():
    with pytest.raises(NotInTransaction, match=r"wrap both in transaction\.atomic"):
        record(actor=HOUSE, action="thing.done", target=("thing", 1))
    assert Record.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_it_goes_when_the_change_goes():
    with transaction.atomic():
        record(actor=HOUSE, action="thing.done", target=("thing", 1), personal={"words": "secret"})
        transaction.set_rollback(True)
    assert Record.objects.count() == Disclosure.objects.count() == 0


def test_it_writes_what_happened_in_its_final_form(db):
    seat = make_seat()
    written = record(
        actor=Actor.of_seat(seat),
        action="take.submitted",
        target=("takes.take", uuid.UUID(int=7)),
        studio=seat.studio,
        facts={"price": 14, "model": "starter-1"},
        personal={"prompt": "Mara at the tiller"},
    )
    written.refresh_from_db()
    disclosed = written.disclosures.get()
    assert json.loads(written.canonical) == {
        "form": 1,
        "uid": str(written.uid),
        "at": written.at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "action": "take.submitted",
        "actor": {"kind": "seat", "id": str(seat.pk), "seat": seat.pk},
        "target": {"type": "takes.take", "id": "00000000-0000-0000-0000-000000000007"},
        "studio": seat.studio_id,
        "facts": {"price": 14, "model": "starter-1"},
        "personal": {"prompt": commitment(disclosed.salt, "Mara at the tiller")},
    }
    assert written.leaf_hash == leaf_hash(written.canonical)
    assert "Mara" not in written.canonical
    assert (disclosed.value, disclosed.subject) == ("Mara at the tiller", f"accounts.person:{seat.person_id}")


def test_it_names_seats_people_keys_and_the_house(db):
    from accounts.models import ApiKey

    seat = make_seat()
    key = ApiKey.objects.create(seat=seat, name="render box", prefix="abc", secret_hash="0" * 64)
    assert Actor.of_seat(seat) == Actor("seat", str(seat.pk), seat.pk, seat.person_id)
    assert Actor.of_person(seat.person) == Actor("person", str(seat.person_id), None, seat.person_id)
    assert Actor.of_key(key) == Actor("key", str(key.pk), seat.pk, seat.person_id)
    assert Actor.house("clock") == Actor("house", "clock", None, None)


def test_erasing_a_record_takes_the_values_and_leaves_the_leaf(db):
    written = record(actor=HOUSE, action="person.joined", target=("p", 1), personal={"name": "Ines", "town": "Lagos"})
    before = (written.canonical, written.leaf_hash)
    assert erase(actor=HOUSE, record=written, reason="asked on 3 Nov") == 2
    written.refresh_from_db()
    assert (written.canonical, written.leaf_hash) == before
    assert not Disclosure.objects.exists()
    assert list(queries.flaws()) == []
    assert json.loads(queries.records_for(written).get().canonical)["facts"] == {
        "values": 2,
        "reason": "asked on 3 Nov",
    }


def test_erasing_a_subject_takes_theirs_and_nobody_elses(db):
    ines, mara = make_person(), make_person()
    for person in (ines, mara):
        record(actor=Actor.of_person(person), action="person.renamed", target=person, personal={"name": person.name})
    record(actor=Actor.of_person(mara), action="note.made", target=("n", 1), personal={"words": "hm"}, subject=ines)
    assert erase(actor=HOUSE, subject=ines, reason="left") == 2
    assert [one.subject for one in Disclosure.objects.all()] == [f"accounts.person:{mara.pk}"]


def test_it_finds_what_happened_to_a_thing_and_in_a_studio(db):
    for number in range(5):
        record(actor=HOUSE, action=f"step.{number}", target=("thing", number % 2), studio=3)
    record(actor=HOUSE, action="elsewhere", target=("thing", 0), studio=4)
    assert [one.action for one in queries.records_for(("thing", 1))] == ["step.1", "step.3"]
    newest = queries.records_for_studio(3, limit=2)
    assert [one.action for one in newest] == ["step.4", "step.3"]
    assert [one.action for one in queries.records_for_studio(3, cursor=newest[-1].pk)] == ["step.2", "step.1", "step.0"]


@pytest.fixture
def unguarded(db):
    """The audit tables as an intruder with the database's password leaves them."""
    with connection.cursor() as cursor:
        for statement in append_only.removing(connection.vendor, "audit_record"):
            cursor.execute(statement)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"canonical": '{"a":1}'}, "its leaf hash is not that of its text"),
        ({"canonical": "{", "leaf_hash": leaf_hash("{")}, "its text cannot be read"),
        ({"action": "thing.undone"}, "its columns say something else than its text"),
        ({"studio_id": 99}, "its columns say something else than its text"),
    ],
)
def test_verification_finds_what_an_intruder_changed(unguarded, change, message):
    record(actor=HOUSE, action="thing.done", target=("thing", 1))
    Record.objects.update(**change)
    assert message in [flaw.message for flaw in queries.flaws()]


def test_verification_finds_another_spelling_of_the_same_text(unguarded):
    text = record(actor=HOUSE, action="thing.done", target=("thing", 1)).canonical.replace(":", ": ", 1)
    Record.objects.update(canonical=text, leaf_hash=leaf_hash(text))
    assert [flaw.message for flaw in queries.flaws()] == ["its text is not in canonical form"]


def test_verification_finds_a_changed_personal_value(db):
    record(actor=HOUSE, action="thing.done", target=("thing", 1), personal={"name": "Ines"})
    Disclosure.objects.update(value="Mara")
    assert [flaw.message for flaw in queries.flaws()] == ["the value kept for “name” is not the one it committed to"]


def test_the_command_says_all_is_well_and_fails_when_it_is_not(unguarded):
    record(actor=HOUSE, action="thing.done", target=("thing", 1))
    out = StringIO()
    with pytest.raises(CommandError, match="do not agree"):
        call_command("audit", "verify", stdout=out)
    assert "the trigger audit_record_refuses" in out.getvalue().lower()
    for statement in append_only.installing(connection.vendor, "audit_record", ["id", "uid"]):
        with connection.cursor() as cursor:
            cursor.execute(statement)
    call_command("audit", "verify", stdout=out)
    assert out.getvalue().endswith("1 records, every leaf as it was written.\n")


def test_the_command_erases_one_persons_values(db):
    ines = make_person(email="ines@example.com")
    record(actor=Actor.of_person(ines), action="person.renamed", target=ines, personal={"name": "Ines"})
    out = StringIO()
    call_command("audit", "erase", "Ines@example.com", "--reason", "asked", stdout=out)
    assert out.getvalue().startswith("1 value(s) erased.")
    assert not Disclosure.objects.exists()
    with pytest.raises(CommandError, match="Nobody here has the address"):
        call_command("audit", "erase", "nobody@example.com", "--reason", "asked")
