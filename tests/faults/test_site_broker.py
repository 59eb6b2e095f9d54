"""The broker of a whole site goes away and comes back, while prompts come in and takes render."""

import pytest

from tests.faults.conftest import every_take_ended_once_and_is_paid_once

pytestmark = pytest.mark.faults


def test_losing_the_broker_loses_no_job(site, broker):
    with site(workers=2, broker_url=broker.url) as running:
        project = running.program.post("projects/", "tidewater", {"name": "Tidewater"})["id"]

        def send(numbers: range) -> None:
            for number in numbers:
                body = {"prompt": "a red balloon", "seed": number}
                running.program.post(f"projects/{project}/takes/", f"take-{number}", body)

        send(range(4))
        broker.kill()
        send(range(4, 8))
        broker.start()
        send(range(8, 10))
        facts = running.facts_when_all_ended(project)
        every_take_ended_once_and_is_paid_once(facts, sent=10)
