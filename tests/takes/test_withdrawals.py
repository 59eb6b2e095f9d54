"""What becomes of takes under way when their studio or seat is shut, or moved: nothing, or they are stopped."""

import pytest

from access.models import Suspension, Tier
from access.suspensions import actions as suspensions
from access.tiers import actions as tiers
from accounts import actions as accounts
from audit.actions import Actor
from audit.models import Record
from generation.models import Event, Job, JobState
from quotas import queries as quotas
from takes import actions, withdrawals
from takes.errors import NotAllowed
from takes.models import Take
from takes.tasks import read_outbox
from takes.wishes import Wish
from tests import factories
from tests.at_once import at_once
from tests.takes.projection import begin

HOUSE = Actor.house("tests")
FINISH, STOP = Suspension.RunningWork.FINISH, Suspension.RunningWork.STOP


def suspend(studio, rule=STOP, actor=HOUSE):
    return suspensions.suspend_studio(studio=studio, reason="a leaked key", running_work=rule, actor=actor)


def states(*takes):
    return [Take.objects.get(pk=take.pk).state for take in takes]


@pytest.fixture
def at_work(people):
    """A take of the owner that renders, one of the owner and one of the artist that wait; a stranger's."""
    project = factories.make_project(people.owner)
    rendering = factories.make_take(people.owner, project=project)
    begin(rendering)
    waiting, artists = (factories.make_take(seat, project=project) for seat in (people.owner, people.artist))
    return rendering, waiting, artists, factories.make_take(people.stranger)


def test_what_waits_ends_at_once_with_its_credits_and_what_renders_is_asked_to_end(people, at_work):
    rendering, waiting, artists, strangers = at_work
    lead = Actor.of_person(people.access_lead)
    suspend(people.studio, actor=lead)
    assert states(rendering, waiting, artists, strangers) == ["rendering", "cancelled", "cancelled", "queued"]
    assert quotas.balance(people.studio).held == rendering.price
    assert Job.objects.get(pk=rendering.job_id).cancel_requested_at
    assert Job.objects.get(pk=waiting.job_id).state == JobState.CANCELLED
    told = Record.objects.filter(target_type="takes.take", actor_id=lead.id).order_by("id")
    assert [one.action for one in told] == ["take.withdrawn"] * 3
    assert all('"reason":"a leaked key"' in one.canonical for one in told)
    read_outbox()
    assert quotas.balance(people.studio).held == rendering.price, "what ended is not given back twice"
    Event.objects.create(job_id=rendering.job_id, kind=Event.Kind.CANCELLED, payload={})
    read_outbox()
    assert states(rendering) == ["cancelled"]
    assert (quotas.balance(people.studio).held, quotas.balance(people.studio).spent) == (0, 0)
    assert list(quotas.verify(people.studio)) == []


def test_what_was_accepted_finishes_when_the_lead_says_so(people, at_work):
    suspend(people.studio, FINISH)
    read_outbox()
    assert states(*at_work) == ["rendering", "queued", "queued", "queued"]
    Event.objects.create(job_id=at_work[0].job_id, kind=Event.Kind.SUCCEEDED, payload={})
    read_outbox()
    assert states(at_work[0]) == ["ready"]


def test_a_seats_suspension_stops_only_what_is_its_own(people, at_work):
    rendering, waiting, artists, _ = at_work
    suspensions.suspend_seat(seat=people.artist, reason="a leaked key", running_work=STOP, actor=HOUSE)
    assert states(rendering, waiting, artists) == ["rendering", "queued", "cancelled"]


def test_what_was_let_finish_is_stopped_when_the_lead_thinks_better_of_it(people, at_work):
    suspension = suspend(people.studio, FINISH)
    suspensions.stop_work(suspension=suspension, actor=HOUSE)
    assert states(*at_work) == ["rendering", "cancelled", "cancelled", "queued"]


