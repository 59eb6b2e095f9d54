"""Duties are given and taken with a reason, the last lead stays, and who is shut out is out of the whole house."""

import pytest
from django.urls import reverse

from access.errors import LastLead, ReasonNeeded
from access.people import actions, queries
from access.queries import entitlements
from accounts import actions as accounts
from accounts.models import Duty, Person
from audit.actions import Actor
from audit.models import Record
from takes import streams
from tests import factories
from tests.at_once import at_once

HOUSE = Actor.house("tests")
LEAD = Duty.Kind.ACCESS_LEAD


def give(person, kind=LEAD, reason="needed"):
    actions.give_duty(person=person, kind=kind, reason=reason, actor=HOUSE)


def take(person, kind=LEAD, reason="not any more"):
    actions.take_duty(person=person, kind=kind, reason=reason, actor=HOUSE)


def shut_out(person, reason="left the lab"):
    return actions.deactivate(person=person, reason=reason, actor=HOUSE)


def test_a_duty_is_given_and_taken_once_and_on_record(db):
    person = factories.make_person()
    for verb in (give, take):
        for _ in range(2):
            verb(person, "reviewer")
    told = Record.objects.filter(target_type="accounts.person", target_id=str(person.pk)).order_by("id")
    assert [one.action for one in told] == ["duty.given", "duty.taken"]
    assert '"duty":"reviewer"' in told[0].canonical
    assert '"reason":"not any more"' in told[1].canonical
    with pytest.raises(ValueError, match="not a valid"):
        give(person, "king")


@pytest.mark.parametrize("verb", [give, take, shut_out])
def test_nothing_is_done_to_a_person_without_a_reason(people, verb):
    with pytest.raises(ReasonNeeded):
        verb(people.access_lead, reason=" ")
    assert people.access_lead.duties.exists()


@pytest.mark.parametrize("verb", [take, shut_out])
def test_the_last_access_lead_stays(people, verb):
    with pytest.raises(LastLead, match="Give somebody else the duty first"):
        verb(people.access_lead)
    gone = factories.make_person(duties=["access_lead"])
    Person.objects.filter(pk=gone.pk).update(is_active=False)
    with pytest.raises(LastLead):  # who cannot sign in leads nothing
        verb(people.access_lead)
    give(people.reviewer)
    verb(people.access_lead)
    with pytest.raises(LastLead):
        verb(people.reviewer)
    take(people.operator, Duty.Kind.OPERATOR)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("verbs", [(take, take), (take, shut_out), (shut_out, shut_out)])
def test_of_two_leads_who_remove_each_other_at_once_one_stays(verbs):
    leads = [factories.make_person(duties=["access_lead"]) for _ in range(2)]
    answers = at_once(*[lambda verb=verb, lead=lead: verb(lead) for verb, lead in zip(verbs, leads, strict=True)])
    assert sum(isinstance(one, LastLead) for one in answers) == 1
    assert Duty.objects.filter(kind=LEAD, person__is_active=True).count() == 1


def test_who_is_shut_out_is_out_everywhere_and_comes_back_as_they_were(people, client, sign_in):
    person = people.artist.person
    other = factories.make_seat("owner", person=person)
    _, secret = accounts.create_key(seat=other, name="suite", scopes=["takes:read"], expires_at=None, actor=HOUSE)
    key = {"Authorization": f"Bearer {secret}"}
    project = factories.make_project(people.owner)
    watch = streams.Watch(people.artist, project, since=None, csrf_token="", may_submit=True)
    link = accounts.sign_in_link(person)
    signed_in = sign_in(people.artist)
    assert signed_in.get("/settings/").status_code == 200

    for _ in range(2):
        shut_out(person)
    assert signed_in.get("/settings/").status_code == 302
    assert client.get("/api/v1/projects/", headers=key).status_code == 401
    assert not watch.may_go_on()
    token = link.partition("sesame=")[2]
    assert accounts.spend_sign_in_link(token) is None

    for _ in range(2):
        actions.activate(person=person, actor=HOUSE, reason="a mistake")
    assert client.get("/api/v1/projects/", headers=key).status_code == 200
    assert watch.may_go_on()
    assert entitlements(people.artist).active
    told = [one.action for one in queries.last_records(person)]
    assert told == ["person.activated", "person.deactivated"]


def test_the_way_a_person_came_in_is_known(people):
    assert queries.session_count(people.artist.person) == 0
    assert not queries.invitations_used(people.artist.person).exists()


def test_who_is_shut_out_signs_in_by_no_link(people, client):
    link = accounts.sign_in_link(people.artist.person)
    shut_out(people.artist.person)
    assert client.post(link).status_code in (302, 410)
    assert client.get(reverse("profile")).status_code == 302
