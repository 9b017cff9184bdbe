"""A name that nobody knows → the one that was probably meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

#: Files of a folder that are looked at for a similar name.
LOOKED_AT = 5_000
SHOWN = 3
#: How alike two names of files are that differ by a slip, 0 to 1; their suffixes are alike anyway.
ALIKE = 0.7


def meant(name: str, known: Iterable[str]) -> str:
    """Words for a hint: the nearest known name, else all of them."""
    names = list(known)
    near = difflib.get_close_matches(name, names, n=1)
    return f"Did you mean {near[0]!r}?" if near else f"Known here: {', '.join(names)}"


def meant_file(path: Path) -> str:
    """Words for a hint: files beside a missing one that are called nearly so, else where it was sought."""
    folder = path.parent
    try:
        if not folder.is_dir():
            return f"there is no folder {folder}"
        names = sorted(one.name for one in islice(folder.iterdir(), LOOKED_AT) if one.name[0] != ".")
        sought = folder.absolute()
    except (OSError, ValueError):
        return ""
    near = " or ".join(repr(str(folder / name)) for name in _near(path.name, names))
    return f"Did you mean {near}?" if near else f"it was looked for in {sought}"


def _near(name: str, names: list[str]) -> list[str]:
    """Those that differ by a slip, by upper and lower case, or by their suffix only; the nearest first."""
    folded = {other.casefold(): other for other in names}
    slips = [
        folded[other] for other in difflib.get_close_matches(name.casefold(), folded, n=SHOWN, cutoff=ALIKE)
    ]
    stem = Path(name).stem.casefold()
    kin = [other for other in names if Path(other).stem.casefold() == stem]
    return list(dict.fromkeys([*slips, *kin]))[:SHOWN]
