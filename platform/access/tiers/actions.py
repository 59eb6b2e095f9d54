"""Make, change and retire tiers; place a studio; make an exception, lift it. Each is one transaction and audited."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.text import slugify

from access import snapshot
from access.errors import InvalidOverride, InvalidTier, TierMovedOn, TierRetired
from access.models import Override, Standing, Suspension, Tier, TierVersion
from access.reasons import reason_given
from access.rules import OVERRIDABLE
from access.signals import withdrawn
from access.tiers import queries
from access.tiers.limits import LIMITS, problem_with
from accounts.models import Seat, Studio
from audit.actions import Actor, record

# --- Tiers -----------------------------------------------------------------------------------------------------------


@transaction.atomic
def make_tier(*, limits: Mapping[str, Any], reason: str, actor: Actor) -> Tier:
    """A new tier, with every field of limits.LIMITS given. Its slug is its name's. Raises InvalidTier, ReasonNeeded."""
    reason, wanted = reason_given(reason), _clean(limits)
    if missing := [field for field in LIMITS if field not in wanted]:
        raise InvalidTier(dict.fromkeys(missing, "A new tier needs it."))
    slug = slugify(wanted["name"])[:40]
    if not slug:
        raise InvalidTier({"name": "A tier's name has at least one letter or digit."})
    if same := Tier.objects.filter(slug=slug).first():
        if queries.said(same) == wanted:
            return same  # the button was pressed twice
        raise InvalidTier({"name": "There is a tier of this name, or there was one. Choose another."})
    tier = _saved(Tier(slug=slug), wanted)
    TierVersion.objects.create(tier=tier, number=1, limits=queries.said(tier), by_id=actor.person_id, reason=reason)
    facts = {"tier": tier.slug, "limits": queries.said(tier), "reason": reason}
    record(actor=actor, action="tier.made", target=tier, facts=facts)
    return tier


@transaction.atomic
def change_tier(*, tier: Tier, changes: Mapping[str, Any], reason: str, actor: Actor, seen: int | None = None) -> Tier:
    """Change some fields of a tier, for every studio in it, from now on. Nothing different: nothing happens.

    `seen` is the number of the version that the change was written against; left out, the newest. Raises InvalidTier
    with what is wrong with each field, ReasonNeeded, and TierMovedOn where somebody changed it after `seen`.
    """
    wanted = _clean(changes)
    tier = _locked(tier)
    before = queries.said(tier)
    different = {field: value for field, value in wanted.items() if before[field] != value}
    if not different:
        return tier
    reason = reason_given(reason)
    newest = _newest_version(tier, before)
    if seen is not None and seen != newest.number:
        raise TierMovedOn("Somebody changed this tier while you did. Look at what it says now, then change it again.")
    _saved(tier, different)
    TierVersion.objects.create(
        tier=tier, number=newest.number + 1, limits=queries.said(tier), by_id=actor.person_id, reason=reason
    )
    facts = {
        "tier": tier.slug,
        "before": {field: before[field] for field in different},
        "after": different,
        "version": newest.number + 1,
        "reason": reason,
    }
    record(actor=actor, action="tier.changed", target=tier, facts=facts)
    return tier


@transaction.atomic
def retire_tier(*, tier: Tier, reason: str, actor: Actor) -> Tier:
    """Nobody is placed in the tier any more; studios that stand in it stay. A retired one stays as it is."""
    reason = reason_given(reason)
    tier = _locked(tier)
    if tier.retired_at is None:
        tier.retired_at = timezone.now()
        tier.save(update_fields=["retired_at"])
        record(actor=actor, action="tier.retired", target=tier, facts={"tier": tier.slug, "reason": reason})
    return tier


@transaction.atomic
def bring_back_tier(*, tier: Tier, actor: Actor) -> Tier:
    """Undo a retirement."""
    tier = _locked(tier)
    if tier.retired_at is not None:
        tier.retired_at = None
        tier.save(update_fields=["retired_at"])
        record(actor=actor, action="tier.brought_back", target=tier, facts={"tier": tier.slug})
    return tier


def _locked(tier: Tier) -> Tier:
    return Tier.objects.select_for_update(no_key=True).get(pk=tier.pk)


def _clean(given: Mapping[str, Any]) -> dict[str, Any]:
    """The values as they are kept. Raises InvalidTier."""
    if problems := {field: problem for field, value in given.items() if (problem := problem_with(field, value))}:
        raise InvalidTier(problems)
    kept = dict(given)
    if "name" in kept:
        kept["name"] = kept["name"].strip()
    if "models" in kept:
        kept["models"] = ["*"] if "*" in kept["models"] else sorted(set(kept["models"]))
    return kept


def _saved(tier: Tier, values: Mapping[str, Any]) -> Tier:
    for field, value in values.items():
        setattr(tier, field, _tier_called(value) if field == "invitation_tier" else value)
    if Tier.objects.filter(rank=tier.rank).exclude(pk=tier.pk).exists():
        raise InvalidTier({"rank": "Another tier has this rank. Each has one of its own."})
    try:
        with transaction.atomic():
            tier.save()
            snapshot.changed()
    except IntegrityError:
        raise InvalidTier({"rank": "Another tier took this rank, or this name, a moment ago. Look again."}) from None
    return tier


