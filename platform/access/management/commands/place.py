from django.core.management.base import BaseCommand, CommandError

from access.errors import TierRetired
from access.models import Tier
from access.tiers import actions
from accounts.models import Studio
from audit.actions import Actor


class Command(BaseCommand):
    help = "Stand a studio in a tier from now on. Its credits follow with the next month."

    def add_arguments(self, parser) -> None:
        parser.add_argument("studio", metavar="SLUG")
        parser.add_argument("tier")
        parser.add_argument("--reason", required=True, help="kept with the studio's history")

    def handle(self, *args: object, studio: str, tier: str, reason: str, **options: object) -> None:
        named, wanted = Studio.objects.filter(slug=studio).first(), Tier.objects.filter(slug=tier).first()
        if named is None:
            raise CommandError(f"There is no studio with the slug “{studio}”.")
        if wanted is None:
            slugs = ", ".join(Tier.objects.values_list("slug", flat=True))
            raise CommandError(f"There is no tier “{tier}”; use one of {slugs}.")
        try:
            actions.place(studio=named, tier=wanted, reason=reason, actor=Actor.house("manage.py place"))
        except TierRetired as problem:
            raise CommandError(problem.message) from problem
        self.stdout.write(f"{named.name} stands in {wanted.name}.")
