"""What the parent asks of the guarded child, and what comes back: plain values that survive JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from pipeline.read.catalog import Choice, Limits, Part, ReadOptions
from pipeline.read.finding import Finding, Severity
from pipeline.values.counted import grouped


class Refusal(Exception):
    """A file that can't be read as a table: what, and what to do about it."""

    def __init__(self, message: str, *, hint: str = "", code: str = "input-refused") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.code = code


def cell_too_long(place: str, size: int, most: int) -> Refusal:
    """The refusal of a cell that holds more than is read; `place` says which, as well as it is known."""
    text = f"{place} holds {grouped(size)} characters, {grouped(most)} are read"
    hint = "parse_max_cell in [shops.NAME.catalog] allows longer ones"
    return Refusal(text, hint=hint, code="cell-too-long")


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """One file on disk.

    Attributes:
        path: where the bytes are.
        name: what the caller typed: findings and choices say this.
    """

    path: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A whole reading: all sources, in order, into one Arrow file.

    Attributes:
        out: the Arrow IPC file to write.
        spool: an existing folder for intermediate files.
    """

    inputs: tuple[Input, ...]
    out: str
    spool: str
    options: ReadOptions = field(default_factory=ReadOptions)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Job:
        options = dict(data["options"])
        options["limits"] = Limits(**options["limits"])
        options["sheet"] = tuple(options["sheet"]) if options["sheet"] is not None else None
        inputs = tuple(Input(**item) for item in data["inputs"])
        return cls(inputs=inputs, out=data["out"], spool=data["spool"], options=ReadOptions(**options))


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a reading found, beside the Arrow file that it wrote."""

    headers: tuple[str, ...]
    parts: tuple[Part, ...]
    rows: int
    digest: str
    choices: tuple[Choice, ...]
    findings: tuple[Finding, ...]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Answer:
        findings = (Finding(**{**item, "severity": Severity(item["severity"])}) for item in data["findings"])
        return cls(
            headers=tuple(data["headers"]),
            parts=tuple(Part(**part) for part in data["parts"]),
            rows=data["rows"],
            digest=data["digest"],
            choices=tuple(Choice(**item) for item in data["choices"]),
            findings=tuple(findings),
        )
