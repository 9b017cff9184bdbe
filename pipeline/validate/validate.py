"""Mapped catalog → accepted rows + every finding, in one pass over the cells.

texts ─ parse cells ─ values ─ screen ─┬─ acquitted
                                       └─ pandera ── verdicts
keys of all rows ─ doubtful ones ─ pandera ── verdicts
refused rows, then their children and groups ── left out of what is accepted
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from pipeline.ahead import ahead
from pipeline.collector import rarely_collecting
from pipeline.errors import InputRefused
from pipeline.giveback import give_back
from pipeline.market.lookups import Lookups
from pipeline.read.catalog import LINE, PART, ROW, Mapped
from pipeline.read.finding import Severity
from pipeline.settings import CatalogSettings, Shop
from pipeline.validate import across, kept
from pipeline.validate.accepted import Accepted
from pipeline.validate.calm import calm_column
from pipeline.validate.cells import UNSURE, Reader, Sure, owners_of
from pipeline.validate.judging import Judge, spot_of
from pipeline.validate.known import Known
from pipeline.validate.lent import filled, flag, lend, stored
from pipeline.validate.onlooker import Onlooker, Sight
from pipeline.validate.placing import Placer, Spot
from pipeline.validate.refusing import Read, refuse
from pipeline.validate.rules import informed, rules_of
from pipeline.validate.screen import Screen
from pipeline.validate.spool import Spool, chunks, table_of
from pipeline.validate.standing import Standing
from pipeline.values.columns import Odd, Parsed
from pipeline.values.context import Context, Format
from schemas import product
from schemas.fields import KEY, Field, Kind, field_named
from schemas.keys import key_table
from schemas.rowrules import required_names
from schemas.tables import Table, judge, product_table

POSITION = (ROW, PART, LINE)


def validate(
    mapped: Mapped,
    *,
    settings: CatalogSettings,
    shop: Shop,
    ctx: Context,
    lookups: Lookups,
    known_skus: Known | None,
    folder: Path,
    beside: Onlooker | None = None,
) -> Accepted:
    """Judge every row; write their values to `folder`/accepted.arrow.

    Args:
        known_skus: what the shop holds; None = not asked: what new products lack is then a warning.
        beside: who looks at the values of all rows as they are written.

    Raises:
        InputRefused: no column of the catalog is the SellerSku.
    """
    if KEY not in mapped.fields:
        hint = f'write {KEY} = "header of the column" under [columns] of the mapping'
        raise InputRefused(f"no column of the catalog is {KEY}", hint=hint)
    fields = tuple(field_named(name, shop.dialect) for name in mapped.fields)
    folder.mkdir(parents=True, exist_ok=True)
    work = _Work.begin(mapped, fields, settings, informed(ctx, lookups), lookups, known_skus, beside, folder)
    parsed = folder / "accepted.arrow"
    read = partial(filled, parsed, mapped, mapped.fields)
    with closing(work.keys), rarely_collecting():
        work.read_all(parsed)
        work.judge_keys(read)
    refuse(read, work.placer, settings)
    return _accepted(parsed, read, work)


#: Where a cell stands that has no value.
_Odd = tuple[Spot, Odd]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """What is left of one chunk that was looked at.

    Attributes:
        places: where its rows stand; odd: cells without a value.
        values, texts: rows in doubt, with `NEW`, and as they stand in the mapped file.
        keys: what is kept of all rows; table: what is written of them; beside: what the onlooker saw.
    """

    places: pl.DataFrame
    odd: list[_Odd]
    values: pl.DataFrame
    texts: pl.DataFrame
    keys: Mapping[kept.Name, kept.Words]
    table: pa.Table
    beside: Any


@dataclass(slots=True, kw_only=True)
class _Work:
    """One validation under way.

    Attributes:
        known: what the shop holds.
        told: fields of which the onlooker may know which texts stand.
        total: rows, once all were read.
    """

    mapped: Mapped
    fields: tuple[Field, ...]
    settings: CatalogSettings
    rules: product.Shop
    reader: Reader
    screen: Screen
    table: Table
    placer: Placer
    keys: kept.Keys
    known: Known | None
    beside: Onlooker | None
    told: tuple[str, ...] = ()
    total: int = 0

    @classmethod
    def begin(
        cls,
        mapped: Mapped,
        fields: tuple[Field, ...],
        settings: CatalogSettings,
        ctx: Context,
        lookups: Lookups,
        known: Known | None,
        beside: Onlooker | None,
        folder: Path,
    ) -> _Work:
        rules = rules_of(settings, lookups, new_known=known is not None or settings.mode == "update-only")
        placer = Placer(mapped=mapped, severity=settings.severity)
        formats = {name: found for name, found in mapped.formats.items() if isinstance(found, Format)}
        owners = owners_of(mapped, mapped.fields)
        reader = Reader(fields=fields, formats=formats, ctx=ctx, clear=settings.clear, owners=owners)
        screen = Screen(fields, rules)
        standing = Standing(fields=fields, formats=formats, ctx=ctx, clear=settings.clear, screen=screen)
        return cls(
            mapped=mapped, fields=fields, settings=settings, rules=rules, placer=placer, known=known,
            beside=beside,
            reader=reader,
            screen=screen,
            told=tuple(beside.begin(standing)) if beside else (),
            table=product_table(fields, rules),
            keys=kept.Keys(fields={of.name: of for of in fields}, ctx=ctx, folder=folder),
        )  # fmt: skip

    def read_all(self, path: Path) -> None:
        """Parse, screen and judge all rows; write their values."""
        self._warn_of_columns()
        self.placer.inherit()
        look = partial(self._look, schema=(schema := _schema(self.mapped)))
        texts = chunks(
            self.mapped.batches(views=True), (*POSITION, *self.mapped.fields, *self.mapped.internal)
        )
        with Spool(path, schema) as spool, Judge(self.table) as judging:
            for seen in ahead(look, texts):
                self.placer.adopt(seen.places)
                for spot, cell in seen.odd:
                    self.placer.problem(spot, cell.field, cell.text, cell.problem)
                judging.add(seen.values, seen.texts)
                self.keys.add(seen.keys)
                if self.beside:
                    self.beside.keep(seen.beside)
                spool.write(seen.table)
            for spot, verdict, text in judging.broken():
                self.placer.verdict(spot, verdict, text)
            self.total = spool.rows
        if self.beside:
            self.beside.done()
        give_back()  # what chunks took: keys of all rows are looked at next

    def _look(self, texts: pl.DataFrame, schema: pa.Schema) -> _Seen:
        """All that can be said of one chunk without the others: changes nothing, so several run at once."""
        first = self.reader.first(texts, later=self.told)
        sight = self.beside.glance(first.frame[KEY]) if self.beside else None
        sure = self._sure(first, sight) if sight else UNSURE
        short = self.reader.rest(texts, first, self.told, sure)
        done = self.reader.long(texts, short, sight.calm if sight else None)
        values = done.frame
        keys, calm = self.keys.of(values, done.few), {name: calm_column(name) for name in _long(self.fields)}
        judged = values.with_columns(self._news(keys["sku"], sight))
        doubt = self.screen.suspicious(judged, done.few, sure)
        return _Seen(
            places=values.select(POSITION), odd=_spotted(done.odd, values, texts),
            values=judged.filter(doubt), texts=texts.filter(doubt),
            keys=keys, table=table_of(lend(values, texts, self.mapped.fields, calm), schema),
            beside=sight.look(values, done.few) if sight else None,
        )  # fmt: skip

    def _sure(self, first: Parsed, sight: Sight) -> Sure:
        """What is known of the cells that were left for later."""
        rows = sight.standing(first.frame, first.few) if self.told else None
        return UNSURE if rows is None else Sure(self.told, np.flatnonzero(~rows))

    def _news(self, skus: kept.Words, sight: Sight | None) -> pl.Series:
        """Does the shop lack the product."""
        if self.settings.mode == "update-only":
            return pl.Series(product.NEW, [product.NO]).new_from_index(0, len(skus))
        if self.known is None:
            return pl.Series(product.NEW, [product.UNKNOWN]).new_from_index(0, len(skus))
        found = sight.listed() if sight else None
        listed = pl.Series(kept.among(skus, self.known.hashes) if found is None else found)
        words = pl.when(listed).then(pl.lit(product.NO)).otherwise(pl.lit(product.YES))
        return pl.select(words.alias(product.NEW)).to_series()

    def _warn_of_columns(self) -> None:
        """Where nobody asked which products are new, missing columns are said once."""
        missing = required_names(self.fields)[1]
        if missing and not self.rules.new_known:
            message = f"new products need fields that the file doesn't have: {', '.join(missing)}"
            self.placer.whole_file("incomplete-product", message, Severity.WARNING)

    def judge_keys(self, read: Read) -> None:
        """SKUs, parents and groups over the whole catalog."""
        doubts = kept.doubtful(self.keys, self.known.hashes if self.known else None)
        if not doubts:
            return
        names = (name for name in across.COLUMNS if name in self.mapped.fields)
        rows = _rows_at(read, names, doubts, self.total)
        parents = {row.get(kept.PARENT_SKU) or "" for row in rows.values()} - {""}
        frame = across.key_frame(
            (self._key_row(row, values) for row, values in rows.items()),
            self.known.among(parents) if self.known else None,
            _present(read, parents),
        )
        for label, verdict in judge(key_table(self.settings.severity), frame):
            values = rows[label]
            self.placer.verdict(spot_of(values, values), verdict, values.get(verdict.field) or "")

    def _key_row(self, row: int, values: dict[str, Any]) -> across.Row:
        return across.Row(
            row=row,
            sku=values[KEY] or "",
            parent=values.get(kept.PARENT_SKU) or "",
            brand=self.keys.meaning(values, kept.BRAND),
            category=self.keys.meaning(values, kept.CATEGORY),
        )


def _spotted(odd: list[Odd], values: pl.DataFrame, texts: pl.DataFrame) -> list[_Odd]:
    """Cells without a value, each with its place."""
    if not odd:
        return []
    rows = [cell.row for cell in odd]
    places = values.select(*POSITION, KEY)[rows].iter_rows(named=True)
    shown = texts.select(KEY)[rows].iter_rows(named=True)
    return [(spot_of(place, text), cell) for cell, place, text in zip(odd, places, shown, strict=True)]


def _long(fields: tuple[Field, ...]) -> Iterator[str]:
    """Columns that are borrowed cell by cell."""
    return (of.name for of in fields if of.kind is Kind.HTML)


def _schema(mapped: Mapped) -> pa.Schema:
    positions = [(ROW, pa.int64()), (PART, pa.int32()), (LINE, pa.int64())]
    texts = [(name, pa.large_string()) for name in (*mapped.fields, *mapped.internal)]
    return pa.schema([*positions, *texts, *((flag(name), pa.bool_()) for name in mapped.fields)])


def _rows_at(read: Read, names: Iterable[str], positions: list[int], total: int) -> dict[int, dict[str, Any]]:
    """Some columns of some rows, by their place among all, which is what `Keys` counts."""
    wanted = np.zeros(total, dtype=np.bool_)
    wanted[positions] = True
    return {row[ROW]: row for batch in read([*POSITION, *names], wanted) for row in batch.to_pylist()}


def _present(read: Read, skus: set[str]) -> frozenset[str]:
    """Those of some SKUs that the catalog has a row for."""
    wanted, found = pl.Series(list(skus), dtype=pl.String), set()
    if not skus:
        return frozenset()
    for frame in chunks(read([KEY]), [KEY]):
        found |= set(frame[KEY].filter(frame[KEY].is_in(wanted.implode())).to_list())
    return frozenset(found)


def _accepted(path: Path, read: Read, work: _Work) -> Accepted:
    """All rows, and which of them no finding refused."""
    refused = work.placer.refused
    kept = _kept(path, refused) if refused else None
    return Accepted(
        path=path,
        fields=work.mapped.fields,
        internal=work.mapped.internal,
        rows=work.total - len(refused),
        total=work.total,
        rejected=len(refused),
        rejected_skus=frozenset() if kept is None else _lost(read, ~kept),
        findings=work.placer.findings(),
        mapped=work.mapped,
        lent=work.mapped.fields,
        kept=kept,
    )


def _kept(path: Path, refused: Iterable[int]) -> npt.NDArray[np.bool_]:
    """Which rows weren't refused."""
    rows = np.concatenate([batch.column(ROW).to_numpy() for batch in stored(path, [ROW])])
    return np.isin(rows, list(refused), invert=True)


def _lost(read: Read, gone: npt.NDArray[np.bool_]) -> frozenset[str]:
    """The SKUs of rows that were refused."""
    return frozenset(sku for batch in read([KEY], gone) for sku in batch.column(KEY).drop_null().to_pylist())
