"""What a use case hands back to the edge: a document for machines, lines for people, an exit code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pipeline.errors import Exit

if TYPE_CHECKING:
    from pipeline.report.model import Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The end of one command.

    Attributes:
        document: what `--json` prints, without "schema" (the command line puts it first).
        exit_code: by the contract in `pipeline.errors`.
        lines: what stdout shows without `--json`.
        report: shown before the lines where there is one; a value for callers of the Python API.
        parts: (heading, outcome) of a command that did the same several times, one section each.
    """

    document: Mapping[str, Any] = field(default_factory=dict)
    exit_code: Exit = Exit.DONE
    lines: tuple[str, ...] = ()
    report: Report | None = None
    parts: tuple[tuple[str, Outcome], ...] = ()
