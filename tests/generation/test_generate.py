"""`manage.py generate`: one clip on the command line, on a machine that has not even a database."""

import io
import os
import subprocess
import sys
from pathlib import Path

import av
import pytest
from django.core.management import CommandError, call_command

from tests.house import ROOT


def test_it_renders_with_a_progress_bar_and_prints_the_path_last(tiny_models, tmp_path):
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "STAGEDOOR_VAR": str(tmp_path / "var"),
        "DATABASE_URL": f"sqlite:///{tmp_path / 'nothing' / 'none.sqlite3'}",
        "CATALOGUE": str(tiny_models),
    }
    clip = tmp_path / "out" / "clip.mp4"
    command = [sys.executable, "manage.py", "generate", "a red balloon", "--model=tiny-video", "--size=32x16"]
    command += ["--steps=3", "--seed=7", f"--output={clip}"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == str(clip)
    assert "3/3" in done.stderr
    with av.open(str(clip)) as container:
        assert container.streams.video[0].frames == 5


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--model=sora"], "There is no model “sora”"),
        (["--size=wide"], "--size is WIDTHxHEIGHT"),
        (["--size=31x16"], "renders 32×16, not 31×16"),
        (["--steps=0"], "between 1 and 500 steps"),
        (["--frames=7"], "not of 7 frames"),
        ([], "has no model folder at"),
    ],
)
def test_what_cannot_be_is_told_in_words(entries, tmp_path, arguments, says):
    with pytest.raises(CommandError, match=says):
        call_command("generate", "a red balloon", "--model=tiny-video", *arguments, stderr=io.StringIO())
    assert not list(Path(tmp_path).glob("*.mp4"))
