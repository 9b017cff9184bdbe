"""What to say about a table of ours that a person opens in a spreadsheet program."""

from __future__ import annotations

from pathlib import Path

from pipeline.store.safe_csv import MARK


def named_table(path: Path) -> str:
    """The file's name, with a word on the column that isn't the user's own, where it has one."""
    if path.suffix.lower() != ".csv":
        return str(path)
    return (
        f"{path} (leave its last column, {MARK}, as it is: by it we know our own file, and take away the "
        "apostrophe that keeps a spreadsheet from running a cell such as =1+1)"
    )
