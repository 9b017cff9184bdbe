"""`one.py CASE FOLDER [WORD…]`: one case, alone in its process; its cost as the last line on stdout."""

from __future__ import annotations

import sys
from pathlib import Path

import floors
import ours
import window  # noqa: F401 - its cases
from measure import Watch


def main() -> None:
    name, folder, *words = sys.argv[1:]
    watch = Watch()
    {**floors.CASES, **ours.CASES}[name](watch, Path(folder), *words)
    print(watch.document())


if __name__ == "__main__":
    main()
