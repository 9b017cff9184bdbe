"""Python processes of our own beside this one: what they are given, and what they do without."""

from __future__ import annotations

import os
import sys
from importlib.abc import MetaPathFinder
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[1]
#: What a child needs of the environment; secrets of the parent are none of its business.
_PASSED = (
    "PATH",
    "SYSTEMROOT",
    "TEMP",
    "TMP",
    "TMPDIR",
    "HOME",
    "LANG",
    "LC_ALL",
    "LD_LIBRARY_PATH",
    "WINDIR",
)


def environment() -> dict[str, str]:
    """The environment of a child that imports what we import."""
    kept = {name: os.environ[name] for name in _PASSED if name in os.environ}
    alone = {"OPENBLAS_NUM_THREADS": "1"}  # threads of numpy's that would spin at the start, and do nothing
    return {**kept, **alone, "PYTHONPATH": str(_ROOT), "PYTHONSAFEPATH": "1", "PYTHONUTF8": "1"}


def do_without_pandas() -> None:
    """In a child: pyarrow imports pandas at its first array, for a third of a second; without one it does as
    well."""
    sys.meta_path.insert(0, _NoPandas())


class _NoPandas(MetaPathFinder):
    def find_spec(self, name: str, path: object = None, target: object = None) -> None:  # noqa: ARG002
        if name == "pandas":
            raise ModuleNotFoundError("this process does without pandas", name=name)
