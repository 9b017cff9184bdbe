"""The bad rows alone, in the source's own columns, ready to be corrected and fed again.

With them come the rows that they can't be read without: those of the same group, their parents and
parents' other variants where the mapping ties them; a row that was good is simply found unchanged.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl

from pipeline.read.catalog import LINE, PART, ROW, Mapped, batches_of
from pipeline.read.numbers import with_commas
from pipeline.read.table import NUMBERS
from pipeline.store.safe_csv import write_catalog_csv, write_catalog_xlsx
from pipeline.validate.accepted import Accepted
from pipeline.values.context import Format

Place = tuple[int, int]
#: Where the text columns of a source file begin: behind ROW, PART and LINE.
FIRST_TEXT = 3


def write_rejected(path: Path, accepted: Accepted) -> None:
    """Write the source rows of all refused products, as XLSX or CSV by the suffix.

    Several files or sheets become one table with the headers of all, in order.
    """
    headers = accepted.mapped.catalog.headers
    rows = _rows(accepted, headers)
    if path.suffix.lower() == ".xlsx":
        write_catalog_xlsx(path, headers, rows)
    else:
        write_catalog_csv(path, headers, rows)


def _rows(accepted: Accepted, headers: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    wanted = rejected_places(accepted)
    for frame in _source(accepted.mapped):
        taken = frame.filter(pl.struct(PART, LINE).is_in(wanted.implode())) if len(wanted) else frame.clear()
        names = [name for name in headers if name in taken.columns]
        for row in taken.select(names).iter_rows(named=True):
            yield tuple(row.get(name) or "" for name in headers)


def rejected_places(accepted: Accepted) -> pl.Series:
    """(part, line) of every source row that belongs to a refused product."""
    refused = _refused(accepted)
    schema = pl.Struct({PART: pl.Int32, LINE: pl.Int64})
    if not refused:
        return pl.Series([], dtype=schema)
    ties = accepted.mapped.ties
    if "group" in ties:
        refused |= _groups(accepted.mapped, refused, ties["group"][0])
    if {"reference", "children"} & ties.keys():
        refused |= _families(accepted.mapped, refused)
    return pl.Series([{PART: part, LINE: line} for part, line in sorted(refused)], dtype=schema)


def _refused(accepted: Accepted) -> set[Place]:
    """Where the rows start that were mapped but not accepted."""
    good = pl.concat(
        [
            pl.Series([], dtype=pl.Int64),
            *(pl.Series(pl.from_arrow(b.column(ROW))) for b in accepted.batches([ROW])),
        ]
    ).implode()
    places: set[Place] = set()
    for batch in accepted.mapped.batches(views=True):
        frame = pl.DataFrame(pl.from_arrow(batch.select([ROW, PART, LINE])))
        places |= set(frame.filter(~pl.col(ROW).is_in(good)).select(PART, LINE).iter_rows())
    return places


def _source(mapped: Mapped) -> Iterator[pl.DataFrame]:
    """All source rows; number cells are written as the mapping reads text, for that's what they become."""
    commas = {
        header
        for name, known in mapped.formats.items()
        if isinstance(known, Format) and known.decimal == ","
        for header in mapped.sources[name].columns
    }
    for batch in batches_of(mapped.catalog.path):
        names = [name for name in batch.schema.names if name in (PART, LINE, *mapped.catalog.headers)]
        frame = pl.DataFrame(pl.from_arrow(batch.select(names)))
        if NUMBERS in batch.schema.names:
            marks, columns = batch.column(NUMBERS), [name for name in names if name in commas]
            frame = frame.with_columns(
                with_commas(frame[name], marks, batch.schema.names.index(name) - FIRST_TEXT).alias(name)
                for name in columns
            )
        yield frame


def _ties(mapped: Mapped, columns: tuple[str, ...]) -> Iterator[tuple[Place, tuple[str, ...]]]:
    """Place and stripped cells of some columns of all source rows."""
    for frame in _source(mapped):
        known = [pl.col(name) if name in frame.columns else pl.lit("").alias(name) for name in columns]
        for part, line, *cells in frame.select(PART, LINE, *known).iter_rows():
            yield (part, line), tuple((cell or "").strip() for cell in cells)


def _groups(mapped: Mapped, refused: set[Place], key: str) -> set[Place]:
    """All rows of the groups that a refused row stands in: a blank key belongs to the row above."""
    groups: list[set[Place]] = []
    last = ""
    for place, (cell,) in _ties(mapped, (key,)):
        if (cell and cell != last) or not groups:
            groups.append(set())
        last = cell or last
        groups[-1].add(place)
    return {place for group in groups if group & refused for place in group}


def _families(mapped: Mapped, refused: set[Place]) -> set[Place]:
    """The rows that refused ones take cells from: those that their reference names, or that list them."""
    ties = mapped.ties
    reference, child_key = ties.get("reference", ()), ties.get("child_key", ())
    keys, ids, children = ties.get("keys", ()), ties.get("ids", ()), ties.get("children", ())
    wanted, listed = set[str](), set[str]()
    for place, cells in _ties(mapped, (*reference, *child_key)):
        if place in refused:
            wanted |= set(cells[: len(reference)]) - {""}
            listed |= set(cells[len(reference) :]) - {""}
    found: set[Place] = set()
    for place, cells in _ties(mapped, (*keys, *ids, *children)):
        names = {
            *cells[: len(keys)],
            *(f"id:{cell}" for cell in cells[len(keys) : len(keys) + len(ids)] if cell),
        }
        lists = cells[len(keys) + len(ids) :]
        if names & wanted or any(sku in cell for cell in lists if cell for sku in listed):
            found.add(place)
    return found
