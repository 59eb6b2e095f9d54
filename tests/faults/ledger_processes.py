"""Children for the tests that attack the ledger: forked, so real processes with connections of their own."""

import multiprocessing
import os
import signal
import traceback
from collections.abc import Callable
from typing import Any

from django.db import connection, connections

fork = multiprocessing.get_context("fork")


def all_at_once(tasks: list[Callable[[], Any]], *, seconds: float = 120) -> list[Any]:
    """Run each task in a process of its own, all let go at the same moment; what they returned, in their order."""
    connections.close_all()
    ready, answers = fork.Barrier(len(tasks)), fork.SimpleQueue()

    def child(number: int, task: Callable[[], Any]) -> None:
        try:
            connection.ensure_connection()
            ready.wait(seconds)
            answers.put((number, task()))
        except BaseException:
            answers.put((number, AssertionError(traceback.format_exc())))
        finally:
            connections.close_all()
            os._exit(0)

    children = [fork.Process(target=child, args=pair, daemon=True) for pair in enumerate(tasks)]
    for one in children:
        one.start()
    found = dict(answers.get() for _ in tasks)
    for one in children:
        one.join(seconds)
    if failed := [answer for answer in found.values() if isinstance(answer, AssertionError)]:
        raise failed[0]
    return [found[number] for number in range(len(tasks))]


def killed_before_statement(number: int, verb: Callable[[], Any]) -> bool:
    """Run `verb` in a child that kills itself with SIGKILL before its statement `number` (commits count as one).

    True when it died there; False when the verb needed fewer statements and ended in peace.
    """
    connections.close_all()

    def child() -> None:
        left = number

        def die_in_time(execute: Callable[..., Any], *arguments: Any) -> Any:
            nonlocal left
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return execute(*arguments)

        connection.ensure_connection()
        commit = connection._commit
        connection._commit = lambda: die_in_time(commit)
        with connection.execute_wrapper(die_in_time):
            verb()
        os._exit(0)

    one = fork.Process(target=child, daemon=True)
    one.start()
    one.join(60)
    assert one.exitcode in (0, -signal.SIGKILL), f"the child ended with {one.exitcode}"
    return one.exitcode != 0
