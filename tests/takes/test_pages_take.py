"""The page of one take, in every state, and what can be done from it."""

import json

import pytest
from django.urls import reverse

from quotas import queries as quotas
from takes.models import Take
from takes.tasks import read_outbox
from tests import factories
from tests.takes.projection import begin, fail, paint, project


@pytest.fixture
def take(people):
    return factories.make_take(people.artist, project=factories.make_project(people.owner, "Tidewater"))


def address(name: str, take: Take) -> str:
    return reverse(f"takes:{name}", args=[take.pk])


def test_a_ready_take_can_be_played_and_says_how_it_was_made(people, sign_in, take):
    project(take)
    response = sign_in(people.guest).get(address("take", take))
    html = response.content.decode()
    assert f'src="{address("clip", take)}"' in html
    assert 'data-fps-num="8" data-fps-den="1" data-frames="17"' in html
    assert f"seed {take.spec['seed']} · 16 steps · cfg 4.0 · 112×64 · 17 f · 672×384 delivered" in html
    assert "Artist of Lantern" in html
    assert "credits, charged" in html
    assert 'id="remix"' not in html  # a guest looks
    sheet = json.loads(response.context["sprite"])
    assert (sheet["columns"], len(sheet["frames"])) == (5, 17)


def test_a_take_that_renders_shows_its_progress_and_moves_without_scripts_too(people, sign_in, take):
    begin(take, step=4, preview=b"\xff\xd8 not quite a picture")
    html = sign_in(people.artist).get(address("take", take)).content.decode()
    assert '<progress max="100" value="25"' in html
    assert "step 4 of 16" in html
    assert f"{address('preview', take)}?step=4" in html
    assert '<noscript><meta http-equiv="refresh"' in html
    assert "Cancel" in html


def test_a_failed_take_says_why_what_came_back_and_goes_again_once_per_click(people, sign_in, take):
    fail(take)
    client = sign_in(people.artist)
    html = client.get(address("take", take)).content.decode()
    assert "There is no room left" in html
    assert f"{take.price} credits returned" in html
    answers = {client.post(address("retry", take))["Location"] for _ in range(2)}
    again = Take.objects.get(retry_of=take)
    assert answers == {address("take", again)}
    assert "Sent again after" in client.get(address("take", again)).content.decode()


def test_cancelling_returns_the_credits_and_leads_back_where_it_was_pressed(people, sign_in, take):
    client = sign_in(people.artist)
    assert client.post(address("cancel", take))["Location"] == address("take", take)
    wall = reverse("takes:project", args=[take.project_id])
    assert client.post(address("cancel", take), {"from": "project"})["Location"] == f"{wall}#take-1"
    read_outbox()
    assert "was cancelled" in client.get(address("take", take)).content.decode()
    assert quotas.balance(people.studio).held == 0


def test_a_remix_is_a_take_of_its_own_and_knows_its_family(people, sign_in, take):
    project(take)
    client = sign_in(people.artist)
    sent = [client.post(address("remix", take), {"prompt": "a blue kite climbs", "key": "r"}) for _ in range(2)]
    child = Take.objects.get(remix_of=take)
    assert {one["Location"] for one in sent} == {address("take", child)}
    assert child.spec["seed"] == take.spec["seed"]
    assert "Remix of <b>Take 1</b>" in client.get(address("take", child)).content.decode()
    assert f"<b>Take {child.number}</b> is a remix of this" in client.get(address("take", take)).content.decode()


@pytest.mark.parametrize("prompt", ["", "x" * 400, "nul \x00", "x" * 30_000])
def test_a_remix_that_cannot_be_keeps_its_words(people, sign_in, take, prompt):
    project(take)
    response = sign_in(people.artist).post(address("remix", take), {"prompt": prompt, "key": "r"})
    assert response.status_code == 422
    assert response.context["words"] == prompt
    assert b'role="alert"' in response.content
    assert Take.objects.count() == 1


def test_remixing_what_is_not_ready_is_a_conflict_in_words(people, sign_in, take):
    response = sign_in(people.artist).post(address("remix", take), {"prompt": "a kite", "key": "r"})
    assert response.status_code == 409
    assert "starts from a take that is ready" in response.content.decode()


@pytest.mark.parametrize("verb", ["cancel", "retry", "remix"])
def test_a_guest_looks_and_does_nothing(people, sign_in, take, verb):
    if verb == "remix":
        project(take)
    if verb == "retry":
        fail(take)
    before = Take.objects.get().state
    response = sign_in(people.guest).post(address(verb, take), {"prompt": "a kite", "key": "r"})
    assert response.status_code == 403
    assert "lets you look" in response.content.decode()
    assert Take.objects.get().state == before


@pytest.mark.parametrize("verb", ["cancel", "retry", "remix"])
def test_a_stranger_finds_no_take_and_changes_none(people, sign_in, take, verb):
    client = sign_in(people.stranger)
    assert client.get(address("take", take)).status_code == 404
    assert client.post(address(verb, take), {"prompt": "a kite", "key": "r"}).status_code == 404
    assert Take.objects.get().state == "queued"


def test_nothing_is_changed_by_a_get(people, sign_in, take):
    client = sign_in(people.artist)
    assert {client.get(address(verb, take)).status_code for verb in ("cancel", "retry", "remix")} == {405}


def test_a_picture_is_shown_as_a_picture(people, sign_in, take):
    project(take, paint(take.prompt)[:1])
    html = sign_in(people.artist).get(address("take", take)).content.decode()
    assert "<video" not in html
    assert 'alt="What came of: a red balloon' in html


def test_the_vocabulary_lists_every_word_the_model_knows(people, sign_in):
    from generation.starter.vocabulary import GROUPS

    html = sign_in(people.guest).get(reverse("takes:vocabulary", args=["starter-1"])).content.decode()
    assert all(phrase in html for group in GROUPS.values() for phrases in group.values() for phrase in phrases)
    assert sign_in(people.guest).get("/models/nothing/vocabulary/").status_code == 404
