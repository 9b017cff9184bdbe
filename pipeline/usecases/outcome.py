"""What a use case hands back to the edge: a document for machines, lines for people, an exit code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pipeline.errors import Exit


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The end of one command.

    Attributes:
        document: what `--json` prints, without "schema" (the command line puts it first).
        exit_code: by the contract in `pipeline.errors`.
        lines: what stdout shows without `--json`.
        report: the report's value where there is one, for callers of the Python API.
    """

    document: Mapping[str, Any] = field(default_factory=dict)
    exit_code: Exit = Exit.DONE
    lines: tuple[str, ...] = ()
    report: object | None = None
