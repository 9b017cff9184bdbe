"""The data files that ship with the program, wherever it was installed."""

from __future__ import annotations

from pathlib import Path

import pipeline


def bundled(path: str) -> Path:
    """Where a shipped file or folder lies: `configs/…` or `sample_data/…`.

    In a wheel these folders lie inside the package, in a checkout beside it.
    """
    package = Path(pipeline.__file__).parent
    installed = package / f"_{path}"
    return installed if installed.exists() else package.parent / path


def presets() -> tuple[str, ...]:
    """The names of the mapping presets that ship with us."""
    return tuple(sorted(file.stem for file in bundled("configs/mappings").glob("*.toml")))
