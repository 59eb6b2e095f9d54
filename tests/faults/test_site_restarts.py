"""Web, worker and clock of a whole site are killed again and again while prompts come in and takes render."""

import random
import threading

import pytest

from tests.faults.conftest import every_take_ended_once_and_is_paid_once

pytestmark = pytest.mark.faults
PROMPT = "a red balloon"


def test_killing_the_web_process_loses_no_prompt_and_doubles_none(site):
    with site(workers=2) as running:
        project = running.program.post("projects/", "tidewater", {"name": "Tidewater"})["id"]
        takes = set()
        for number in range(10):
            if number % 4 == 1:
                running.kill("web")
            path, body = f"projects/{project}/takes/", {"prompt": PROMPT, "seed": number}
            takes.add(running.program.post(path, f"take-{number}", body)["id"])
        assert len(takes) == 10
        every_take_ended_once_and_is_paid_once(running.facts_when_all_ended(project), sent=10)


def test_killing_any_process_at_any_moment_ends_every_take_once(site):
    dice = random.Random(7)
    with site(workers=2) as running:
        project = running.program.post("projects/", "tidewater", {"name": "Tidewater"})["id"]
        over = threading.Event()

        def havoc() -> None:
            for name in ("worker", "clock", "web", "worker", "clock", "worker", "web"):
                if over.wait(dice.uniform(0.5, 3.0)):
                    return
                running.kill(name)

        killer = threading.Thread(target=havoc)
        killer.start()
        try:
            for number in range(10):
                path, body = f"projects/{project}/takes/", {"prompt": PROMPT, "seed": number}
                running.program.post(path, f"take-{number}", body)
        finally:
            over.set()
            killer.join()
        every_take_ended_once_and_is_paid_once(running.facts_when_all_ended(project), sent=10)
