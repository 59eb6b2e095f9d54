"""A lead looks as a seat: marked on every page, changing nothing, for half an hour, on record."""

from datetime import timedelta

import pytest
from django.utils import timezone

from access.letters import actions as letters
from access.viewing import actions
from accounts import actions as accounts
from accounts.models import Duty
from audit.actions import Actor
from audit.models import Record
from takes.models import Project
from tests.factories import make_project

pytestmark = pytest.mark.django_db


@pytest.fixture
def looking(people, sign_in):
    client = sign_in(people.access_lead)
    client.post(f"/lab/view-as/{people.owner.pk}/", {"reason": "they cannot find their project"})
    return client


def test_a_lead_sees_what_the_seat_sees_and_every_page_says_so(people, looking):
    make_project(people.owner, "Tidewater")
    page = looking.get("/projects/").content.decode()
    assert "Tidewater" in page
    assert f"You look as <b>{people.owner.person.name}</b>" in page
    assert "Rollouts" not in page, "the lead's own duties rest meanwhile"
    assert looking.get("/lab/rollouts/").status_code == 403


def test_nothing_can_be_done_in_somebody_elses_name(people, looking):
    project = make_project(people.owner)
    for path, form in (
        ("/projects/", {"name": "Ebb", "key": "k"}),
        (f"/projects/{project.pk}/", {"prompt": "a red balloon", "key": "k"}),
        ("/settings/keys/", {"name": "mine", "scopes": ["takes:read"], "days": 30}),
        ("/settings/", {"name": "Somebody"}),
        (f"/lab/view-as/{people.guest.pk}/", {"reason": "one more"}),
    ):
        answer = looking.post(path, form)
        assert answer.status_code == 403, path
        assert "only looking" in answer.content.decode()
    assert Project.objects.count() == 1


def test_it_begins_and_ends_on_record_and_the_owners_are_told(people, looking, mailoutbox):
    assert looking.post("/view-as/end/").status_code == 302
    assert looking.get("/lab/rollouts/").status_code == 200
    started, ended = Record.objects.filter(action__startswith="viewing.").order_by("pk")
    assert (started.action, ended.action) == ("viewing.started", "viewing.ended")
    assert started.studio_id == people.studio.pk
    assert started.actor_id == str(people.access_lead.pk)
    letters.send_due()
    assert [mail.to for mail in mailoutbox] == [[people.owner.person.email]]
    assert "they cannot find their project" in mailoutbox[0].body


def test_it_ends_by_itself_after_half_an_hour(people, looking, monkeypatch):
    later = timezone.now() + actions.LENGTH + timedelta(seconds=1)
    monkeypatch.setattr("access.viewing.middleware.timezone.now", lambda: later)
    assert "You look as" not in looking.get("/").content.decode()
    assert Record.objects.get(action="viewing.ended").canonical.count('"by":"time"') == 1


def test_it_ends_with_the_duty_and_with_the_seat(people, looking, sign_in):
    Duty.objects.filter(person=people.access_lead).delete()
    assert "You look as" not in looking.get("/").content.decode()
    Duty.objects.create(person=people.access_lead, kind="access_lead")
    looking.post(f"/lab/view-as/{people.guest.pk}/", {"reason": "once more"})
    accounts.end_seat(seat=people.guest, actor=Actor.house("tests"))
    assert "You look as" not in looking.get("/").content.decode()


@pytest.mark.parametrize("reason", ["", " ", "x" * 301])
def test_without_a_reason_nobody_looks(people, sign_in, reason):
    client = sign_in(people.access_lead)
    client.post(f"/lab/view-as/{people.owner.pk}/", {"reason": reason})
    assert not Record.objects.filter(action="viewing.started").exists()


def test_a_shut_seat_shows_nothing(people, sign_in):
    accounts.suspend_seat(seat=people.guest, actor=Actor.house("tests"))
    page = sign_in(people.access_lead).post(
        f"/lab/view-as/{people.guest.pk}/", {"reason": "they wrote to us"}, follow=True
    )
    assert "there is nothing to see from it" in page.content.decode()


def test_nobody_else_looks(people, sign_in):
    for who in (people.owner, people.reviewer, people.operator):
        assert sign_in(who).post(f"/lab/view-as/{people.guest.pk}/", {"reason": "curious"}).status_code == 403


def test_a_preflight_is_only_a_look(people, looking):
    project = make_project(people.owner)
    assert looking.post(f"/projects/{project.pk}/preflight/", {"prompt": "a red balloon"}).status_code == 200