@pytest.mark.parametrize("stop_work", [True, False])
def test_a_move_leaves_work_alone_unless_the_lead_says_otherwise(people, at_work, stop_work):
    first_ten = Tier.objects.get(slug="first-ten")
    tiers.place(studio=people.studio, tier=first_ten, reason="smaller", stop_work=stop_work, actor=HOUSE)
    ended = "cancelled" if stop_work else "queued"
    assert states(*at_work) == ["rendering", ended, ended, "queued"]
    tiers.place(studio=people.other_studio, tier=first_ten, reason="smaller", actor=HOUSE)


def test_a_take_that_waits_for_a_reviewer_is_stopped_too(people):
    take = factories.make_take(people.owner)
    Take.objects.filter(pk=take.pk).update(state=Take.State.IN_REVIEW, job_id=None)
    suspend(people.studio)
    assert states(take) == ["cancelled"]
    assert quotas.balance(people.studio).held == 0


def test_whoever_looks_reads_why_their_take_ended(people, sign_in):
    take = factories.make_take(people.owner)
    suspend(people.studio)
    suspensions.restore_studio(studio=people.studio, actor=HOUSE)
    page = sign_in(people.owner).get(f"/takes/{take.pk}/").content.decode()
    assert withdrawals.TOLD in page
    assert "a leaked key" not in page, "the reason is the lab's own"


def test_many_takes_are_stopped_a_batch_at_a_time(people, monkeypatch):
    monkeypatch.setattr(withdrawals, "BATCH", 2)
    project = factories.make_project(people.owner)
    takes = [factories.make_take(people.owner, project=project) for _ in range(5)]
    suspend(people.studio)
    assert set(states(*takes)) == {"cancelled"}
    assert quotas.balance(people.studio).held == 0


@pytest.mark.parametrize("shut", ["studio", "seat", "person"])
def test_nothing_is_accepted_from_a_seat_that_was_shut_after_the_request_began(people, shut):
    seat, project = people.artist, factories.make_project(people.owner)
    if shut == "studio":
        suspend(people.studio)
    elif shut == "seat":
        suspensions.suspend_seat(seat=seat, reason="x", running_work=STOP, actor=HOUSE)
    else:
        accounts.deactivate_person(person=seat.person, actor=HOUSE)
    seat.suspended_at = seat.studio.suspended_at = None  # as the request read them
    seat.person.is_active = True
    with pytest.raises(NotAllowed):
        actions.submit(seat=seat, project=project, prompt="a red balloon rises over the sea", wish=Wish(), key="k")
    assert not Take.objects.exists()
    assert quotas.balance(people.studio).held == 0


@pytest.mark.django_db(transaction=True)
def test_of_takes_that_arrive_while_the_studio_is_stopped_none_is_left_under_way():
    seat = factories.make_seat("owner", credits=10_000)
    project = factories.make_project(seat)
    factories.make_take(seat, project=project)

    def send(number):
        return lambda: actions.submit(
            seat=seat, project=project, prompt="a red balloon rises over the sea", wish=Wish(seed=1), key=f"k{number}"
        )

    answers = at_once(send(1), send(2), lambda: suspend(seat.studio), send(3), read_outbox, read_outbox)
    assert all(isinstance(one, Take | NotAllowed | Suspension | int) for one in answers), answers
    read_outbox()
    assert not Take.objects.filter(state__in=Take.UNDER_WAY).exists()
    assert quotas.balance(seat.studio).held == 0
    assert list(quotas.verify(seat.studio)) == []


@pytest.mark.django_db(transaction=True)
def test_a_stop_and_what_workers_report_at_the_same_moment_charge_each_take_rightly():
    seat = factories.make_seat("owner", credits=10_000)
    project = factories.make_project(seat)
    takes = [factories.make_take(seat, project=project) for _ in range(4)]
    for take in takes[:2]:
        begin(take)
        Event.objects.create(job_id=take.job_id, kind=Event.Kind.SUCCEEDED, payload={})
    answers = at_once(read_outbox, lambda: suspend(seat.studio), read_outbox)
    assert not [one for one in answers if isinstance(one, Exception)]
    read_outbox()
    assert states(*takes) == ["ready", "ready", "cancelled", "cancelled"]
    assert quotas.balance(seat.studio).held == 0
    assert list(quotas.verify(seat.studio)) == []
