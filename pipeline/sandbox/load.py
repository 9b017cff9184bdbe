"""Products from a file: CSV with or without a byte order mark, or a JSON array."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path


def read_products(path: Path) -> list[Mapping[str, object]]:
    """The rows of a file; its first character tells which of the two it is.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is neither, or no array of objects.
    """
    text = path.read_text(encoding="utf-8-sig")
    if text.lstrip()[:1] == "[":
        return _objects(json.loads(text))
    return list(_rows(text))


def _objects(value: object) -> list[Mapping[str, object]]:
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise ValueError("a JSON array of objects is needed")
    return value


def _rows(text: str) -> Iterator[Mapping[str, object]]:
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    rows = csv.reader(text.splitlines(keepends=True), strict=True)
    names = [name.strip() for name in next(rows, [])]
    if "SellerSku" not in names:
        raise ValueError("the first line must name the columns, SellerSku among them")
    for number, row in enumerate(rows, start=2):
        if len(row) > len(names):
            raise ValueError(f"record {number} has more cells than there are columns")
        if row:
            yield dict(zip(names, row, strict=False))
