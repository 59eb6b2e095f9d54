"""Duties of the lab's people, and shutting one person out of the whole house. Each is one transaction and audited."""

from django.db import transaction

from access.errors import LastLead
from access.reasons import LONGEST, reason_given
from accounts import actions as accounts
from accounts.models import Duty, Person
from audit.actions import Actor, record


@transaction.atomic
def give_duty(*, person: Person, kind: str, reason: str, actor: Actor) -> None:
    """Give a person a duty of the lab. Who has it already keeps it. Raises ReasonNeeded."""
    reason, duty = reason_given(reason), Duty.Kind(kind)
    _, is_new = Duty.objects.get_or_create(person=person, kind=duty)
    if is_new:
        record(actor=actor, action="duty.given", target=person, facts={"duty": duty.value, "reason": reason})


@transaction.atomic
def take_duty(*, person: Person, kind: str, reason: str, actor: Actor) -> None:
    """Take a duty from a person, who need not have it. Raises ReasonNeeded, and LastLead."""
    reason, duty = reason_given(reason), Duty.Kind(kind)
    if duty == Duty.Kind.ACCESS_LEAD:
        _keep_a_lead(person)
    taken, _ = Duty.objects.filter(person=person, kind=duty).delete()
    if taken:
        record(actor=actor, action="duty.taken", target=person, facts={"duty": duty.value, "reason": reason})


@transaction.atomic
def deactivate(*, person: Person, reason: str, actor: Actor) -> Person:
    """Shut a person out of the whole house: sessions, keys, links and open pages, all seats at once. Undoable.

    What was accepted from their seats finishes. Raises ReasonNeeded, and LastLead.
    """
    reason = reason_given(reason)
    _keep_a_lead(person)
    return accounts.deactivate_person(person=person, actor=actor, reason=reason)


@transaction.atomic
def activate(*, person: Person, actor: Actor, reason: str = "") -> Person:
    """Undo a deactivation; they sign in as before."""
    return accounts.activate_person(person=person, actor=actor, reason=reason.strip()[:LONGEST])


def _keep_a_lead(person: Person) -> None:
    """Raise LastLead where the house would be left without a lead who can sign in.

    Whoever removes a lead first locks every lead's row, in one order: of two who remove each other, the second waits,
    and then finds itself alone.
    """
    leads = Duty.objects.filter(kind=Duty.Kind.ACCESS_LEAD)
    list(leads.select_for_update().order_by("pk").values_list("pk", flat=True))
    in_reach = leads.filter(person__is_active=True)
    if in_reach.filter(person=person).exists() and not in_reach.exclude(person=person).exists():
        raise LastLead(
            f"{person.name} is the only access lead who can sign in. Give somebody else the duty first: the house "
            "keeps at least one."
        )
