"""A workbook that someone has reviewed: which plan it is about, and what was said to each change.

Sheets as the report writes them: "plan" (facts in two columns, `plan` and `digest` among them),
"fields" (field, …, approve) and "changes", "changes 2" … (record, sku, effect, field, before, after,
approve). It is a file from outside: it's parsed by the guarded child like any catalog.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pipeline.errors import InputRefused, PlanRefused
from pipeline.read.catalog import LINE, PART, Catalog, ReadOptions, column_letters
from pipeline.read.reading import read_catalog

ROWS_A_SHEET = 1_048_575
_NO = frozenset({"no", "n", "0", "false", "nein", "non", "não", "nao"})
_YES = frozenset({"", "yes", "y", "1", "true", "ja", "oui", "sí", "si", "sim"})
_CHANGES = ("record", "sku", "effect", "field", "before", "after", "approve")
_FRESH = "write the report again (`sellercenter diff … --report reviewed.xlsx`) and review that"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One line of the review.

    Attributes:
        cells: column → text as it stands there, "" for nothing.
        approved: what the line's own approve cell says.
        where: sheet and row.
        columns: column → its letters.
    """

    cells: Mapping[str, str]
    approved: bool
    where: tuple[str, int]
    columns: Mapping[str, str]

    def place(self, column: str) -> str:
        """The cell of a column: "changes!F12"."""
        sheet, row = self.where
        return f"{sheet}!{self.columns[column]}{row}"


class Review(Protocol):
    """What someone said to a plan's changes, wherever it is written."""

    def plan(self) -> tuple[str, str]:
        """(id, digest) of the plan that was reviewed."""
        ...

    def declined_fields(self) -> frozenset[str]:
        """Fields that got a "no" as a whole."""
        ...

    def answers(self, lines: int) -> Iterator[Answer]:
        """What was said to each of so many lines, in any order."""
        ...


class Workbook:
    """A review written into the report's workbook.

    Args:
        folder: an existing folder for what is needed only meanwhile.
    """

    def __init__(self, path: Path, folder: Path) -> None:
        self._path = path
        self._folder = folder

    def plan(self) -> tuple[str, str]:
        """(id, digest) of the plan that was reviewed.

        Raises:
            PlanRefused: it doesn't say.
        """
        catalog = self._sheets(("plan",))
        what, value = (*catalog.headers, "", "")[:2]
        facts = {what: value} | {
            row[what] or "": row[value] or ""
            for batch in catalog.batches()
            for row in batch.select([what, value]).to_pylist()
        }
        if not facts.get("plan") or not facts.get("digest"):
            raise PlanRefused(f"{self._path} doesn't say in its sheet 'plan' what it reviews", hint=_FRESH)
        return facts["plan"], facts["digest"]

    def declined_fields(self) -> frozenset[str]:
        """Fields that got a "no" as a whole."""
        answers = self._answers(("fields",), ("field", "approve"))
        return frozenset(answer.cells["field"] for answer in answers if not answer.approved)

    def answers(self, lines: int) -> Iterator[Answer]:
        """What was said to each of so many lines, in any order.

        Raises:
            PlanRefused: a sheet or column is missing, or an answer is neither yes nor no.
        """
        sheets = range(1, max(1, -(-lines // ROWS_A_SHEET)) + 1)
        return self._answers(["changes" if n == 1 else f"changes {n}" for n in sheets], _CHANGES)

    def _answers(self, sheets: Sequence[str], columns: Sequence[str]) -> Iterator[Answer]:
        catalog = self._sheets(sheets)
        if missing := [name for name in columns if name not in catalog.headers]:
            what = f"{self._path}, sheet {sheets[0]!r}: column {missing[0]!r} is missing"
            raise PlanRefused(what, hint=_FRESH)
        for batch in catalog.batches():
            for row in batch.select([PART, LINE, *columns]).to_pylist():
                part = catalog.parts[row[PART]]
                letters = {name: column_letters(part.columns[name]) for name in columns}
                cells = {name: row[name] or "" for name in columns}
                yield self._answer(cells, (part.sheet, row[LINE]), letters)

    def _answer(self, cells: Mapping[str, str], where: tuple[str, int], letters: Mapping[str, str]) -> Answer:
        word = cells["approve"].strip().casefold()
        answer = Answer(cells=cells, approved=word not in _NO, where=where, columns=letters)
        if word not in _NO | _YES:
            said = f"{self._path}, {answer.place('approve')} says {cells['approve']!r}"
            raise PlanRefused(f"{said}: neither yes nor no", hint="write yes or no")
        return answer

    def _sheets(self, names: Sequence[str]) -> Catalog:
        options = ReadOptions(sheet=tuple(names), header_row=1, skip_footer=0)
        try:
            folder = Path(tempfile.mkdtemp(prefix="review-", dir=self._folder))
            return read_catalog([str(self._path)], options, folder=folder)
        except InputRefused as error:
            raise PlanRefused(f"{self._path}: {error.message}", hint=_FRESH) from error
