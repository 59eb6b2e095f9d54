"""The compose card: what it says before anything is sent, what it sends, and that words are never lost."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from quotas import actions as ledger
from quotas import queries as quotas
from takes import doors
from takes.models import Reference, Take
from tests import factories
from tests.takes.projection import project as project_clip

WORDS = "a red balloon rises over the sea at night"


@pytest.fixture
def tidewater(people):
    return factories.make_project(people.owner, "Tidewater")


@pytest.fixture
def address(tidewater):
    return reverse("takes:project", args=[tidewater.pk])


@pytest.fixture
def ask(tidewater, sign_in, people):
    """Ask for a preflight of some words; gives the response."""

    def asked(prompt=WORDS, seat=None, **fields):
        client = sign_in(seat or people.artist)
        return client.post(reverse("takes:preflight", args=[tidewater.pk]), {"prompt": prompt, **fields})

    return asked


def card(**fields):
    return {"prompt": WORDS, "model": "starter-1", "size": "112x64", "frames": "17", "seed": "", "key": "k1"} | fields


# --- Before it is sent -----------------------------------------------------------------------------------------------


def test_a_preflight_says_the_price_and_what_the_button_will_do(ask):
    html = ask().content.decode()
    assert "Render for 3 credits" in html
    assert "No rule stands in the way" in html
    assert not Take.objects.exists()


def test_a_preflight_names_words_the_model_was_never_taught(ask):
    html = ask("a red balloon and a dragon").content.decode()
    assert "does not know <mark>dragon</mark>" in html
    assert reverse("takes:vocabulary", args=["starter-1"]) in html


def test_a_preflight_marks_the_words_a_rule_is_about(ask):
    html = ask("fake news footage of a boat in a storm at sea").content.decode()
    assert "state stop" in html
    assert "<mark>" in html
    assert "Render for" not in html


def test_a_preflight_of_nothing_teaches_instead_of_complaining(ask):
    html = ask("   ").content.decode()
    assert "Write what the camera sees" in html
    assert "state stop" not in html


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"model": "no-such-model"}, "no-such-model"),
        ({"size": "9999x9999"}, "9999×9999"),
        ({"size": "wide"}, "Choose a shape from the list"),
        ({"frames": "18"}, "18 frames"),
        ({"frames": "many"}, "Choose a length from the list"),
        ({"seed": "-1"}, "A seed is a whole number"),
        ({"seed": "4294967296"}, "A seed is a whole number"),
        ({"steps": "51"}, "steps"),
        ({"prompt": "balloon " * 60}, "characters"),
        ({"prompt": "nul \x00"}, "Null characters"),
        ({"reference": "11111111-1111-1111-1111-111111111111"}, "not in this project"),
    ],
)
def test_what_is_wrong_is_said_before_and_again_when_it_is_sent(ask, people, sign_in, address, fields, words):
    assert words in ask(**card(**fields)).content.decode()
    sent = sign_in(people.artist).post(address, card(**fields))
    assert sent.status_code == 422
    html = sent.content.decode()
    assert words in html
    assert 'role="alert"' in html
    assert not Take.objects.exists()


def test_typing_faster_than_the_house_answers_is_told_so(ask, monkeypatch):
    monkeypatch.setattr(doors, "PREFLIGHTS_A_MINUTE", 2)
    assert [ask().status_code for _ in range(3)] == [200, 200, 429]
    assert "Wait a moment" in ask().content.decode()


def test_a_guest_may_look_and_is_told_why_there_is_no_card(people, sign_in, address, ask):
    html = sign_in(people.guest).get(address).content.decode()
    assert "You are a guest" in html
    assert 'name="prompt"' not in html
    assert ask(seat=people.guest).status_code == 403
    sent = sign_in(people.guest).post(address, card())
    assert sent.status_code == 403
    assert "lets you look" in sent.content.decode()


def test_words_given_in_the_address_stand_in_the_card_with_their_preflight(people, sign_in, address):
    html = sign_in(people.artist).get(address, {"prompt": "a <b> dragon"}).content.decode()
    assert "a &lt;b&gt; dragon</textarea>" in html
    assert "<mark>dragon</mark>" in html


# --- Sending ---------------------------------------------------------------------------------------------------------


def test_sending_makes_a_take_and_leads_back_to_the_wall(people, sign_in, address):
    client = sign_in(people.artist)
    sent = client.post(address, card(seed="7", steps="8"))
    take = Take.objects.get()
    assert sent["Location"] == f"{address}#take-1"
    assert (take.prompt, take.spec["seed"], take.spec["steps"]) == (WORDS, 7, 8)
    html = client.get(address).content.decode()
    assert f'data-take="{take.pk}"' in html
    assert "In the queue" in html
    assert "3 held by 1 take under way" in html


def test_a_double_click_is_one_take_and_is_charged_once(people, sign_in, address):
    client = sign_in(people.artist)
    assert [client.post(address, card()).status_code for _ in range(2)] == [302, 302]
    assert Take.objects.count() == 1
    assert quotas.balance(people.studio).held == 3


def test_the_same_card_with_other_words_is_not_sent_and_keeps_them(people, sign_in, address):
    client = sign_in(people.artist)
    client.post(address, card())
    again = client.post(address, card(prompt="a blue kite"))
    html = again.content.decode()
    assert again.status_code == 409
    assert "This card was sent once before" in html
    assert "a blue kite</textarea>" in html
    # The card on that page has a key of its own: sending it is another take.
    assert client.post(address, card(prompt="a blue kite", key=again.context["key"])).status_code == 302
    assert Take.objects.count() == 2


def test_a_refused_prompt_is_an_answer_that_names_the_rule_and_costs_nothing(people, sign_in, address):
    client = sign_in(people.artist)
    client.post(address, card(prompt="fake news footage of a boat in a storm at sea"))
    html = client.get(address).content.decode()
    assert "Not approved" in html
    assert "nothing charged" in html
    take = Take.objects.get()
    page = client.get(reverse("takes:take", args=[take.pk])).content.decode()
    rule = reverse("screening:policy_version", args=[take.decision["policy_version"]])
    assert f'href="{rule}#{take.error_code}"' in page
    assert "edit these words" in page
    assert quotas.balance(people.studio).held == 0


def test_without_credits_the_card_says_what_is_missing(people, sign_in, address, ask):
    ledger.hold(studio=people.studio, amount=quotas.balance(people.studio).available - 2, key="drain")
    assert "costs 3 credits and your studio has 2" in ask().content.decode()
    sent = sign_in(people.artist).post(address, card())
    assert sent.status_code == 402
    assert WORDS in sent.content.decode()


def test_checking_first_sends_nothing(people, sign_in, address):
    response = sign_in(people.artist).post(address, card(intent="check", prompt="a red dragon"))
    assert response.status_code == 200
    html = response.content.decode()
    assert "<mark>dragon</mark>" in html
    assert "a red dragon</textarea>" in html
    assert not Take.objects.exists()


# --- Reference images ------------------------------------------------------------------------------------------------


def test_an_image_is_taken_in_by_itself_and_shown_only_to_its_studio(people, sign_in, tidewater):
    address = reverse("takes:references", args=[tidewater.pk])
    added = sign_in(people.artist).post(address, {"file": factories.make_picture(name="boat.png")})
    assert added.status_code == 201
    url = added.json()["url"]
    shown = sign_in(people.guest).get(url)
    assert (shown["Content-Type"], shown["X-Content-Type-Options"]) == ("image/jpeg", "nosniff")
    assert b"".join(shown.streaming_content)[:2] == b"\xff\xd8"
    assert sign_in(people.stranger).get(url).status_code == 404


def test_what_is_no_image_is_refused_in_words(people, sign_in, tidewater):
    from django.core.files.uploadedfile import SimpleUploadedFile

    client = sign_in(people.artist)
    address = reverse("takes:references", args=[tidewater.pk])
    hostile = client.post(address, {"file": SimpleUploadedFile("x.png", b"<svg onload=alert(1)>", "image/png")})
    assert hostile.status_code == 422
    assert "could not be read as an image" in hostile.json()["message"]
    assert client.post(address).status_code == 422
    assert not Reference.objects.exists()


def test_an_image_sent_along_that_the_model_cannot_use_keeps_the_words(people, sign_in, address):
    response = sign_in(people.artist).post(address, card(file=factories.make_picture()))
    assert response.status_code == 422
    html = response.content.decode()
    assert "works from words alone" in html
    assert WORDS in html
    assert not Take.objects.exists()


# --- The wall --------------------------------------------------------------------------------------------------------


def test_the_wall_is_paged_by_number(people, sign_in, tidewater, address):
    _many(people.owner, tidewater, 30)
    client = sign_in(people.guest)
    first = client.get(address)
    assert [still.take.number for still in first.context["stills"]] == list(range(30, 6, -1))
    older = client.get(address, {"after": first.context["page"].next})
    assert [still.take.number for still in older.context["stills"]] == list(range(6, 0, -1))
    assert "data-live-older" in older.content.decode()
    assert "Newest takes" in older.content.decode()


def test_the_page_costs_as_many_queries_for_3_takes_as_for_40(people, sign_in, tidewater, address):
    client = sign_in(people.artist)

    def count():
        with CaptureQueriesContext(connection) as asked:
            client.get(address)
        return len(asked)

    def newest():
        project_clip(factories.make_take(people.owner, project=tidewater))
        factories.make_take(people.artist, project=tidewater)

    newest()
    _many(people.owner, tidewater, 1)
    count()  # the first page of a session writes the session
    few = count()
    _many(people.owner, tidewater, 35)
    newest()
    assert count() == few
    assert few <= 24


def _many(seat, project, number):
    """Takes that have ended, so that no limit is reached."""
    for _ in range(number):
        take = factories.make_take(seat, project=project)
        Take.objects.filter(pk=take.pk).update(state="cancelled", finished_at=take.created_at)
