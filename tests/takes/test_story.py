"""The story of one prompt: what is charged, what is kept, what happens twice and what happens never."""

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from access.tiers import actions as access
from audit.actions import Actor
from audit.models import Record
from generation import actions as generation
from generation import queries as rendering
from generation.models import Event, Job, Worker
from quotas import actions as ledger
from quotas import queries as quotas
from takes import actions, project_actions, tasks
from takes.errors import Conflict, Invalid, NotAllowed, OutOfCredits, TooMany
from takes.models import Project, Take
from takes.wishes import Wish
from tests import factories

WORDS = "a red balloon rises over the sea at night"


@pytest.fixture
def seat(db):
    return factories.make_seat("owner", credits=100)


@pytest.fixture
def project(seat):
    return factories.make_project(seat)


@pytest.fixture
def worker(db):
    from django.utils import timezone

    return Worker.objects.create(name="test", device="cpu", seen_at=timezone.now())


def submit(seat, project, prompt=WORDS, key="k1", **more):
    return actions.submit(seat=seat, project=project, prompt=prompt, wish=more.pop("wish", Wish()), key=key, **more)


def free(seat) -> int:
    return quotas.balance(seat.studio).available


def end(take, kind, **payload):
    """What a worker would report of the take's job, then the clock's reading of it."""
    job = Job.objects.get(pk=take.job_id)
    Event.objects.create(job=job, kind=kind, payload=payload)
    tasks.read_outbox()
    take.refresh_from_db()
    return take


def drain(studio, leave: int = 0) -> None:
    """Hold all that is free, but for `leave` credits."""
    ledger.hold(studio=studio, amount=quotas.balance(studio).available - leave, key="drain")


def nothing_happened(seat) -> bool:
    return not Take.objects.exists() and not Job.objects.exists() and free(seat) == 100


# --- Sending ---------------------------------------------------------------------------------------------------------


def test_a_prompt_becomes_a_take_a_hold_a_job_and_an_audit_entry(seat, project):
    take = submit(seat, project)
    assert (take.state, take.number) == (Take.State.QUEUED, 1)
    assert free(seat) == 100 - take.price
    assert quotas.balance(seat.studio).held == take.price
    job = Job.objects.get(pk=take.job_id)
    assert job.spec["prompt"] == WORDS
    assert job.spec == take.spec
    entry = Record.objects.get(action="take.submitted")
    assert entry.target_id == str(take.pk)
    assert WORDS not in entry.canonical


def test_takes_of_a_project_are_numbered_in_order(seat, project):
    assert [submit(seat, project, key=f"k{n}").number for n in range(3)] == [1, 2, 3]


def test_a_seed_is_chosen_and_kept_where_none_is_wished_for(seat, project):
    one, two = submit(seat, project, key="a"), submit(seat, project, key="b")
    assert one.spec["seed"] != two.spec["seed"]
    assert submit(seat, project, key="c", wish=Wish(seed=7)).spec["seed"] == 7


def test_the_same_key_and_request_give_the_first_take_even_when_the_account_is_empty(seat, project):
    first = submit(seat, project)
    drain(seat.studio)
    assert submit(seat, project) == first
    assert Take.objects.count() == 1


@pytest.mark.parametrize("change", [{"prompt": "a blue fish"}, {"wish": Wish(seed=9)}])
def test_the_same_key_with_another_request_is_a_conflict_and_changes_nothing(seat, project, change):
    first = submit(seat, project)
    with pytest.raises(Conflict) as conflict:
        submit(seat, project, **change)
    assert conflict.value.code == "key_reused"
    assert list(Take.objects.all()) == [first]
    assert quotas.balance(seat.studio).held == first.price


def test_two_seats_may_use_the_same_key(seat, project):
    other = factories.make_seat("artist", studio=seat.studio)
    assert submit(seat, project) != submit(other, project)


def test_a_refused_prompt_is_kept_with_its_rule_and_costs_nothing(seat, project):
    take = submit(seat, project, "a naked man on a horse")
    assert (take.state, take.error_code, take.job_id) == (Take.State.REFUSED, "sexual", None)
    assert take.decision["findings"][0]["rule"] == "sexual"
    assert free(seat) == 100
    assert not Job.objects.exists()
    assert Record.objects.filter(action="take.refused", target_id=str(take.pk)).exists()


# --- What cannot be sent ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("prompt", "wish", "field"),
    [
        ("", Wish(), "prompt"),
        ("   \n ", Wish(), "prompt"),
        ("a " * 5000, Wish(), "prompt"),
        (WORDS, Wish(model="no-such-model"), "model"),
        (WORDS, Wish(width=4096, height=2160), "size"),
        (WORDS, Wish(width=-1, height=64), "size"),
        (WORDS, Wish(frames=999), "frames"),
        (WORDS, Wish(seed=-1), "seed"),
        (WORDS, Wish(seed=2**40), "seed"),
        (WORDS, Wish(steps=100_000), "steps"),
    ],
)
def test_a_wish_that_cannot_be_had_names_its_field_and_leaves_nothing_behind(seat, project, prompt, wish, field):
    with pytest.raises(Invalid) as wrong:
        submit(seat, project, prompt, wish=wish)
    assert wrong.value.field == field
    assert nothing_happened(seat)


