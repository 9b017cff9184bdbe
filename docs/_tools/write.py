"""Write every reference page that is made from the code: `python docs/_tools/write.py`."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import documents
import pages

from pipeline.cli.reference import reference

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference"


def simple() -> dict[str, str]:
    """File name → text, of the pages that need nothing to be run."""
    default = (ROOT / "configs" / "default.toml").read_text(encoding="utf-8")
    return {
        "cli.md": reference(),
        "settings.md": pages.settings_page(default),
        "guards.md": pages.guards_page(),
        "exit-codes.md": pages.exit_codes_page(),
        "sandbox.md": pages.sandbox_page(),
    }


def main() -> None:
    for name, text in simple().items():
        (REFERENCE / name).write_text(text, encoding="utf-8")
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            held = documents.collect(Path(folder))
        finally:
            os.chdir(before)
    (REFERENCE / "json.md").write_text(documents.page(held), encoding="utf-8")


if __name__ == "__main__":
    main()
