"""What a seat may do, asked in a house of a thousand studios and of a million; and how soon a halt is known elsewhere.

    .venv/bin/python benchmarks/bench_entitlements.py [--studios 1000000] [--rollouts 50] [--calls 3000] [--halts 20]

Measures access.queries.entitlements with the seat and its studio at hand, as every request has them, over seats in
random order. Half of the rollouts are of models and half of features, all open, with three stages each; some studios
have exceptions, some are listed by name. The large house is the small one grown, so both are measured in one run. Then
another process halts a rollout, and this one asks on and on until it has noticed.

On SQLite in a temporary folder, or on DATABASE_URL if it names an empty scratch database.
"""

import argparse
import os
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

from bench_overhead import prepare

AIM = 1.0  # milliseconds, of the median
SMALL = 1000
SAMPLE = 2000  # seats that are asked for
EXCEPTIONS_EVERY, LISTED_EVERY = 50, 100  # studios
TIERS = ("first-ten", "studio", "lab")
WARMING, COUNTED = 200, 500  # calls


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--studios", type=int, default=1_000_000, help="of the large house, in whole thousands")
    options.add_argument("--rollouts", type=int, default=50)
    options.add_argument("--calls", type=int, default=3000)
    options.add_argument("--halts", type=int, default=20)
    options.add_argument("--profile", action="store_true", help="show where the time of a call goes")
    options.add_argument("--halting", help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.halting:
        halt_when_told(chosen.halting)
        return
    with tempfile.TemporaryDirectory() as folder:
        prepare(Path(folder))
        measure(chosen)


def measure(chosen: argparse.Namespace) -> None:
    from django.db import connection

    from access.models import Rollout
    from accounts.models import Studio

    if Studio.objects.exists() or Rollout.objects.exists():
        raise SystemExit("DATABASE_URL names a database that is in use. Name an empty one: this fills it.")
    with connection.cursor() as cursor:
        cursor.execute("SELECT sqlite_version()" if connection.vendor == "sqlite" else "SHOW server_version")
        version = f"{connection.vendor} {cursor.fetchone()[0].split()[0]}"
    print(f"{version}, {os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}, Python {platform.python_version()}")
    print(f"{chosen.rollouts} rollouts open with 3 stages each, {chosen.calls} calls, one process, warm\n")
    open_rollouts(chosen.rollouts)
    heads = " ".join(f"{f'{cut} ms':>8}" for cut in ("p50", "p95", "p99"))
    print(f"{'studios':>10} {'filled in':>10} {heads} {'queries a call':>15} {'load':>6}")
    middle = 0.0
    for times in sorted({1, max(1, chosen.studios // SMALL)}):
        began = time.perf_counter()
        if times == 1:
            found(SMALL)
        else:
            multiply(times)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        filled = time.perf_counter() - began
        seats = sample()
        spent, queries = ask(seats, chosen.calls)
        middle = statistics.median(spent)
        cuts = statistics.quantiles(spent, n=100)
        print(
            f"{times * SMALL:>10,} {filled:>8.0f} s {middle:>8.2f} {cuts[94]:>8.2f} {cuts[98]:>8.2f} {queries:>15.2f} "
            f"{os.getloadavg()[0]:>6.1f}",
            flush=True,
        )
    print(f"\nThe aim is a median of at most {AIM:g} ms: {'met' if middle <= AIM else 'missed'}, {middle:.2f} ms.")
    if chosen.halts:
        waits = notice(chosen.halts)
        print(
            f"A halt in another process is seen here after a median of {statistics.median(waits):.2f} s, at most "
            f"{max(waits):.2f} s ({chosen.halts} halts, from commit to the first answer that knows of it)."
        )
    if chosen.profile:
        profile(seats, chosen.calls)


# --- The house -------------------------------------------------------------------------------------------------------


def open_rollouts(count: int) -> None:
    """Written straight to the tables: the models are not in the catalogue."""
    from django.utils import timezone

    from access.models import Rollout, Stage, Tier

    now, tiers = timezone.now(), [Tier.objects.get(slug=slug) for slug in TIERS]
    for number in range(count):
        rollout = Rollout.objects.create(
            slug=f"bench-{number}",
            name=f"Bench {number}",
            kind="feature" if number % 2 else "model",
            target=f"bench-{number}",
            subject="person" if number % 5 == 4 else "studio",
            state=Rollout.State.OPEN,
            position=3,
        )
        # To the last tier of the first one, everybody is let in: there a halt can be seen.
        last = 1_000_000 if number == 0 else 100_000 + 16_000 * (number % 50)
        for position, ppm in enumerate((1_000_000, 500_000, last), 1):
            stage = Stage.objects.create(
                rollout=rollout,
                position=position,
                name=f"Stage {position}",
                ramp=[ppm],
                reached_ppm=ppm,
                limits={"max_seconds": 5 * position, "references": position > 1},
                opened_at=now,
                widened_at=now,
                measured_since=now,
            )
            stage.tiers.set([tiers[position - 1]])


def found(studios: int) -> None:
    """This many studios, each standing in a tier, with exceptions and listings for some."""
    from django.utils import timezone

    from access.models import Listing, Override, Rollout, Standing, Tier
    from accounts.models import Studio

    tiers = [Tier.objects.get(slug=slug) for slug in TIERS]
    rollouts = list(Rollout.objects.order_by("pk"))[1:]  # none is listed in the one that is halted
    month, reason = timezone.now() + timedelta(days=30), "benchmark"
    made = Studio.objects.bulk_create(Studio(name=f"Bench {n}", slug=f"bench-{n}") for n in range(studios))
    Standing.objects.bulk_create(
        Standing(studio=studio, tier=tiers[n % len(tiers)], reason=reason) for n, studio in enumerate(made)
    )
    Override.objects.bulk_create(
        Override(studio=studio, field="concurrency", value=9, reason=reason, ends_at=month)
        for studio in made[::EXCEPTIONS_EVERY]
    )
    if rollouts:
        Listing.objects.bulk_create(
            Listing(rollout=rollouts[n % len(rollouts)], kind="allow", studio=studio, reason=reason)
            for n, studio in enumerate(made[::LISTED_EVERY])
        )


def multiply(times: int) -> None:
    """As many houses like the first one in the same database. The database copies the rows itself: a million that go
    through Python one by one take several minutes."""
    from django.db import connection, transaction

    from access.models import Listing, Override, Standing
    from accounts.models import Studio

    # What was founded first has ids without a gap.
    copied: list[tuple[Any, dict[str, str]]] = [
        (Studio, {"id": f"id + {SMALL} * n", "slug": "slug || '-' || CAST(n AS VARCHAR(20))"})
    ]
    copied += [(model, {"studio_id": f"studio_id + {SMALL} * n"}) for model in (Standing, Override, Listing)]
    with transaction.atomic(), connection.cursor() as cursor:
        for model, other in copied:
            names = [field.column for field in model._meta.concrete_fields if field.column != "id" or "id" in other]
            quoted = {name: connection.ops.quote_name(name) for name in names}
            cursor.execute(
                f"WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {times - 1}) "
                f"INSERT INTO {model._meta.db_table} ({', '.join(quoted.values())}) "
                f"SELECT {', '.join(other.get(name, quoted[name]) for name in names)} "
                f"FROM {model._meta.db_table}, numbers WHERE {'id' if model is Studio else 'studio_id'} IS NOT NULL"
            )


def sample() -> list[Any]:
    """A seat in each of up to SAMPLE studios from all over the house; some have an exception of their own, or are
    listed as a person."""
    from django.utils import timezone

    from access.models import Listing, Override, Rollout
    from accounts.models import Person, Seat, Studio

    keys, earlier = list(Studio.objects.values_list("pk", flat=True)), Person.objects.count()
    chosen = Studio.objects.filter(pk__in=random.Random(3).sample(keys, min(SAMPLE, len(keys))))
    people = Person.objects.bulk_create(
        Person(email=f"bench-{earlier}-{studio.pk}@example.com", name="Bench", password="!") for studio in chosen
    )
    seats = Seat.objects.bulk_create(
        Seat(person=person, studio=studio, role="artist") for person, studio in zip(people, chosen, strict=True)
    )
    month, reason = timezone.now() + timedelta(days=30), "benchmark"
    Override.objects.bulk_create(
        Override(seat=seat, field="max_seconds", value=20, reason=reason, ends_at=month) for seat in seats[::10]
    )
    if rollout := Rollout.objects.filter(subject="person").first():
        Listing.objects.bulk_create(
            Listing(rollout=rollout, kind="deny", person=seat.person, reason=reason) for seat in seats[::20]
        )
    return list(Seat.objects.filter(pk__in=[seat.pk for seat in seats]).select_related("studio"))


# --- Measuring -------------------------------------------------------------------------------------------------------


def ask(seats: list[Any], calls: int) -> tuple[list[float], float]:
    """Milliseconds of each call, and queries per call of some calls more."""
    from django.db import connection

    from access.queries import entitlements

    chance, times, asked = random.Random(1), [], 0

    def count(execute: Any, *rest: Any) -> Any:
        nonlocal asked
        asked += 1
        return execute(*rest)

    for number in range(WARMING + calls):
        seat = chance.choice(seats)
        began = time.perf_counter()
        found = entitlements(seat)
        took = time.perf_counter() - began
        assert found.active
        if number >= WARMING:
            times.append(took * 1000)
    with connection.execute_wrapper(count):
        for _ in range(COUNTED):
            entitlements(chance.choice(seats))
    return times, asked / COUNTED


def notice(halts: int) -> list[float]:
    """Seconds from the commit of each halt, made by another process, to the first answer here that knows of it."""
    from access.models import Rollout
    from access.queries import entitlements
    from accounts.models import Seat

    rollout = Rollout.objects.get(slug="bench-0")
    seats = Seat.objects.filter(studio__standings__tier__slug=TIERS[-1]).select_related("studio")
    seat = seats.order_by("pk").first()
    chance, waits = random.Random(2), []

    def open_here() -> bool:
        return entitlements(seat).rolling_out[rollout.target].admitted

    command = [sys.executable, __file__, "--halting", rollout.slug]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdin
        assert other.stdout

        def tell(word: str) -> None:
            other.stdin.write(f"{word}\n")
            other.stdin.flush()

        def until(admitted: bool) -> float:
            patience = time.monotonic() + 60
            while open_here() is not admitted:
                if time.monotonic() > patience:
                    raise SystemExit("Waited a minute in vain for a change made by another process.")
                time.sleep(0.002)
            return time.monotonic()

        for _ in range(halts):
            until(True)
            time.sleep(chance.random())  # so that halts fall anywhere between two looks
            tell("halt")
            seen = until(False)
            waits.append(max(0.0, seen - float(other.stdout.readline())))
            tell("resume")
            other.stdout.readline()
        other.stdin.close()
    return waits


def halt_when_told(slug: str) -> None:
    """The other process. For each line it reads it halts or resumes, and prints when that was committed; the monotonic
    clock is one for all processes of a machine."""
    sys.path[:0] = [str(Path(__file__).resolve().parents[1] / one) for one in (".", "platform")]
    import django

    django.setup()
    from access.models import Rollout
    from access.rollouts import actions
    from audit.actions import Actor

    house = Actor.house("benchmark")
    for line in sys.stdin:
        rollout = Rollout.objects.get(slug=slug)
        if line.strip() == "halt":
            actions.halt(rollout=rollout, reason="benchmark", actor=house)
        else:
            actions.resume(rollout=rollout, version=rollout.version, reason="benchmark", actor=house)
        print(time.monotonic(), flush=True)


def profile(seats: list[Any], calls: int) -> None:
    import cProfile
    import pstats

    from access.queries import entitlements

    with cProfile.Profile() as seen:
        for number in range(calls):
            entitlements(seats[number % len(seats)])
    pstats.Stats(seen).sort_stats("tottime").print_stats(22)


if __name__ == "__main__":
    main()
