"""A defect as a value: where it stands, what stands there, what to do. Collected, never raised."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One defect of one cell, row, column or file.

    Attributes:
        code: stable kebab-case name, documented in docs/findings.
        message: what is wrong, for people.
        hint: what to do about it, or "".
        file: the file as the caller typed it.
        sheet: sheet name, or "" for delimited text.
        row: line of the file or row of the sheet, counted from 1 with the header; 0 for the whole file.
        column: the source's header, or the canonical field where no one column holds it.
        cell: address such as "F214" (also for delimited text), or "".
        value: the offending text, exactly as it stands.
        sku: the product, or "" where it isn't known.
    """

    code: str
    severity: Severity
    message: str
    hint: str = ""
    file: str = ""
    sheet: str = ""
    row: int = 0
    column: str = ""
    cell: str = ""
    value: str = ""
    sku: str = ""


def errors(findings: Iterable[Finding]) -> list[Finding]:
    """Those that refuse their row."""
    return [finding for finding in findings if finding.severity is Severity.ERROR]
