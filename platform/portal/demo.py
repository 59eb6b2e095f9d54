"""The demo house: people in every role, studios, projects, takes and applications, made by the same verbs that pages
and API use."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string

from access.applications import actions as applications
from access.applications.inbox import actions as inbox
from access.applications.inbox import letters
from access.applications.rules import Answers
from access.invitations import actions as access
from access.models import Application, Rollout, Tier
from access.models.rollouts import WHOLE
from access.rollouts import actions as rollouts
from access.rollouts import plan
from access.terms import actions as terms_of_use
from access.terms import queries as terms
from accounts.actions import open_studio, sign_in_link
from accounts.models import Duty, Person, Seat, Studio
from audit.actions import Actor
from quotas import actions as quotas
from takes import actions as takes
from takes import project_actions
from takes.models import Take

HOUSE = Actor.house("manage.py demo")


@dataclass(frozen=True)
class Place:
    """A studio of the demo and the tier it stands in."""

    name: str
    tier: str
    is_solo: bool = False


@dataclass(frozen=True)
class Somebody:
    email: str
    name: str
    place: Place
    role: str
    duties: tuple[str, ...] = ()

    @property
    def described(self) -> str:
        duties = [str(Duty.Kind(duty).label) for duty in self.duties]
        return ", ".join([*duties, f"{self.role} at {self.place.name}"])


LANTERN = Place("Lantern Pictures", "studio")
NORTHLIGHT = Place("Northlight", "first-ten", is_solo=True)
LAB = Place("The lab", "lab")

PEOPLE = (
    Somebody("ines@lantern.example", "Ines Okafor", LANTERN, Seat.Role.OWNER),
    Somebody("tomas@lantern.example", "Tomas Reyes", LANTERN, Seat.Role.PRODUCER),
    Somebody("wen@lantern.example", "Wen Zhao", LANTERN, Seat.Role.ARTIST),
    Somebody("mara@lantern.example", "Mara Lindqvist", LANTERN, Seat.Role.GUEST),
    Somebody("sigrun@northlight.example", "Sigrun Aas", NORTHLIGHT, Seat.Role.OWNER),
    Somebody("priya@lab.example", "Priya Nair", LAB, Seat.Role.OWNER, (Duty.Kind.ACCESS_LEAD,)),
    Somebody("omar@lab.example", "Omar Said", LAB, Seat.Role.ARTIST, (Duty.Kind.REVIEWER,)),
    Somebody("jo@lab.example", "Jo Brandt", LAB, Seat.Role.ARTIST, (Duty.Kind.RESEARCHER,)),
    Somebody("ada@lab.example", "Ada Moreno", LAB, Seat.Role.ARTIST, (Duty.Kind.OPERATOR,)),
)

# (who, project, what they ask for). One is refused, so that a refusal can be seen; nothing goes beyond a tier's limits.
TAKES = (
    ("ines@lantern.example", "Tidewater", "a white sailboat drifts right over the sea at dusk, slow push in"),
    ("wen@lantern.example", "Tidewater", "a red balloon rises over the sea at night"),
    ("wen@lantern.example", "Tidewater", "fake news footage of a boat in a storm at sea"),
    ("tomas@lantern.example", "Tidewater", "a yellow umbrella floats down over the ocean in the rain"),
    ("wen@lantern.example", "Paper kites", "a purple kite climbs above the meadow at dawn"),
    ("ines@lantern.example", "Paper kites", "a pink butterfly hovers in front of the mountains, camera pans left"),
    ("sigrun@northlight.example", "Aurora", "an orange rocket goes up over the ice at midnight"),
    ("sigrun@northlight.example", "Aurora", "a blue bird glides left over the city in the fog"),
)

APPLICANTS = (
    (
        "noor@harbour.example",
        Answers(
            name="Noor Haddad",
            kind="artist",
            links=["https://harbour.example/reel", "https://harbour.example/drawings"],
            would_make="A six-minute film about a ferry that no longer runs. I draw the boats by hand; the water is "
            "what I cannot draw. I would use the model for nothing but the sea.",
            worries="Whose films it learned from, and whether my drawings end up in the next one.",
        ),
    ),
    (
        "kenji@papercut.example",
        Answers(
            name="Kenji Mori",
            kind="studio",
            studio_name="Papercut",
            links=["https://papercut.example"],
            would_make="Title sequences for two documentaries, in cut paper. We storyboard with takes and then build "
            "what works, by hand.",
        ),
    ),
    (
        "lena@fjord.example",
        Answers(
            name="Lena Dahl",
            kind="artist",
            would_make="Loops for a stage: weather behind three dancers, ninety minutes, no cuts.",
            worries="That it cannot hold a shot for longer than a few seconds.",
        ),
    ),
)


@transaction.atomic
def prepare() -> None:
    """Bring in the demo's studios and people, with this month's credits, and those who ask to come in.

    What is there already stays as it is.
    """
    publish_terms()
    for somebody in PEOPLE:
        if not Person.objects.filter(email=somebody.email).exists():
            welcome(somebody)
    for person in Person.objects.filter(email__in=[one.email for one in PEOPLE]):
        agree(person)
    for email, answers in APPLICANTS if settings.APPLICATIONS_OPEN else ():
        if not Application.objects.filter(email=email).exists():
            applications.confirm(application=applications.begin(email=email, answers=answers))
            discuss(email)
    if not Rollout.objects.exists():
        roll_out()


def publish_terms() -> None:
    """The first version, where there is none. A house that has terms of its own keeps them."""
    if terms.in_force() is None and terms.draft() is None:
        text = render_to_string("access/terms/demo.txt")
        terms_of_use.publish(version=terms_of_use.write(title="Terms of use", text=text, actor=HOUSE), actor=HOUSE)


def roll_out() -> None:
    """The starter model half way: three stages open, the last one gated, and what must not get worse is watched."""
    lead = Actor.of_person(Person.objects.get(email="priya@lab.example"))
    tiers = {tier.slug: tier for tier in Tier.objects.all()}
    rollout = plan.make(name="Starter preview", kind="model", target="starter-1", actor=lead)
    for stage in (
        plan.StagePlan("Red team", (tiers["lab"],), (WHOLE,)),
        plan.StagePlan("Trusted artists", (tiers["first-ten"],), (WHOLE,), ramp_wait_hours=0),
        plan.StagePlan("Studios", (tiers["studio"],), (WHOLE,), ramp_wait_hours=0),
        plan.StagePlan(
            "Open beta", (tiers["first-ten"], tiers["studio"]), (WHOLE,), wait_hours=7 * 24, approvals_needed=2
        ),
    ):
        plan.add_stage(rollout=rollout, version=rollout.version, plan=stage, actor=lead)
        rollout.refresh_from_db()
    for position in (1, 2, 3):
        rollouts.open_stage(rollout=rollout, position=position, version=rollout.version, actor=lead)
        rollout.refresh_from_db()
    for guardrail in (
        plan.GuardrailPlan("failed_renders", limit_ppm=50_000),
        plan.GuardrailPlan("refusals", limit_ppm=300_000),
        plan.GuardrailPlan("queue_wait", compares=False, limit_ppm=200_000, action="warn"),
    ):
        plan.set_guardrail(rollout=rollout, version=rollout.version, plan=guardrail, actor=lead)
        rollout.refresh_from_db()


def agree(person: Person) -> None:
    if (asked := terms.newest(fresh=True)) is not None:
        terms_of_use.accept(person=person, number=asked.number)


def discuss(email: str) -> None:
    """What the lab has made of the demo's applications so far: one is new, one half read, one on the waiting list."""
    lead = Actor.of_person(Person.objects.get(email="priya@lab.example"))
    application = Application.objects.get(email=email)
    if email == "kenji@papercut.example":
        inbox.tag(application=application, words=["paper", "titles"], actor=lead)
        inbox.ask_second(application=application, actor=lead)
        inbox.read(application=application, verdict="yes", words="They finish what they begin.", actor=lead)
    if email == "lena@fjord.example":
        inbox.note(application=application, words="Ask again when clips get longer.", key="demo", actor=lead)
        letter = letters.draft(letters.Verdict.WAIT).text
        inbox.wait(application=application, seen=application.state, letter=letter, actor=lead)


