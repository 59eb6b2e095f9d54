"""The lab's pages on people: found, given duties, shut out and let in, and what each costs the database."""

import pytest
from django.urls import reverse

from access.invitations import actions as invitations
from access.models import Tier
from accounts.models import Duty, Person
from audit.actions import Actor, record
from tests import factories
from tests.portal.pages import inline_things

HOUSE = Actor.house("tests")


@pytest.fixture
def lab(people, sign_in):
    return sign_in(people.access_lead)


def at(name, person):
    return reverse(f"lab_{name}", args=[person.pk])


def read(client, url, **query):
    answer = client.get(url, query)
    assert answer.status_code == 200
    html = answer.content.decode()
    assert inline_things(html) == []
    return html


def test_people_are_found_by_name_address_duty_and_state(people, lab):
    Person.objects.filter(pk=people.guest.person_id).update(is_active=False)

    def found(**query):
        return {one.name for one in lab.get("/lab/people/", query).context["people"].rows}

    assert len(found()) == 9
    assert found(q="OWNER of") == {"Owner of Lantern"}
    assert found(q=people.artist.person.email.upper()) == {"Artist of Lantern"}
    assert found(duty="reviewer") == {"Reviewer"}
    assert found(shut="on") == {"Guest of Lantern"}
    assert "Nobody fits" in read(lab, "/lab/people/", q="nobody is called so")


def test_a_long_list_is_paged_and_costs_the_same(people, lab, django_assert_max_num_queries):
    for number in range(60):
        factories.make_person(f"Many {number}", duties=["reviewer", "operator"])
    seen, url = [], "/lab/people/?q=many"
    while url:
        with django_assert_max_num_queries(14):
            answer = lab.get(url)
        seen += [one.name for one in answer.context["people"].rows]
        url = f"/lab/people/{older}" if (older := answer.context["people"].older) else ""
    assert sorted(seen) == sorted(f"Many {number}" for number in range(60))


def test_a_person_with_much_of_everything_costs_a_bounded_number_of_queries(people, lab, django_assert_max_num_queries):
    person = people.artist.person
    for number in range(30):
        _, code = invitations.invite(
            email=person.email, studio_name=f"Studio of {number}", role="owner", tier=Tier.objects.first(), actor=HOUSE
        )
        invitations.accept(code=code, person=person)
        record(actor=HOUSE, action="person.seen", target=person, facts={"n": number})
    with django_assert_max_num_queries(18):
        page = read(lab, at("person", person))
    assert "Studio of 29" in page
    assert "seats=" in page
    assert "invitations=" in page
    assert "The house (tests)" in page


def test_a_duty_is_given_and_taken_and_each_undone_from_the_notice(people, lab):
    person = people.reviewer
    page = lab.post(at("person_give", person), {"duty": "operator", "reason": "the rota"}, follow=True)
    undo = f"{at('person_take', person)}?undo=1&amp;duty=operator"
    assert undo in page.content.decode()
    lab.post(undo.replace("&amp;", "&"))
    assert not person.duties.filter(kind="operator").exists()
    page = lab.post(at("person_take", person), {"duty": "reviewer", "reason": "the rota"}, follow=True)
    lab.post(f"{at('person_give', person)}?undo=1&duty=reviewer")
    assert [duty.kind for duty in person.duties.all()] == ["reviewer"]


@pytest.mark.parametrize("name", ["person_give", "person_take", "person_deactivate"])
def test_what_is_not_said_whole_does_nothing(people, lab, name):
    answer = lab.post(at(name, people.reviewer), {"duty": "reviewer", "reason": " "})
    assert answer.status_code == 422
    assert "Say why" in answer.content.decode()
    assert lab.post(at("person_give", people.reviewer), {"duty": "king", "reason": "x"}).status_code == 422
    assert [duty.kind for duty in people.reviewer.duties.all()] == ["reviewer"]


def test_the_last_lead_is_told_why_they_stay_and_what_was_typed_is_kept(people, lab):
    for name in ("person_take", "person_deactivate"):
        answer = lab.post(at(name, people.access_lead), {"duty": "access_lead", "reason": "told at length"})
        assert answer.status_code == 422
        assert "the only access lead" in answer.content.decode()
        assert "told at length" in answer.content.decode()


def test_a_lead_who_gives_up_the_duty_leaves_the_page(people, lab):
    Duty.objects.create(person=people.reviewer, kind="access_lead")
    answer = lab.post(at("person_take", people.access_lead), {"duty": "access_lead", "reason": "enough"})
    assert answer.headers["Location"] == "/"
    assert lab.get("/lab/people/").status_code == 403


def test_a_person_is_shut_out_and_let_in_from_the_notice(people, lab):
    person = people.artist.person
    page = lab.post(at("person_deactivate", person), {"reason": "a stolen laptop"}, follow=True).content.decode()
    assert at("person_activate", person) in page
    assert "a stolen laptop" in page
    page = lab.post(at("person_activate", person), follow=True).content.decode()
    assert "may come in again" in page
    assert f"{at('person_deactivate', person)}?undo=1" in page
    lab.post(f"{at('person_deactivate', person)}?undo=1")
    assert not Person.objects.get(pk=person.pk).is_active
