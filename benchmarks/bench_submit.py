"""Sending a prompt: how long one takes, and how many a second the house takes in.

    make benchmarks                                  (all of them, on SQLite)
    BENCH_DATABASE_URL=postgres://… .venv/bin/python benchmarks/bench_submit.py

Each sender is a process of its own with its own studio, as web processes are; every send goes the whole way of
takes.actions.submit: entitlements, screening, hold, job, take, audit entry. A preflight is measured beside it, in the
same run. Nothing is rendered.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "platform")]

WORDS = "a red balloon rises over the sea at night"


def sender(number: int, sends: int) -> None:
    """One process: print a line of milliseconds for every preflight and every submit."""
    import django

    django.setup()
    from datetime import timedelta

    from django.utils import timezone

    from access.models import Tier
    from access.tiers import actions as access
    from accounts.models import Person, Seat, Studio
    from audit.actions import Actor
    from quotas import actions as quotas
    from takes import actions, project_actions
    from takes.wishes import Wish

    house = Actor.house("benchmark")
    studio = Studio.objects.create(name=f"Bench {number}", slug=f"bench-{number}-{os.getpid()}")
    access.place(studio=studio, tier=Tier.objects.get(slug="lab"), reason="benchmark", actor=house)
    tomorrow = timezone.now() + timedelta(days=1)
    for field, value in (("concurrency", 1_000_000), ("daily_takes", None)):
        access.override(studio=studio, field=field, value=value, ends_at=tomorrow, reason="benchmark", actor=house)
    quotas.grant(studio=studio, amount=10**9, key=f"bench:{studio.pk}", source="goodwill", actor=house)
    person = Person.objects.create_person(f"bench{studio.pk}@example.com", "Bench")
    seat = Seat.objects.create(person=person, studio=studio, role="owner")
    project = project_actions.create_project(seat=seat, name="Bench", key="bench")

    def timed(what: str, call) -> None:
        began = time.perf_counter()
        call()
        print(f"{what} {(time.perf_counter() - began) * 1000:.3f}")

    for n in range(sends):
        timed("preflight", lambda: actions.preflight(seat=seat, project=project, prompt=WORDS, wish=Wish()))
        timed(
            "submit",
            lambda key=f"bench-{n}": actions.submit(seat=seat, project=project, prompt=WORDS, wish=Wish(), key=key),
        )


def measure(environment: dict[str, str], senders: int, sends: int) -> dict[str, list[float]]:
    """Milliseconds by kind, over all senders."""
    running = [
        subprocess.Popen(
            [sys.executable, __file__, "--sender", str(number), "--sends", str(sends)],
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(senders)
    ]
    times: dict[str, list[float]] = {"preflight": [], "submit": []}
    for process in running:
        output, _ = process.communicate()
        if process.returncode:
            raise SystemExit(f"A sender ended with {process.returncode}.")
        for line in output.splitlines():
            what, milliseconds = line.split()
            times[what].append(float(milliseconds))
    return times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sends", type=int, default=150, help="prompts each sender sends (default %(default)s)")
    parser.add_argument("--senders", type=int, nargs="+", default=[1, 2, 4], help="processes at once")
    parser.add_argument("--sender", type=int, help=argparse.SUPPRESS)
    wish = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    if wish.sender is not None:
        sender(wish.sender, wish.sends)
        return

    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {
            "STAGEDOOR_VAR": folder,
            "SECRET_KEY": "for-the-benchmark-only-" + "0" * 32,
            "DATABASE_URL": os.environ.get("BENCH_DATABASE_URL", f"sqlite:///{folder}/bench.sqlite3"),
            "CACHE_URL": "",
            "BROKER_URL": "",
            "LOG_LEVEL": "ERROR",
        }
        engine = environment["DATABASE_URL"].partition(":")[0]
        subprocess.run([sys.executable, str(ROOT / "manage.py"), "migrate", "-v0"], env=environment, check=True)
        print(f"{engine}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {wish.sends} prompts a sender\n")
        print(f"{'senders':>8} {'':10} {'p50 ms':>8} {'p95 ms':>8} {'a second':>9}")
        for senders in wish.senders:
            times = measure(environment, senders, wish.sends)
            for what in ("preflight", "submit"):
                found = sorted(times[what])
                cuts = statistics.quantiles(found, n=20)
                rate = senders * 1000 / statistics.fmean(found)
                print(f"{senders:>8} {what:10} {statistics.median(found):>8.1f} {cuts[18]:>8.1f} {rate:>9.1f}")


if __name__ == "__main__":
    main()
