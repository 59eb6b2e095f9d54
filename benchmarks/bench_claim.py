"""How long a worker waits for its claim, with a short queue and with a very long one.

Fills a scratch database of its own with 1 k, 100 k and 1 M waiting jobs, then claims and finishes some, one after the
other, as a worker does. Claiming is one look-up at the head of an index, so the time should hardly grow. SQLite runs
in a temporary folder, PostgreSQL where DATABASE_URL or TEST_DATABASE_URL names a server (else on 127.0.0.1).

    python benchmarks/bench_claim.py [--jobs 1000,100000,1000000] [--claims 300] [--engine sqlite|postgres]
"""

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parents[1]
SERVER = os.environ.get("TEST_DATABASE_URL") or "postgres://postgres@127.0.0.1:5432/postgres"
LANES = 500


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--jobs", default="1000,100000,1000000")
    options.add_argument("--claims", type=int, default=300)
    options.add_argument("--engine", choices=["sqlite", "postgres"])
    options.add_argument("--measure", type=int, help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.measure is not None:
        measure(chosen.measure, chosen.claims)
        return
    conditions = f"{os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}, Python {platform.python_version()}"
    print(f"{conditions}, {chosen.claims} claims each, one worker")
    print(f"{'engine':28} {'jobs waiting':>12} {'fill':>8} {'claim p50':>10} {'p95':>8} {'finish p50':>11}", flush=True)
    for engine in [chosen.engine] if chosen.engine else ["sqlite", "postgres"]:
        for jobs in map(int, chosen.jobs.split(",")):
            with tempfile.TemporaryDirectory() as folder:
                try:
                    run(engine, jobs, chosen.claims, folder)
                except ConnectionError as error:
                    print(f"{engine}: not measured, {error}")
                    break


def run(engine: str, jobs: int, claims: int, folder: str) -> None:
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "STAGEDOOR_DEBUG": "false",
        "STAGEDOOR_VAR": folder,
        "SECRET_KEY": "for-the-benchmark-only-" + "0" * 40,
        "BROKER_URL": "",
        "CACHE_URL": "",
    }
    command = [sys.executable, __file__, f"--measure={jobs}", f"--claims={claims}"]
    if engine == "sqlite":
        environment["DATABASE_URL"] = f"sqlite:///{folder}/bench.sqlite3"
        subprocess.run(command, env=environment, check=True)
        return
    import psycopg

    name = f"bench_{uuid.uuid4().hex[:10]}"
    try:
        server = psycopg.connect(SERVER, autocommit=True, connect_timeout=3)
    except psycopg.Error as error:
        raise ConnectionError(str(error).strip()) from error
    with server:
        server.execute(f'CREATE DATABASE "{name}"')
        try:
            environment["DATABASE_URL"] = urlsplit(SERVER)._replace(path=f"/{name}").geturl()
            subprocess.run(command, env=environment, check=True)
        finally:
            server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def measure(jobs: int, claims: int) -> None:
    """In a process of its own, on an empty database: fill, claim, print one line of the table."""
    sys.path[:0] = [str(ROOT), str(ROOT / "platform")]
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection
    from django.utils import timezone

    from generation import queue
    from generation.models import Worker

    call_command("migrate", verbosity=0)
    began = time.perf_counter()
    fill(jobs)
    filled = time.perf_counter() - began
    worker = Worker.objects.create(name="bench", device="none", seen_at=timezone.now())
    claimed, finished = [], []
    for number in range(claims + 20):
        began = time.perf_counter()
        attempt = queue.claim(worker)
        between = time.perf_counter()
        queue.fail(attempt, "bench", "bench", retry=False)
        if number >= 20:  # the first ones warm caches
            claimed.append(between - began)
            finished.append(time.perf_counter() - between)
    p50, p95 = statistics.median(claimed), statistics.quantiles(claimed, n=20)[-1]
    with connection.cursor() as cursor:
        cursor.execute("SELECT sqlite_version()" if connection.vendor == "sqlite" else "SHOW server_version")
        version = f"{connection.vendor} {cursor.fetchone()[0].split()[0]}"
    print(
        f"{version:28} {jobs:12,} {filled:6.0f} s {p50 * 1000:7.2f} ms {p95 * 1000:5.2f} ms "
        f"{statistics.median(finished) * 1000:8.2f} ms",
        flush=True,
    )


def fill(jobs: int) -> None:
    """Waiting jobs in many lanes, their ranks as fair order would give them: one real job, copied by the database."""
    from django.db import connection

    from generation import actions, catalogue, order
    from generation.catalogue import Spec
    from generation.models import Job, Lane

    Lane.objects.bulk_create([Lane(name=f"studio {number}") for number in range(LANES)])
    entry = next(iter(catalogue.entries().values()))
    size = entry.sizes[0]
    spec = Spec(
        entry.id, entry.revision, "a red balloon", size.width, size.height, entry.lengths[0], entry.steps, 4.0, seed=1
    )
    actions.enqueue(key="0", spec=spec, lane="studio 0")
    columns = {field.column: field.column for field in Job._meta.concrete_fields} | {
        "id": "gen_random_uuid()" if connection.vendor == "postgresql" else "lower(hex(randomblob(16)))",
        "key": "CAST(n AS VARCHAR(20))",
        "lane_id": f"'studio ' || CAST(n % {LANES} AS VARCHAR(20))",
        "rank": f"(n / {LANES} + 1) * {order.SCALE}",
    }
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {jobs - 1}) "
            f"INSERT INTO {Job._meta.db_table} ({', '.join(columns)}) "
            f"SELECT {', '.join(columns.values())} FROM {Job._meta.db_table}, numbers WHERE key = '0'"
        )
        cursor.execute("ANALYZE")


if __name__ == "__main__":
    main()
