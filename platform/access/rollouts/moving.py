"""What every verb of rollouts begins and ends with: the locked row at the version that was seen, and a new version."""

from typing import Any

from django.db.models import F
from django.utils import timezone

from access import snapshot
from access.errors import Outpaced
from access.models import Rollout
from audit.actions import Actor, record


def locked(pk: int) -> Rollout:
    return Rollout.objects.select_for_update(no_key=True).get(pk=pk)


def seen(rollout: Rollout, version: int) -> Rollout:
    """The rollout, locked, if it is still at the version that was looked at."""
    found = locked(rollout.pk)
    if found.version != version:
        raise Outpaced("Somebody changed this rollout while you looked at it. Here is how it stands now; decide again.")
    return found


def move(rollout: Rollout, **changes: Any) -> None:
    for name, value in changes.items():
        setattr(rollout, name, value)
    rollout.changed_at = timezone.now()
    Rollout.objects.filter(pk=rollout.pk).update(version=F("version") + 1, changed_at=rollout.changed_at, **changes)
    rollout.version += 1
    snapshot.changed()


def note(rollout: Rollout, action: str, actor: Actor, /, **facts: Any) -> None:
    record(actor=actor, action=action, target=rollout, facts=facts)
