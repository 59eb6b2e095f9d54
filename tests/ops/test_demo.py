import io

import pytest
from django.core.management import CommandError, call_command

from access.models import Application
from accounts.models import Duty, Person, Seat, Studio
from audit.models import Record
from portal import demo
from quotas.queries import balance
from takes.models import Project, Take


def facts() -> dict[str, int]:
    return {
        model.__name__: model.objects.count()
        for model in (Person, Studio, Seat, Duty, Project, Take, Application, Record)
    }


@pytest.fixture
def filled(db, settings) -> str:
    settings.DEBUG = True
    out = io.StringIO()
    call_command("demo", stdout=out)
    return out.getvalue()


def test_it_brings_people_in_every_role_and_with_every_duty(filled):
    assert set(Seat.objects.values_list("role", flat=True)) == set(Seat.Role.values)
    assert set(Duty.objects.values_list("kind", flat=True)) == set(Duty.Kind.values)
    assert Studio.objects.get(name="Northlight").is_solo


def test_it_prints_a_link_for_everybody_that_signs_them_in(filled, client, settings):
    for somebody in demo.PEOPLE:
        line = next(line for line in filled.splitlines() if somebody.name in line)
        path = line.split()[-1].removeprefix(settings.SITE_URL)
        assert client.get(path).context["known"].email == somebody.email


def test_it_can_be_run_again_and_adds_nothing(filled):
    before = facts()
    call_command("demo", "--no-links", stdout=io.StringIO())
    assert facts() == before


def test_some_wait_to_be_let_in(filled):
    assert sorted(Application.objects.values_list("state", flat=True)) == ["sent", "sent", "waiting"]


def test_its_takes_are_paid_for_from_the_studios_credits(filled):
    lantern = Studio.objects.get(name="Lantern Pictures")
    waiting = Take.objects.filter(studio=lantern, state=Take.State.QUEUED)
    assert balance(lantern).held == sum(take.price for take in waiting) > 0


def test_one_take_shows_what_a_refusal_looks_like(filled):
    refused = Take.objects.get(state=Take.State.REFUSED)
    assert refused.error_message


def test_it_lets_nobody_into_a_production_site_by_mistake(db):
    with pytest.raises(CommandError, match="production"):
        call_command("demo")
    assert not Person.objects.exists()