def test_a_quota_that_is_exhausted_says_what_it_costs_and_what_is_left(seat, project):
    drain(seat.studio, leave=1)
    with pytest.raises(OutOfCredits, match="1 free"):
        submit(seat, project)
    assert not Take.objects.exists()
    assert free(seat) == 1


def test_a_guest_may_look_and_not_send(seat, project):
    guest = factories.make_seat("guest", studio=seat.studio)
    with pytest.raises(NotAllowed):
        submit(guest, project)
    assert nothing_happened(seat)


def test_a_model_that_is_not_open_to_the_tier_is_refused(seat, project):
    from datetime import timedelta

    from django.utils import timezone

    access.override(
        studio=seat.studio,
        field="models",
        value=["another"],
        ends_at=timezone.now() + timedelta(days=1),
        reason="test",
        actor=Actor.house("tests"),
    )
    with pytest.raises(NotAllowed) as wrong:
        submit(seat, project)
    assert wrong.value.code == "model_not_open"


def test_more_than_the_tier_allows_at_once_waits_outside(seat, project):
    from access.queries import entitlements

    allowed = entitlements(seat).concurrency
    takes = [submit(seat, project, key=f"k{n}") for n in range(allowed)]
    with pytest.raises(TooMany):
        submit(seat, project, key="one more")
    assert quotas.balance(seat.studio).held == sum(take.price for take in takes)
    end(takes[0], Event.Kind.CANCELLED)
    submit(seat, project, key="one more")


def test_an_archived_project_takes_nothing_until_it_is_restored(seat, project):
    project_actions.archive_project(seat=seat, project=project)
    with pytest.raises(Conflict):
        submit(seat, project)
    project_actions.restore_project(seat=seat, project=project)
    submit(seat, project)


def test_a_suspended_seat_is_told_so(seat, project):
    from django.utils import timezone

    seat.suspended_at = timezone.now()
    with pytest.raises(NotAllowed) as wrong:
        submit(seat, project)
    assert wrong.value.code == "suspended"


# --- Preflight -------------------------------------------------------------------------------------------------------


def look(seat, project, prompt=WORDS, wish=None):
    return actions.preflight(seat=seat, project=project, prompt=prompt, wish=wish or Wish())


def test_a_preflight_says_what_sending_would_do_and_writes_nothing(seat, project, django_assert_max_num_queries):
    with django_assert_max_num_queries(12):
        told = look(seat, project)
    assert told.runs
    assert (told.available, told.jobs_ahead, told.unknown_words) == (100, 0, ())
    assert told.price == submit(seat, project).price


def test_a_preflight_names_words_the_model_was_never_taught(seat, project):
    assert look(seat, project, "a red dragon rises over the sea").unknown_words == ("dragon",)


def test_a_preflight_lists_everything_that_stands_in_the_way(seat, project):
    drain(seat.studio)
    told = look(seat, project, "a naked man", Wish(frames=999, steps=100_000))
    assert not told.runs
    assert told.decision.is_refused
    assert {problem.field for problem in told.problems} >= {"frames", "steps"}
    assert "out_of_credits" in {problem.code for problem in told.problems}
    assert not Take.objects.exists()


# --- What became of it -----------------------------------------------------------------------------------------------


def test_a_finished_take_is_charged_once_however_often_it_is_reported(seat, project):
    take = submit(seat, project)
    end(take, Event.Kind.STARTED, worker="test")
    assert take.state == Take.State.RENDERING
    end(take, Event.Kind.SUCCEEDED, seconds=1.0, attempts=1)
    assert take.state == Take.State.READY
    for event in Event.objects.all():
        actions.finish(event)
    balance = quotas.balance(seat.studio)
    assert (balance.held, balance.spent) == (0, take.price)
    assert list(quotas.verify(seat.studio)) == []


def test_a_failed_take_costs_nothing_and_says_why(seat, project):
    take = end(submit(seat, project), Event.Kind.FAILED, code="model_missing", message="The model is not there.")
    assert (take.state, take.error_code) == (Take.State.FAILED, "model_missing")
    assert free(seat) == 100


def test_an_event_that_cannot_be_taken_over_holds_up_no_other(seat, project):
    broken, fine = submit(seat, project, key="a"), submit(seat, project, key="b")
    Event.objects.create(job_id=broken.job_id, kind=Event.Kind.FAILED, payload={})  # says neither code nor message
    end(fine, Event.Kind.SUCCEEDED, seconds=1.0, attempts=1)
    assert fine.state == Take.State.READY
    broken.refresh_from_db()
    assert broken.state == Take.State.QUEUED
    assert len(rendering.unhandled_events()) == 1


