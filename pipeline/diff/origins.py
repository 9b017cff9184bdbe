"""Where a planned value came from, found without asking the file again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

from pipeline.diff.plan import Origin
from pipeline.read.catalog import Mapped, column_letters


class Origins:
    """Origins of the values of a mapped catalog; each field's column is looked up once a table."""

    def __init__(self, mapped: Mapped) -> None:
        self._parts, self._sources = mapped.catalog.parts, mapped.sources
        self._columns: defaultdict[int, dict[str, tuple[str, str, str, str]]] = defaultdict(dict)

    def of_row(self, part: int, line: int) -> Callable[[str], Origin]:
        """field → the cell of this row that it was made of."""

        known, number = self._columns[part], str(line)

        def origin(name: str) -> Origin:
            file, sheet, letters, expression = known.get(name) or self._column(part, name)
            cell = letters and letters + number
            return Origin(file=file, sheet=sheet, row=line, cell=cell, expression=expression)

        return origin

    def _column(self, part: int, name: str) -> tuple[str, str, str, str]:
        table, source = self._parts[part], self._sources.get(name)
        headers = source.columns if source else (name,)
        header = next((header for header in headers if header in table.columns), None)
        letters = "" if header is None else column_letters(table.columns[header])
        known = (table.file, table.sheet, letters, source.expression if source else "")
        self._columns[part][name] = known
        return known
