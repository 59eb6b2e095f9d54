"""The list of projects and what is done to a whole project, as pages."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from takes.models import Project
from tests import factories
from tests.takes.projection import project as project_clip

LIST = "/projects/"


@pytest.fixture
def tidewater(people):
    return factories.make_project(people.owner, "Tidewater")


def page(client, pk) -> str:
    return reverse("takes:project", args=[pk])


def test_an_empty_list_teaches_the_next_step(people, sign_in):
    assert "Begin with a project" in sign_in(people.owner).get(LIST).content.decode()
    assert "An owner or a producer" in sign_in(people.artist).get(LIST).content.decode()


def test_a_project_is_made_once_however_often_the_form_is_sent(people, sign_in):
    client = sign_in(people.producer)
    first = client.post(LIST, {"name": "  Paper   kites ", "key": "k"})
    again = client.post(LIST, {"name": "Paper kites", "key": "k"})
    assert first.status_code == again.status_code == 302
    assert first["Location"] == again["Location"]
    assert [one.name for one in Project.objects.all()] == ["Paper kites"]


@pytest.mark.parametrize("name", ["", "   ", "x" * 121, "nul\x00byte"])
def test_a_name_that_cannot_be_is_explained_beside_what_was_typed(people, sign_in, name):
    response = sign_in(people.owner).post(LIST, {"name": name, "key": "k"})
    assert response.status_code == 422
    assert b'role="alert"' in response.content
    assert not Project.objects.exists()


def test_an_artist_is_told_that_somebody_else_makes_projects(people, sign_in):
    response = sign_in(people.artist).post(LIST, {"name": "Mine", "key": "k"})
    assert response.status_code == 403
    assert "Owners and producers" in response.content.decode()


def test_projects_show_their_latest_clip_and_their_counts(people, sign_in, tidewater):
    ready = project_clip(factories.make_take(people.owner, project=tidewater))
    factories.make_take(people.owner, project=tidewater)
    html = sign_in(people.guest).get(LIST).content.decode()
    assert reverse("takes:poster", args=[ready.pk]) in html
    assert "1 under way" in html
    assert '<span class="mono">1</span> ready of <span class="mono">2</span> takes' in html


def test_the_list_is_paged(people, sign_in):
    for number in range(26):
        factories.make_project(people.owner, f"Project {number:02}")
    client = sign_in(people.artist)
    first = client.get(LIST)
    assert len(first.context["page"].rows) == 24
    second = client.get(LIST, {"after": first.context["page"].next})
    assert [one.name for one in second.context["page"].rows] == ["Project 01", "Project 00"]
    assert second.context["page"].next is None


@pytest.mark.parametrize("cursor", ["nonsense", "2026-01-01~x", "~", "\x00"])
def test_a_cursor_that_is_not_ours_starts_at_the_beginning(people, sign_in, tidewater, cursor):
    response = sign_in(people.owner).get(LIST, {"after": cursor})
    assert [one.pk for one in response.context["page"].rows] == [tidewater.pk]


def test_renaming_and_its_mistakes(people, sign_in, tidewater):
    client = sign_in(people.producer)
    address = reverse("takes:rename", args=[tidewater.pk])
    assert client.post(address, {"name": "Ebb"}).status_code == 302
    tidewater.refresh_from_db()
    assert tidewater.name == "Ebb"
    refused = client.post(address, {"name": " "})
    assert refused.status_code == 422
    assert b"needs a name" in refused.content


def test_archiving_offers_undo_and_undo_brings_it_back(people, sign_in, tidewater):
    client = sign_in(people.owner)
    restore = reverse("takes:restore", args=[tidewater.pk])
    after = client.post(reverse("takes:archive", args=[tidewater.pk]), follow=True).content.decode()
    assert "“Tidewater” is archived." in after
    assert restore in after
    assert tidewater.pk not in [one.pk for one in client.get(LIST).context["page"].rows]
    assert [one.pk for one in client.get(LIST, {"archived": "1"}).context["page"].rows] == [tidewater.pk]
    client.post(restore)
    assert [one.pk for one in client.get(LIST).context["page"].rows] == [tidewater.pk]


def test_an_archived_project_takes_no_words_and_says_how_to_bring_it_back(people, sign_in, tidewater):
    client = sign_in(people.owner)
    client.post(reverse("takes:archive", args=[tidewater.pk]))
    html = client.get(page(client, tidewater.pk)).content.decode()
    assert "Restore the project" in html
    assert 'name="prompt"' not in html
    sent = client.post(page(client, tidewater.pk), {"prompt": "a red balloon", "key": "k"})
    assert sent.status_code == 409
    assert "is archived" in sent.content.decode()


def test_a_stranger_finds_nothing_and_changes_nothing(people, sign_in, tidewater):
    client = sign_in(people.stranger)
    assert client.get(page(client, tidewater.pk)).status_code == 404
    for name in ("preflight", "rename", "archive", "restore", "references"):
        assert client.post(reverse(f"takes:{name}", args=[tidewater.pk]), {"name": "Mine"}).status_code == 404
    assert client.get(reverse("takes:live", args=[tidewater.pk])).status_code == 404
    tidewater.refresh_from_db()
    assert (tidewater.name, tidewater.archived_at) == ("Tidewater", None)


def test_without_signing_in_every_page_leads_to_the_door(client, people, tidewater):
    for address in (LIST, page(client, tidewater.pk), reverse("takes:events", args=[tidewater.pk])):
        assert client.get(address).status_code == 302


def test_a_suspended_studio_reads_why(people, sign_in, tidewater):
    people.studio.suspended_at = timezone.now()
    people.studio.save()
    response = sign_in(people.owner).get(page(None, tidewater.pk))
    assert response.status_code == 403
    assert "suspended" in response.content.decode()


def test_a_studio_that_stands_in_no_tier_reads_why(sign_in, db):
    seat = factories.make_seat("owner", tier=None, credits=0)
    response = sign_in(seat).get(LIST)
    assert response.status_code == 403
    assert "stands in no tier yet" in response.content.decode()


def test_people_of_the_lab_without_a_seat_are_told_so(people, sign_in):
    assert sign_in(people.reviewer).get(LIST).status_code == 403


def test_the_list_costs_as_many_queries_for_one_project_as_for_many(people, sign_in):
    client = sign_in(people.owner)

    def count():
        with CaptureQueriesContext(connection) as asked:
            client.get(LIST)
        return len(asked)

    factories.make_take(people.owner)
    count()  # the first page of a session writes the session
    few = count()
    for _ in range(12):
        factories.make_project(people.owner)
    assert count() == few
    assert few <= 14
