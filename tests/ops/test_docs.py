"""The documents say what is so: every setting is described, every path and command named exists."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = (ROOT / "platform/config/settings.py").read_text()
DOCUMENTS = sorted(
    path for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")] if path.name not in ("CHANGELOG.md",)
)


def settings_read() -> list[str]:
    return sorted(set(re.findall(r'env\.[a-z_]+\(\s*"([A-Z_]+)"', SETTINGS)))


def test_there_are_settings_to_describe():
    assert "DATABASE_URL" in settings_read()


@pytest.mark.parametrize("name", settings_read())
def test_running_md_describes_every_variable_that_settings_read(name):
    assert f"`{name}`" in (ROOT / "docs/running.md").read_text()


def test_running_md_describes_no_variable_that_nobody_reads():
    table = re.findall(r"^\| `([A-Z_]+)` \|", (ROOT / "docs/running.md").read_text(), re.MULTILINE)
    assert set(table) <= set(settings_read())


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_in_the_documents_leads_somewhere(document):
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", document.read_text()):
        if "://" not in target and not target.startswith("mailto:"):
            assert (document.parent / target).exists(), f"{document.name} links to {target}, which does not exist"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_make_target_named_in_the_documents_exists(document):
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"`make ([a-z-]+)", document.read_text())) <= targets


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_path_named_in_the_documents_exists(document):
    for path in re.findall(r"`((?:tests|benchmarks|platform|generation|accounts)/[\w/.-]+)`", document.read_text()):
        assert "NNN" in path or (ROOT / path).exists(), f"{document.name} names {path}, which does not exist"


@pytest.mark.parametrize("folder", [ROOT / "docs", ROOT / "docs/decisions"], ids=["docs", "decisions"])
def test_every_document_is_in_its_index(folder):
    index = (folder / "README.md").read_text()
    assert not [path.name for path in folder.glob("*.md") if path.name != "README.md" and f"({path.name})" not in index]