def test_a_waiting_take_is_cancelled_and_its_credits_come_back(seat, project):
    take = submit(seat, project)
    actions.cancel(seat=seat, take=take)
    tasks.read_outbox()
    take.refresh_from_db()
    assert take.state == Take.State.CANCELLED
    assert free(seat) == 100
    assert actions.cancel(seat=seat, take=take).state == Take.State.CANCELLED


def test_a_rendering_take_ends_only_when_the_worker_says_so(seat, project, worker):
    take = submit(seat, project)
    generation.claim(worker)
    tasks.read_outbox()
    actions.cancel(seat=seat, take=take)
    tasks.read_outbox()
    take.refresh_from_db()
    assert take.state == Take.State.RENDERING
    assert quotas.balance(seat.studio).held == take.price
    assert Job.objects.get(pk=take.job_id).cancel_requested_at


def test_a_failed_take_is_sent_again_with_the_same_seed(seat, project):
    take = end(submit(seat, project), Event.Kind.FAILED, code="worker_lost", message="The worker fell silent.")
    again = actions.retry(seat=seat, take=take, key="again")
    assert (again.retry_of, again.spec, again.number) == (take, take.spec, 2)
    assert actions.retry(seat=seat, take=take, key="again") == again


def test_only_what_failed_or_was_cancelled_is_sent_again(seat, project):
    with pytest.raises(Conflict):
        actions.retry(seat=seat, take=submit(seat, project), key="again")


def test_a_remix_keeps_seed_and_shape_and_names_its_source(seat, project):
    take = submit(seat, project)
    with pytest.raises(Conflict):
        actions.remix(seat=seat, take=take, prompt="a blue balloon", key="r")
    end(take, Event.Kind.SUCCEEDED, seconds=1.0, attempts=1)
    made = actions.remix(seat=seat, take=take, prompt="a blue balloon", key="r")
    assert made.remix_of == take
    assert made.spec == take.spec | {"prompt": "a blue balloon"}


def test_the_ledgers_lines_lead_to_their_takes(seat, project, sign_in):
    take = submit(seat, project)
    page = sign_in(seat).get(reverse("credits")).content.decode()
    assert f'href="{reverse("takes:take", args=[take.pk])}">Take 1</a>' in page


# --- Review ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def policy_that_asks(monkeypatch):
    from screening import policy

    asks = policy.Policy(2, "asks", (policy.Rule("asks", "Asks", "phrases", "review", "m", "b", {"any": ["balloon"]}),))
    monkeypatch.setattr(policy, "in_force", lambda: asks)


def test_a_take_that_needs_a_person_waits_with_its_credits_held_and_no_job(seat, project, policy_that_asks):
    take = submit(seat, project)
    assert (take.state, take.job_id) == (Take.State.IN_REVIEW, None)
    assert quotas.balance(seat.studio).held == take.price
    assert actions.cancel(seat=seat, take=take).state == Take.State.CANCELLED
    assert free(seat) == 100


# --- What the database refuses ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        {"state": "ready"},  # ended without an end
        {"state": "dreaming"},
        {"price": 0},
        {"job_id": None},
    ],
)
def test_the_database_refuses_what_must_never_be(seat, project, change):
    take = submit(seat, project)
    with pytest.raises(IntegrityError), transaction.atomic():
        Take.objects.filter(pk=take.pk).update(**change)


# --- Projects --------------------------------------------------------------------------------------------------------


def test_a_project_is_made_once_for_a_key(seat):
    first = project_actions.create_project(seat=seat, name="Tidewater", key="p")
    assert project_actions.create_project(seat=seat, name=" Tidewater ", key="p") == first
    with pytest.raises(Conflict):
        project_actions.create_project(seat=seat, name="Another", key="p")
    assert Project.objects.count() == 1


@pytest.mark.parametrize("name", ["", "  ", "x" * 121])
def test_a_project_needs_a_name(seat, name):
    with pytest.raises(Invalid):
        project_actions.create_project(seat=seat, name=name, key="p")


def test_a_project_is_renamed_archived_and_restored_on_the_record(seat, project):
    project_actions.rename_project(seat=seat, project=project, name="Ebb")
    project_actions.archive_project(seat=seat, project=project)
    project_actions.restore_project(seat=seat, project=project)
    project.refresh_from_db()
    assert (project.name, project.archived_at) == ("Ebb", None)
    recorded = Record.objects.filter(target_id=str(project.pk)).order_by("id").values_list("action", flat=True)
    assert list(recorded) == ["project.created", "project.renamed", "project.archived", "project.restored"]
