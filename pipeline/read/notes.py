"""Where the readers put down what they noticed and what they took for granted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace

from pipeline.read.catalog import Choice, column_letters
from pipeline.read.finding import Finding, Severity

#: Findings of one code for one table that are listed one by one; the rest are counted.
LISTED = 10_000


@dataclass(slots=True)
class Notes:
    """Choices and findings of one table as they come up; `done` puts them in the file's order."""

    file: str
    sheet: str = ""
    choices: list[Choice] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def chose(self, what: str, why: str, override: str) -> None:
        self.choices.append(Choice(what=what, why=why, override=override, file=self.place))

    def forget(self) -> None:
        """Begin anew: the table is read another way."""
        self.choices.clear()
        self.findings.clear()
        self.counts.clear()

    @property
    def place(self) -> str:
        return f"{self.file}!{self.sheet}" if self.sheet else self.file

    def found(
        self,
        code: str,
        message: str,
        *,
        row: int = 0,
        index: int | None = None,
        column: str = "",
        value: str = "",
        hint: str = "",
        error: bool = False,
    ) -> None:
        """Put down one finding; of a code that comes up again and again only the first are listed."""
        self.counts[code] += 1
        if self.counts[code] > LISTED:
            return
        cell = f"{column_letters(index)}{row}" if index is not None and row else ""
        self.findings.append(
            Finding(
                code=code,
                severity=Severity.ERROR if error else Severity.WARNING,
                message=message,
                hint=hint,
                file=self.file,
                sheet=self.sheet,
                row=row,
                column=column,
                cell=cell,
                value=value[:500],
            )
        )

    def error_cell(self, value: str, row: int, index: int) -> None:
        """A formula that ended in an error, as the cell shows it."""
        self.found(
            "error-cell",
            f"the cell shows {value}",
            row=row,
            index=index,
            value=value,
            hint="correct the formula",
            error=True,
        )

    def no_value(self, row: int, index: int) -> None:
        """A formula that the file holds no result of."""
        self.found(
            "formula-without-value",
            "a formula whose result isn't saved in the file",
            row=row,
            index=index,
            hint="open the workbook in a spreadsheet program and save it",
            error=True,
        )

    def join(self, other: Notes) -> None:
        """Take over findings that were put down apart, in the order of the rows."""
        for finding in sorted(other.findings, key=lambda item: item.row):
            self.counts[finding.code] += 1
            if self.counts[finding.code] <= LISTED:
                self.findings.append(finding)
        for code, count in other.counts.items():
            self.counts[code] += max(count - LISTED, 0)

    def done(self) -> tuple[Finding, ...]:
        """All findings in the order of the rows, with a word on those that were only counted."""
        rest = [(code, count - LISTED) for code, count in self.counts.items() if count > LISTED]
        for code, more in rest:
            first = next(item for item in self.findings if item.code == code)
            text = f"{more} more findings {code} are not listed one by one"
            self.findings.append(replace(first, message=text, row=0, cell="", column="", value=""))
        return tuple(sorted(self.findings, key=lambda item: item.row))
