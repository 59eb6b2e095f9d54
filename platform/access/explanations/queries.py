"""What an explanation needs to know of one seat."""

from django.db.models import Q, QuerySet
from django.utils import timezone

from access import snapshot
from access.explanations.rules import Explanation, Facts, Told, acts, explain
from access.models import Override
from access.queries import own
from access.rollouts import targets
from access.rules import OverrideValue
from accounts.models import Seat


def facts_of(seat: Seat) -> Facts:
    """Two queries, when the seat's studio is joined: the second tells who made the exceptions, and why."""
    now, mine = timezone.now(), own(seat)
    found = Override.objects.filter(Q(studio=seat.studio_id) | Q(seat=seat.pk), ends_at__gt=now).select_related("by")
    told = [
        Told(
            OverrideValue(one.field, one.value, one.seat_id is not None, one.created_at, one.ends_at),
            f"{one.reason} ({one.by.name})" if one.by else one.reason,
        )
        for one in found
    ]
    return Facts(
        tier=None if mine.tier_id is None else snapshot.tier(mine.tier_id),
        tier_id=mine.tier_id,
        overrides=told,
        role=seat.role,
        seat_suspended=seat.suspended_at is not None,
        seat_ended=seat.ended_at is not None,
        studio_suspended=seat.studio.suspended_at is not None,
        rollouts=snapshot.current().rollouts,
        listed=mine.listed,
        studio_id=seat.studio_id,
        person_id=seat.person_id,
        now=now,
    )


def explanation(seat: Seat, act: str) -> Explanation:
    """Raises UnknownAct."""
    return explain(act, facts_of(seat))


def everything(seat: Seat) -> list[Explanation]:
    """Every act there is, explained; as many queries as for one."""
    facts = facts_of(seat)
    return [explain(act, facts) for act, _ in acts(facts, targets.models())]


def seats_like(words: str) -> QuerySet[Seat]:
    """Seats that have not ended whose person, address or studio contains the words."""
    like = (
        Q(person__name__icontains=words)
        | Q(person__email__icontains=words)
        | Q(studio__name__icontains=words)
        | Q(studio__slug=words)
    )
    return Seat.objects.filter(like, ended_at=None).select_related("person", "studio")
