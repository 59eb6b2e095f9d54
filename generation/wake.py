"""Tell workers to look at the queue now, instead of at their next look."""

from django.db import transaction


def on_commit() -> None:
    transaction.on_commit(notify)


def notify() -> None: ...
