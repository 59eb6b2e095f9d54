"""Small factories with sensible defaults. Each makes what it needs beneath it: `make_seat()` alone is a working studio.

Rows that carry rules are made by the actions that own the rules, so that a factory never builds what the house would
refuse.
"""

import itertools
from collections.abc import Iterable
from io import BytesIO
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import Duty, Person, Seat, Studio

_numbers = itertools.count(1)
PASSWORD = "a lamp on an empty stage"


def make_person(name: str = "", *, email: str = "", password: str | None = None, duties: Iterable[str] = ()) -> Person:
    """Somebody who can sign in; `duties` are accounts.models.Duty.Kind values."""
    number = next(_numbers)
    name = name or f"Person {number}"
    made = Person.objects.create_person(email or f"person{number}@example.com", name, password)
    Duty.objects.bulk_create(Duty(person=made, kind=kind) for kind in duties)
    return made


def make_studio(name: str = "", *, tier: str | None = "studio", credits: int = 1000, solo: bool = False) -> Studio:
    """A studio that stands in `tier` (None: in none) with `credits` to spend."""
    from access.models import Tier
    from access.tiers import actions as access
    from audit.actions import Actor
    from quotas import actions as quotas

    number = next(_numbers)
    made = Studio.objects.create(name=name or f"Studio {number}", slug=f"studio-{number}", is_solo=solo)
    if tier:
        access.place(studio=made, tier=Tier.objects.get(slug=tier), reason="test", actor=Actor.house("tests"))
    if credits:
        quotas.grant(
            studio=made,
            amount=credits,
            key=f"test:{number}",
            source="goodwill",
            reason="test",
            actor=Actor.house("tests"),
        )
    return made


def make_seat(
    role: str = "artist", *, studio: Studio | None = None, person: Person | None = None, **of_studio: Any
) -> Seat:
    """One person's place in a studio; keyword arguments beyond these go to the studio that is made for it."""
    return Seat.objects.create(person=person or make_person(), studio=studio or make_studio(**of_studio), role=role)


def make_rollout(*plans: Any, model: str = "starter-1", name: str = "Starter", stages: int = 2, **how: Any) -> Any:
    """A planned rollout of a model with `plans`, or with this many stages: First ten at 50 and 100 %, then Studio."""
    from access.models import Rollout, Tier
    from access.rollouts import plan
    from audit.actions import Actor

    house = Actor.house("tests")
    made = plan.make(name=name, kind=how.pop("kind", "model"), target=model, actor=house, **how)
    usual = (
        plan.StagePlan("Trusted", (Tier.objects.get(slug="first-ten"),), (500_000, 1_000_000), ramp_wait_hours=0),
        plan.StagePlan("Studios", (Tier.objects.get(slug="studio"),), (1_000_000,)),
        plan.StagePlan("Lab", (Tier.objects.get(slug="lab"),), (1_000_000,)),
    )
    for one in plans or usual[:stages]:
        plan.add_stage(rollout=made, version=made.version, plan=one, actor=house)
        made.refresh_from_db()
    return Rollout.objects.get(pk=made.pk)


def make_project(seat: Seat, name: str = "Tidewater") -> Any:
    from takes import project_actions

    return project_actions.create_project(seat=seat, name=name, key=f"test-{next(_numbers)}")


def make_take(
    seat: Seat,
    *,
    project: Any = None,
    prompt: str = "a red balloon rises over the sea at night",
    key: str = "",
    reference: Any = None,
    **wish: Any,
) -> Any:
    """A take submitted as its creator would; `wish` holds fields of takes.actions.Wish."""
    from takes import actions as takes

    return takes.submit(
        seat=seat,
        project=project or make_project(seat),
        prompt=prompt,
        wish=takes.Wish(**wish),
        key=key or f"test-{next(_numbers)}",
        reference=reference,
    )


APPLICATION = {
    "name": "Ada Moreau",
    "kind": "studio",
    "studio_name": "Moreau & Daughters",
    "links": "https://moreau.example/reel",
    "would_make": "A short film about the tide.",
    "worries": "Whose films it learned from.",
}


def make_application(email: str = "", *, sent: bool = False, **told: Any) -> tuple[Any, str]:
    """An application and a code that opens it: a whole draft, or `sent`; `told` replaces answers of APPLICATION."""
    from access.applications import actions, queries
    from access.applications.rules import Answers
    from access.models import ApplicationLink

    number = next(_numbers)
    answers = Answers(**(APPLICATION | {"links": [APPLICATION["links"]]} | told))
    made = actions.begin(email=email or f"applicant{number}@example.com", answers=answers)
    code = f"code-{number}"
    ApplicationLink.objects.create(application=made, code_hash=queries.hash_of(code))
    return actions.confirm(application=made) if sent else made, code


def make_picture(width: int = 64, height: int = 48, *, format: str = "PNG", name: str = "") -> SimpleUploadedFile:
    """An uploaded image of one colour."""
    from PIL import Image

    data = BytesIO()
    Image.new("RGB", (width, height), (200, 120, 60)).save(data, format=format)
    return SimpleUploadedFile(name or f"picture.{format.lower()}", data.getvalue(), f"image/{format.lower()}")
