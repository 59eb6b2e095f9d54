"""The web process never loads what only a render needs."""

import os
import subprocess
import sys

import pytest

from tests.house import ROOT

HEAVY = ("torch", "diffusers", "transformers", "av", "numpy")


@pytest.mark.parametrize(
    "modules",
    [
        "generation.models, generation.actions, generation.queries, generation.catalogue, generation.tasks",
        "generation.management.commands.worker, generation.management.commands.generate",
        "config.urls",
    ],
)
def test_importing_loads_nothing_heavy(modules):
    heavy = HEAVY[:3] if "urls" in modules else HEAVY
    program = (
        "import sys; sys.path[:0] = ['.', 'platform']; import django; django.setup()\n"
        f"import {modules}\nprint([name for name in {heavy!r} if name in sys.modules])"
    )
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "config.settings"}
    found = subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert found.stdout.strip().splitlines()[-1:] == ["[]"], found.stderr