def _tier_called(slug: str | None) -> Tier | None:
    if slug is None:
        return None
    found = Tier.objects.filter(slug=slug).first()
    if found is None:
        raise InvalidTier({"invitation_tier": f"There is no tier “{slug}”."})
    return found


def _newest_version(tier: Tier, limits: dict[str, Any]) -> TierVersion:
    """The version that says what the tier says now; a tier that has none yet gets its first."""
    newest = tier.versions.order_by("-number").first()
    return newest or TierVersion.objects.create(tier=tier, number=1, limits=limits, reason="As it was before")


# --- Where studios stand ---------------------------------------------------------------------------------------------


@transaction.atomic
def place(*, studio: Studio, tier: Tier, reason: str, actor: Actor, stop_work: bool = False) -> Standing:
    """Stand a studio in a tier from now on; its former standing ends at the same moment and stays as history.

    What was accepted keeps its price and finishes, unless `stop_work`. Raises TierRetired.
    """
    Studio.objects.select_for_update(no_key=True).get(pk=studio.pk)
    now = timezone.now()
    former = queries.standing_of(studio)
    if former is not None and former.tier_id == tier.pk:
        return former
    if _locked(tier).retired_at is not None:
        raise TierRetired(f"“{tier.name}” is retired: nobody is placed in it. Bring it back, or choose another tier.")
    if former is not None:
        former.until = now
        former.save(update_fields=["until"])
    standing = Standing.objects.create(studio=studio, tier=tier, since=now, reason=reason, by_id=actor.person_id)
    record(
        actor=actor,
        action="studio.placed",
        target=studio,
        studio=studio,
        facts={"tier": tier.slug, "from": former.tier.slug if former else None, "reason": reason}
        | ({"running_work": Suspension.RunningWork.STOP.value} if stop_work else {}),
    )
    if stop_work:
        rule = Suspension.RunningWork.STOP
        withdrawn.send(Standing, studio_id=studio.pk, seat_id=None, rule=rule, reason=reason, actor=actor)
    return standing


@transaction.atomic
def move_back(*, standing: Standing, actor: Actor) -> Standing | None:
    """Undo a move: back to where the studio stood before this standing, if it still stands here.

    None where nothing was undone: it has moved on, or it stood nowhere before. Raises TierRetired.
    """
    Studio.objects.select_for_update(no_key=True).get(pk=standing.studio_id)
    standing = Standing.objects.select_related("studio", "tier").get(pk=standing.pk)
    former = queries.standing_before(standing)
    if standing.until is not None or former is None:
        return None
    reason = f"Undone: {standing.reason}"[:300]
    return place(studio=standing.studio, tier=former.tier, reason=reason, actor=actor)


# --- Exceptions ------------------------------------------------------------------------------------------------------


@transaction.atomic
def override(
    *,
    field: str,
    value: Any,
    ends_at: datetime,
    reason: str,
    actor: Actor,
    studio: Studio | None = None,
    seat: Seat | None = None,
) -> Override:
    """Except one studio, or one seat, from one limit of its tier until `ends_at`. Raises InvalidOverride.

    The same exception asked for again is the one that is in force already.
    """
    if (studio is None) == (seat is None):
        raise TypeError("override() takes a studio or a seat, and one of them.")
    if field not in OVERRIDABLE:
        raise InvalidOverride(f"“{field}” is no limit that can be overridden; {', '.join(OVERRIDABLE)} can.")
    fits, wanted = OVERRIDABLE[field]
    if not fits(value):
        raise InvalidOverride(f"“{field}” takes {wanted}.")
    if problem := problem_with(field, value):
        raise InvalidOverride(problem)
    if ends_at <= timezone.now():
        raise InvalidOverride("An exception needs an end that is still to come.")
    # One at a time for each studio, so that a button pressed twice makes one.
    within = studio.pk if studio is not None else seat.studio_id if seat is not None else 0
    Studio.objects.select_for_update(no_key=True).get(pk=within)
    same = Override.objects.filter(studio=studio, seat=seat, field=field, ends_at__gt=timezone.now())
    last = same.order_by("-created_at", "-pk").first()
    if last is not None and (last.value, last.ends_at, last.reason) == (value, ends_at, reason):
        return last
    made = Override.objects.create(
        studio=studio, seat=seat, field=field, value=value, ends_at=ends_at, reason=reason, by_id=actor.person_id
    )
    _record_override(made, "override.made", actor, field=field, value=value, ends_at=ends_at.isoformat(), reason=reason)
    return made


@transaction.atomic
def lift(*, override: Override, actor: Actor) -> Override:
    """End an exception now. One that has ended already stays as it is."""
    now = timezone.now()
    if Override.objects.filter(pk=override.pk, ends_at__gt=now).update(ends_at=now):
        _record_override(override, "override.lifted", actor, field=override.field)
    override.refresh_from_db()
    return override


def _record_override(made: Override, action: str, actor: Actor, **facts: Any) -> None:
    whose = made.studio_id or (made.seat.studio_id if made.seat else None)
    record(actor=actor, action=action, target=made, studio=whose, facts=facts | {"seat": made.seat_id})
