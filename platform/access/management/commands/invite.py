from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.urls import reverse

from access.errors import InvalidInvitation
from access.invitations import actions
from access.invitations.queries import studio_called
from access.models import Tier
from accounts.models import Duty, Seat
from audit.actions import Actor


class Command(BaseCommand):
    help = "Invite somebody: prints a link that lets this address in, once. Hand it over privately; it is not kept."

    def add_arguments(self, parser) -> None:
        parser.add_argument("email")
        parser.add_argument(
            "--studio", required=True, metavar="NAME", help="one that is here, by slug or name, or a new one"
        )
        parser.add_argument("--tier", default="first-ten", help="where a new studio will stand (first-ten)")
        parser.add_argument("--role", default="owner", choices=Seat.Role.values, help="in the studio (owner)")
        parser.add_argument("--duty", action="append", default=[], choices=Duty.Kind.values, help="for the lab's own")
        parser.add_argument("--name", default="", help="how the invitation addresses them")
        parser.add_argument("--days", type=int, default=14, help="how long the link works (14)")

    def handle(self, *args: object, email: str, studio: str, tier: str, **options: Any) -> None:
        standing = Tier.objects.filter(slug=tier).first()
        if standing is None:
            slugs = ", ".join(Tier.objects.values_list("slug", flat=True))
            raise CommandError(f"There is no tier “{tier}”; use one of {slugs}.")
        try:
            here = studio_called(studio)
            invitation, code = actions.invite(
                email=email,
                name=options["name"],
                tier=standing,
                role=options["role"],
                duties=options["duty"],
                days=options["days"],
                studio=here,
                studio_name="" if here else studio,
                actor=Actor.house("manage.py invite"),
            )
        except InvalidInvitation as problem:
            raise CommandError(problem.message) from problem
        where = f"joins {here.name}" if here else f"founds {invitation.studio_name}, tier {standing.name}"
        self.stderr.write(
            f"{invitation.email} {where} as {invitation.get_role_display().lower()}; the link works once, until "
            f"{invitation.expires_at:%d %B %Y %H:%M} UTC."
        )
        self.stdout.write(settings.SITE_URL.rstrip("/") + reverse("join", args=[code]))
