"""The reference is what the code says; `make docs` writes it."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

from pipeline.diff.guards import RULES
from pipeline.errors import Exit
from pipeline.sandbox.faults import NAMES

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference"


@pytest.fixture(scope="module", autouse=True)
def tools() -> None:
    """The generators stand beside the pages they write."""
    sys.path.insert(0, str(ROOT / "docs" / "_tools"))


@pytest.fixture
def pages() -> ModuleType:
    import pages

    return pages


@pytest.mark.parametrize("name", ["settings.md", "guards.md", "exit-codes.md", "sandbox.md"])
def test_a_page_is_up_to_date(name: str) -> None:
    import write

    assert (REFERENCE / name).read_text(encoding="utf-8") == write.simple()[name], "run `make docs`"


def test_every_setting_has_a_meaning() -> None:
    rows = re.findall(r"^\| `\w+` \|.*\|$", (REFERENCE / "settings.md").read_text("utf-8"), re.MULTILINE)
    assert [row for row in rows if re.search(r"\|\s*\|$", row)] == []


def test_every_guard_fault_and_exit_code_is_explained(pages: ModuleType) -> None:
    assert tuple(pages.GUARDS) == RULES
    assert set(pages.FAULTS) == NAMES
    assert set(pages.DO) == set(Exit)


def test_the_readme_tells_the_same_exit_codes() -> None:
    def codes(page: Path) -> dict[str, str]:
        return dict(re.findall(r"^\| (\d+) \| ([^|]+) \|", page.read_text("utf-8"), re.MULTILINE))

    assert codes(ROOT / "README.md") == codes(REFERENCE / "exit-codes.md")


def test_json_documents_are_as_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys and examples: the page has what a fresh run prints, and every key has a meaning."""
    import documents

    monkeypatch.chdir(tmp_path)
    held = documents.collect(tmp_path)
    nameless = [f"{name}: {path}" for name, one in held.items() for path in documents.paths(one)
                if not documents.meaning(name, path)]  # fmt: skip
    assert nameless == []
    page = (REFERENCE / "json.md").read_text(encoding="utf-8")
    shown = {part.partition("\n")[0].strip("` "): part for part in page.split("\n## ")[1:]}
    assert list(shown) == ["an error" if name == "error" else name for name in held]
    for name, document in held.items():
        part = shown["an error" if name == "error" else name]
        keys = re.findall(r"^\| `([^`]+)` \|", part, re.MULTILINE)
        assert keys == list(dict.fromkeys(documents.paths(document))), f"{name}: run `make docs`"
        example = json.loads(part.partition("```json\n")[2].partition("\n```")[0])
        assert example["schema"] == document["schema"]
