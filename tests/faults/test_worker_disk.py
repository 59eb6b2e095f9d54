"""A disk that is really full."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from generation import actions
from generation.models import Artifact, Job
from tests.generation.conftest import make_spec, one_torch_thread, tiny_catalogue, tiny_models  # noqa: F401

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def small_disk(tmp_path: Path, settings) -> Iterator[Path]:
    """A file system of 64 KiB, as the default storage."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if (
        os.geteuid()
        or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk], check=False).returncode
    ):
        pytest.skip("Only root may mount a small file system here.")
    settings.STORAGES = settings.STORAGES | {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": str(disk)}}
    }
    yield disk
    subprocess.run(["umount", disk], check=True)


def test_a_full_disk_fails_the_job_cleanly_and_room_lets_the_next_one_through(tiny_catalogue, small_disk):  # noqa: F811
    from generation.worker import RenderWorker  # not while collecting: it loads torch

    filler = small_disk / "filler"
    filler.write_bytes(b"x" * 60 * 1024)
    full = actions.enqueue(key="full", spec=make_spec(), lane="a")
    RenderWorker(device="cpu").run_until_empty()
    full.refresh_from_db()
    assert (full.state, full.error_code, full.attempts) == ("failed", "storage_full", 1)
    assert "no room left" in full.error_message
    assert [path for path in small_disk.rglob("*") if path.is_file()] == [filler]
    assert not Artifact.objects.exists()

    filler.unlink()
    actions.enqueue(key="room", spec=make_spec(), lane="a")
    RenderWorker(device="cpu").run_until_empty()
    assert Job.objects.get(key="room").state == "succeeded"
