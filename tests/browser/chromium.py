"""Finding a Chromium: the one named in CHROME, one on the PATH or in the usual places, or Playwright's own."""

import os
import shutil
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PLACES = ("/usr/bin", "/snap/bin", "/opt/google/chrome", "/Applications/Google Chrome.app/Contents/MacOS")

# A test machine often is a container: no sandbox to build on, no GPU. Everything that would talk to the outside is off.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-extensions",
    "--disable-quic",
    "--disable-sync",
    "--metrics-recording-only",
    "--no-first-run",
    "--no-default-browser-check",
    "--autoplay-policy=no-user-gesture-required",
    "--disable-features=OptimizationHints,MediaRouter,Translate,AutofillServerCommunication",
]


def find() -> str | None:
    """The path of a Chromium, or None."""
    if named := os.environ.get("CHROME"):
        return named if Path(named).exists() else None
    for name in NAMES:
        if found := shutil.which(name):
            return found
        for place in PLACES:
            if (Path(place) / name).exists():
                return str(Path(place) / name)
    mac = Path(PLACES[-1]) / "Google Chrome"
    if mac.exists():
        return str(mac)
    return playwrights_own()


def playwrights_own() -> str | None:
    folder = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or Path.home() / ".cache" / "ms-playwright")
    for pattern in ("chromium-*/chrome-linux*/chrome", "chromium-*/chrome-mac*/Chromium.app/Contents/MacOS/Chromium"):
        if found := sorted(folder.glob(pattern)):
            return str(found[-1])
    return None
