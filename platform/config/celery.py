"""The Celery app: wakes workers, knows the periodic work, holds nothing that matters (the database is the queue)."""

from importlib import import_module
from typing import Any

from celery import Celery
from celery.schedules import BaseSchedule, maybe_schedule
from django.apps import apps
from django.utils.module_loading import module_has_submodule

app = Celery("stagedoor")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


def periodic_work() -> dict[str, tuple[Any, BaseSchedule]]:
    """Everything that is due again and again: `{name: (task, schedule)}`, gathered from each app's `tasks.SCHEDULE`.

    An app says `SCHEDULE = {"takes: read the outbox": {"task": "takes.tasks.read_outbox", "schedule": 0.25}}`;
    a schedule is seconds, a timedelta or a celery.schedules.crontab. Every task in it must be safe to run twice at
    once: nobody promises that there is only one clock.
    """
    app.loader.import_default_modules()
    work: dict[str, tuple[Any, BaseSchedule]] = {}
    for config in apps.get_app_configs():
        if not module_has_submodule(config.module, "tasks"):
            continue
        for name, entry in getattr(import_module(f"{config.name}.tasks"), "SCHEDULE", {}).items():
            if name in work:
                raise ValueError(f"Two apps schedule periodic work under the name {name!r}. Rename one of them.")
            work[name] = (app.tasks[entry["task"]], maybe_schedule(entry["schedule"]))
    return work


@app.on_after_finalize.connect
def tell_beat(sender: Celery, **_: Any) -> None:
    """`celery -A config beat` and `celery inspect` see the same schedule as `manage.py clock`."""
    sender.conf.beat_schedule = {
        name: {"task": task.name, "schedule": schedule} for name, (task, schedule) in periodic_work().items()
    }
