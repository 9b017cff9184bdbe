"""Products from a file: CSV with or without a byte order mark, or a JSON array."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path


def read_products(path: Path) -> list[Mapping[str, object]]:
    """The rows of a file; its first character tells which of the two it is.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is neither, is no UTF-8, or no array of objects.
    """
    text = path.read_bytes().decode("utf-8-sig")
    if text.lstrip()[:1] == "[":
        return _objects(json.loads(text))
    try:
        return list(_rows(text))
    except csv.Error as error:
        raise ValueError(f"no CSV: {error}") from error


def _objects(value: object) -> list[Mapping[str, object]]:
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise ValueError("a JSON array of objects is needed")
    return value


def _rows(text: str) -> Iterator[Mapping[str, object]]:
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    names = [name.strip() for name in next(rows, [])]
    if "SellerSku" not in names:
        raise ValueError("the first line must name the columns, SellerSku among them")
    for number, row in enumerate(rows, start=2):
        if len(row) > len(names):
            raise ValueError(f"record {number} has more cells than there are columns")
        if row:
            yield dict(zip(names, row, strict=False))
