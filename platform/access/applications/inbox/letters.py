"""What we write to an applicant about a decision: a template's words first, the lead's own in the end."""

from dataclasses import dataclass
from enum import StrEnum

from django.template.loader import render_to_string

from access.applications.rules import filled
from access.letters.actions import write
from access.models import Application


class Verdict(StrEnum):
    ACCEPT = "accept"
    DECLINE = "decline"
    WAIT = "wait"


_TEMPLATES = {
    Verdict.ACCEPT: "access/letters/application_accepted.txt",
    Verdict.DECLINE: "access/letters/application_declined.txt",
    Verdict.WAIT: "access/letters/application_waiting.txt",
}


@dataclass(frozen=True)
class Draft:
    """A letter before it goes. In the text, {name}, {studio}, {link} and {until} are filled in by the house."""

    subject: str
    text: str


def draft(verdict: Verdict) -> Draft:
    head, _, text = render_to_string(_TEMPLATES[verdict]).strip().partition("\n")
    return Draft(head.removeprefix("Subject:").strip(), text.strip())


def send(
    *, application: Application, verdict: Verdict, text: str, studio: str, link: str = "", until: str = ""
) -> None:
    words = {"name": application.name, "studio": studio} | ({"link": link, "until": until} if link else {})
    write(
        key=f"application:{application.pk}:{verdict}",
        to=application.email,
        template="access/letters/application_decided.txt",
        words={"subject": draft(verdict).subject, "text": filled(text, words)},
    )
