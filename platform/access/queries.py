"""The one read everything asks for: what a seat may do."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.db import connection
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from access import snapshot
from access.rules import Entitlements, OverrideValue, resolve
from accounts.models import Seat

# Everything that is this seat's own, in one statement: where its studio stands, the exceptions made for either, and the
# rollouts that name the studio or the person. The ORM spends longer on building a union than either database on
# answering it, and this is asked with every request.
_OWN = """
SELECT 'standing', tier_id, '', '', '', '' FROM access_standing WHERE studio_id = %(studio)s AND until IS NULL
UNION ALL
SELECT 'override', COALESCE(seat_id, 0), field, CAST(value AS text), CAST(created_at AS text), CAST(ends_at AS text)
FROM access_override WHERE (studio_id = %(studio)s OR seat_id = %(seat)s) AND ends_at > %(now)s
UNION ALL
SELECT 'listing', rollout_id, kind, '', '', ''
FROM access_listing WHERE ended_at IS NULL AND (studio_id = %(studio)s OR person_id = %(person)s)
"""


@dataclass(frozen=True)
class Own:
    """What the database says of one seat beyond its own row. `listed` is "allow" or "deny" by rollout id."""

    tier_id: int | None
    overrides: list[OverrideValue] = field(default_factory=list)
    listed: dict[int, str] = field(default_factory=dict)


def entitlements(seat: Seat) -> Entitlements:
    """What the seat may do right now. One query when the seat's studio is joined and the snapshot is fresh."""
    return resolved(seat, own(seat))


def resolved(seat: Seat, mine: Own) -> Entitlements:
    """The same, of what was read already. No query when the snapshot is fresh."""
    now, house = timezone.now(), snapshot.current()
    return resolve(
        tier=None if mine.tier_id is None else snapshot.tier(mine.tier_id),
        overrides=mine.overrides,
        role=seat.role,
        seat_suspended=seat.suspended_at is not None,
        seat_ended=seat.ended_at is not None,
        studio_suspended=seat.studio.suspended_at is not None,
        now=now,
        rollouts=house.rollouts,
        listed=mine.listed,
        tier_id=mine.tier_id,
        studio_id=seat.studio_id,
        person_id=seat.person_id,
    )


def own(seat: Seat) -> Own:
    """One query."""
    tier_id: int | None = None
    overrides: list[OverrideValue] = []
    listed: dict[int, str] = {}
    now: Any = connection.ops.adapt_datetimefield_value(timezone.now())
    with connection.cursor() as cursor:
        cursor.execute(_OWN, {"studio": seat.studio_id, "seat": seat.pk or 0, "person": seat.person_id, "now": now})
        for kind, number, word, value, since, until in cursor.fetchall():
            if kind == "standing":
                tier_id = number
            elif kind == "listing":
                listed[number] = "deny" if word == "deny" or listed.get(number) == "deny" else word
            else:
                overrides.append(
                    OverrideValue(
                        word, json.loads(value) if value else None, bool(number), _moment(since), _moment(until)
                    )
                )
    return Own(tier_id, overrides, listed)


def _moment(text: str) -> datetime:
    """A moment as either database spells it: PostgreSQL with its zone, SQLite in UTC without one."""
    moment = parse_datetime(text)
    assert moment is not None
    return moment if timezone.is_aware(moment) else moment.replace(tzinfo=UTC)
