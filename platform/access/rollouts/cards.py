"""What the lead's first page says of rollouts."""

from django.urls import reverse

from access.models import Rollout
from access.overview import Card, register


def halted() -> Card | None:
    count = Rollout.objects.filter(state=Rollout.State.HALTED).count()
    if not count:
        return None
    url = f"{reverse('lab_rollouts')}?state={Rollout.State.HALTED}"
    sentence = "Nobody gets in through the stage that was open, until you resume or roll back."
    return Card("Halted rollouts", count, sentence, url)


def shut() -> Card | None:
    count = Rollout.objects.filter(shut_at__isnull=False).exclude(state=Rollout.State.FINISHED).count()
    if not count:
        return None
    return Card("Shut for everybody", count, "Open it again once what was wrong is mended.", reverse("lab_rollouts"))


register(halted, place=5)
register(shut, place=6)
