"""The house's own settings, fed with values that no developer's `.env` can change.

TEST_DATABASE_URL and TEST_REDIS_URL choose what the tests run on; without them it is SQLite and no server at all.
TEST_DB_SUFFIX keeps two runs on one database server apart.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

from environs import Env

_VAR = Path(tempfile.mkdtemp(prefix="stagedoor-test-"))
_OWNER = os.getpid()


@atexit.register
def _tidy() -> None:
    if os.getpid() == _OWNER:  # a forked child must not take its parent's files away
        shutil.rmtree(_VAR, ignore_errors=True)


def _redis_url() -> str:
    """Every pytest-xdist worker gets a Redis database of its own: clearing a cache must not clear a neighbour's."""
    url = os.environ.get("TEST_REDIS_URL", "")
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    if not url or not worker.isdigit():
        return url
    parts = urlsplit(url)
    return parts._replace(path=f"/{int(parts.path.strip('/') or 0) + int(worker)}").geturl()


os.environ |= {
    "STAGEDOOR_DEBUG": "false",
    "STAGEDOOR_VAR": str(_VAR),
    "SECRET_KEY": "for-tests-only-" + "0" * 48,
    "SITE_URL": "http://testserver",
    "ALLOWED_HOSTS": "testserver,localhost,127.0.0.1",
    "DATABASE_URL": os.environ.get("TEST_DATABASE_URL") or f"sqlite:///{_VAR / 'unused.sqlite3'}",
    "CACHE_URL": _redis_url(),
    "BROKER_URL": _redis_url(),
    "STORAGE_URL": f"file://{_VAR / 'files'}",
    "EMAIL_URL": "console:",
    "LOG_LEVEL": "WARNING",
    "DEVICE": "cpu",
}

Env.read_env = lambda *_, **__: False  # no .env at all

from config.settings import *  # noqa: E402, F403
from config.settings import DATABASES, STORAGES  # noqa: E402

_suffix = os.environ.get("TEST_DB_SUFFIX", "")
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # A file, not memory: several processes attack it at once in some tests.
    DATABASES["default"]["TEST"] = {"NAME": str(_VAR / f"test{_suffix}.sqlite3")}
else:
    DATABASES["default"]["TEST"] = {"NAME": f"test_{DATABASES['default']['NAME']}{_suffix}"}

# Fast where safety is not what is tested, and no `collectstatic` before the first page.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
