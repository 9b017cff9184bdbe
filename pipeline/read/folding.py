"""Rows that belong together → what each product needs of the others, before any field is made."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import polars as pl

from pipeline.read.catalog import Catalog
from pipeline.read.evaluate import Scope, compiled
from pipeline.read.expression import Node
from pipeline.read.mapping import Parent

GROUP = "__group"
#: Cells of images that are gathered over one group; a shop takes eight, a hostile file has millions.
MOST_IMAGES = 200


def is_blank(name: str) -> pl.Expr:
    return pl.col(name).is_null() | (pl.col(name).str.strip_chars() == "")


@dataclass(slots=True)
class Groups:
    """Rows that stand one below another under one key; a group is only let go when it is whole.

    Attributes:
        key: column of the key; a blank key belongs to the row above.
        fill: columns whose blanks take the first value of the group.
        images: columns gathered over the group into "@images".
    """

    key: str
    fill: tuple[str, ...]
    images: tuple[str, ...]
    _held: pl.DataFrame | None = None

    def take(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The groups that are whole now; the last one may go on in the next batch."""
        whole = frame if self._held is None else pl.concat([self._held, frame])
        marked = self._marked(whole)
        last = marked[GROUP][-1] if marked.height else 0
        open_ = marked[GROUP] == last
        self._held = whole.filter(open_)
        return self._folded(marked.filter(~open_))

    def rest(self) -> pl.DataFrame | None:
        """The last group, when there are no more rows."""
        held, self._held = self._held, None
        return None if held is None else self._folded(self._marked(held))

    def _marked(self, frame: pl.DataFrame) -> pl.DataFrame:
        key = pl.when(is_blank(self.key)).then(None).otherwise(pl.col(self.key)).forward_fill()
        return frame.with_columns(key.rle_id().alias(GROUP))

    def _folded(self, frame: pl.DataFrame) -> pl.DataFrame:
        filled = [
            pl.when(is_blank(name))
            .then(pl.col(name).filter(~is_blank(name)).first().over(GROUP))
            .otherwise(pl.col(name))
            .alias(name)
            for name in self.fill
        ]
        frame = frame.with_columns(filled)
        if not self.images:
            return frame
        row = pl.concat_str([pl.col(name) for name in self.images], separator="\n", ignore_nulls=True)
        gathered = row.filter(row != "").head(MOST_IMAGES).str.join("\n").over(GROUP)
        return frame.with_columns(pl.when(gathered != "").then(gathered).alias("@images"))


@dataclass(slots=True)
class Family:
    """What the parents of a catalog hold, and whose they are; found in a pass of its own.

    Attributes:
        of: child's reference (or key) → parent.
        first: parent → the SKU of its first child in the file.
        cells: column → parent → its cell there.
    """

    spec: Parent
    of: dict[str, int] = field(default_factory=dict)
    first: dict[int, str] = field(default_factory=dict)
    cells: dict[str, dict[int, str]] = field(default_factory=dict)

    @property
    def link(self) -> str:
        """The column of a child that leads to its parent."""
        return self.spec.reference or self.spec.child_key or ""

    def learn(self, frame: pl.DataFrame, when: Node, scope: Scope) -> None:
        """Take in the parents among some rows."""
        parents = frame.filter(compiled(when, scope).fill_null(False))
        for row in parents.iter_rows(named=True):
            self._parent(row)

    def _parent(self, row: dict[str, str | None]) -> None:
        import re

        names = [(row.get(key) or "").strip() for key in self.spec.keys]
        if self.spec.ids and row.get(self.spec.ids):
            names.append(f"id:{row[self.spec.ids]}")
        if self.spec.children and self.spec.child:
            listed = row.get(self.spec.children) or ""
            names = [match[1] for match in re.finditer(self.spec.child, listed)]
        names = [name for name in names if name]
        if not names:
            return
        number = next((self.of[name] for name in names if name in self.of), len(self.of))
        for name in names:
            self.of.setdefault(name, number)
        for column in self.spec.inherit:
            if (cell := row.get(column)) and cell.strip():
                self.cells.setdefault(column, {})[number] = cell

    def meet(self, frame: pl.DataFrame) -> None:
        """Take in which child of each parent comes first."""
        if not self.link or not self.spec.child_key:
            return
        rows = zip(frame[self.link].to_list(), frame[self.spec.child_key].to_list(), strict=True)
        for link, sku in rows:
            parent = self.of.get((link or "").strip())
            if parent is not None and sku and parent not in self.first:
                self.first[parent] = sku

    def apply(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Children with what they inherit, and "@parent"; parents of others with "@children"."""
        parents = [self.of.get((link or "").strip(), -1) for link in frame[self.link].to_list()]
        own = frame[self.spec.child_key].to_list() if self.spec.child_key else [None] * frame.height
        first = [self.first.get(number) or sku for number, sku in zip(parents, own, strict=True)]
        made = [pl.Series("@parent", first, dtype=pl.String), self._with_children(frame, parents)]
        for column in self.spec.inherit:
            cells = self.cells.get(column, {})
            pairs = zip(frame[column].to_list(), parents, strict=True)
            made.append(
                pl.Series(
                    column,
                    [cell if cell and cell.strip() else cells.get(number) for cell, number in pairs],
                    dtype=pl.String,
                )
            )
        return frame.with_columns(made)

    def _with_children(self, frame: pl.DataFrame, parents: list[int]) -> pl.Series:
        """ "1" where other rows name this one as their parent."""
        held: list[str | None] = [None] * frame.height
        for key in self.spec.keys:
            for row, (name, parent) in enumerate(zip(frame[key].to_list(), parents, strict=True)):
                number = self.of.get((name or "").strip())
                if number is not None and number != parent and number in self.first:
                    held[row] = "1"
        return pl.Series("@children", held, dtype=pl.String)


def text_frames(catalog: Catalog, columns: tuple[str, ...]) -> Iterator[pl.DataFrame]:
    """Some columns of a catalog as Polars frames, batch by batch."""
    for batch in catalog.batches(views=True):
        taken = [name for name in batch.schema.names if name in columns]
        yield pl.DataFrame({name: pl.from_arrow(batch.column(name)) for name in taken})
