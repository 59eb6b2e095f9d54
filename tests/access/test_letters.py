"""Letters leave the house once, and are forgotten when they have."""

import smtplib
from datetime import timedelta

import pytest
from django.core import mail
from django.db import transaction
from django.utils import timezone

from access.letters import actions
from access.models import Letter

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def template(monkeypatch):
    monkeypatch.setattr(
        actions, "render_to_string", lambda name, words: "Subject: Hello {who}\n\nCome in.".format(**words)
    )


def write(key="k", who="Ada"):
    return actions.write(key=key, to="ada@example.com", template="any.txt", words={"who": who})


def test_a_letter_is_sent_once_and_its_text_forgotten():
    letter = write()
    assert "Come in" not in letter.text, "what waits is sealed"
    assert actions.send_due() == 1
    assert actions.send_due() == 0
    (sent,) = mail.outbox
    assert (sent.subject, sent.body, sent.to) == ("Hello Ada", "Come in.\n", ["ada@example.com"])
    letter.refresh_from_db()
    assert (letter.text, letter.next_try_at) == ("", None)
    assert letter.sent_at is not None


def test_the_same_news_is_written_once():
    assert write() == write()
    assert Letter.objects.count() == 1


def test_a_letter_is_not_written_when_what_it_tells_of_fails():
    def change_that_fails():
        with transaction.atomic():
            write()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        change_that_fails()
    assert not Letter.objects.exists()


def test_a_letter_that_cannot_be_handed_over_waits_and_is_given_up_in_the_end(monkeypatch):
    def down(*_):
        raise smtplib.SMTPServerDisconnected

    monkeypatch.setattr(actions, "send_mail", down)
    letter = write()
    for attempt in range(1, actions.MOST_ATTEMPTS + 1):
        assert actions.send_due() == 0
        letter.refresh_from_db()
        assert letter.attempts == attempt
        assert actions.send_due() == 0, "it is not tried again before its time"
        Letter.objects.filter(next_try_at__isnull=False).update(next_try_at=timezone.now() - timedelta(seconds=1))
    assert letter.given_up_at is not None
    assert letter.text == ""