def welcome(somebody: Somebody) -> Seat:
    tier = Tier.objects.get(slug=somebody.place.tier)
    studio = Studio.objects.filter(name=somebody.place.name).first() or open_studio(
        name=somebody.place.name, is_solo=somebody.place.is_solo, actor=HOUSE
    )
    _, code = access.invite(
        email=somebody.email,
        name=somebody.name,
        studio=studio,
        tier=tier,
        role=somebody.role,
        duties=somebody.duties,
        actor=HOUSE,
    )
    asked = terms.newest(fresh=True)
    seat = access.accept(code=code, name=somebody.name, terms=asked.number if asked else None)
    quotas.grant_recurring(studio=studio)
    return seat


def submit_takes() -> list[Take]:
    """Send the demo's prompts, each once however often this runs. They are rendered by whichever worker comes first."""
    submitted = []
    for email, name, prompt in TAKES:
        seat = Seat.objects.select_related("studio", "person").get(person__email=email, ended_at=None)
        founder = seat.studio.seats.order_by("pk").first()
        project = project_actions.create_project(seat=founder, name=name, key=f"demo:{name}")
        submitted.append(
            takes.submit(seat=seat, project=project, prompt=prompt, wish=takes.Wish(), key=f"demo:{prompt}")
        )
    return submitted


def links_table(site: str) -> list[str]:
    """One line per demo person with a sign-in link that works once, within a day."""
    people = {person.email: person for person in Person.objects.filter(email__in=[one.email for one in PEOPLE])}
    rows = [
        (one.name, one.described, site.rstrip("/") + sign_in_link(people[one.email]))
        for one in PEOPLE
        if one.email in people
    ]
    return ["Sign in as (each link works once):", *columns(rows)] if rows else ["There are no demo people yet."]


def columns(rows: Iterable[tuple[str, ...]]) -> list[str]:
    rows = list(rows)
    widths = [max(len(row[index]) for row in rows) for index in range(len(rows[0]))]
    return [
        "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
