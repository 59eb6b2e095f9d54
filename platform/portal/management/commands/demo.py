from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal import demo
from takes.models import Take
from takes.tasks import read_outbox


class Command(BaseCommand):
    help = "Fill the house with demo people in every role, projects and takes, and print their sign-in links."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--render", action="store_true", help="render the demo's takes here and now")
        parser.add_argument("--no-links", action="store_true", help="print no links (`manage.py up --links` does)")
        parser.add_argument("--in-production", action="store_true", help="yes, on a production site")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEBUG and not options["in_production"]:
            raise CommandError(
                "This is a production site, and the demo lets in people who do not exist. If you want that, "
                "run `manage.py demo --in-production`."
            )
        demo.prepare()
        submitted = demo.submit_takes()
        if options["render"]:
            self.render([take.pk for take in submitted])
        if not options["no_links"]:
            self.stdout.write("\n".join(demo.links_table(settings.SITE_URL)))

    def render(self, wanted: list[object]) -> None:
        while waiting := Take.objects.filter(pk__in=wanted, finished_at=None).count():
            self.stderr.write(f"Rendering the demo's takes: {waiting} to go")
            call_command("worker", "--once")
            read_outbox()
