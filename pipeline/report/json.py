"""Documents for scripts: versioned, complete, the keys of the design contract first.

`document` is what `--json` prints and what `result.json` holds; `write` adds the rows themselves,
one after the other, so that a million changes are never in memory at once.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import Any, TextIO

from pipeline.diff.plan import Guard, Held, Origin
from pipeline.errors import PipelineError
from pipeline.read.finding import Finding
from pipeline.report.model import DiffReport, Ending, FindingsReport, Report, RunReport
from pipeline.report.prices import BANDS, Prices
from pipeline.report.rows import Line
from pipeline.report.text import message

Json = dict[str, Any]


def envelope(command: str, body: Mapping[str, Any]) -> Json:
    """A document of a command: its schema first."""
    return {"schema": f"sellercenter/{command}/1", **body}


def document(report: Report) -> Json:
    """The document of a report, as `--json` prints it; without the rows of a plan or a run."""
    if isinstance(report, DiffReport):
        return envelope(report.command, _diff(report))
    if isinstance(report, FindingsReport):
        return envelope(report.command, {**_validate(report), "findings": [*map(finding, report.findings)]})
    return envelope(report.command, _run(report))


def error_document(command: str, error: PipelineError) -> Json:
    """What `--json` prints where a command fails."""
    told = {"code": error.code, "message": message(error.message), "hint": message(error.hint)}
    return envelope(command, {"error": told, "exit_code": int(error.exit_code)})


def runs_document(runs: Iterable[Mapping[str, Any]]) -> Json:
    """Runs oldest first, each with run, shop, started, state and counts."""
    return envelope("runs", {"runs": [dict(run) for run in runs]})


def finding(found: Finding) -> Json:
    """One finding with the keys of the contract, and the hint."""
    return {
        "code": found.code,
        "severity": str(found.severity),
        "file": found.file,
        "sheet": found.sheet,
        "row": found.row,
        "column": found.column,
        "cell": found.cell,
        "value": found.value,
        "sku": found.sku,
        "message": message(found.message),
        "hint": message(found.hint),
    }


def write(report: Report, out: TextIO) -> None:
    """Write the document of a report file: the command's own keys, then all rows."""
    if isinstance(report, DiffReport):
        head = {**_diff(report), **_about(report)}
        rows: dict[str, Iterable[Json]] = {
            "changes": map(_change, report.rows()),
            "held": map(_held, report.held),
            "findings": map(finding, report.findings),
        }
    elif isinstance(report, FindingsReport):
        head, rows = _validate(report), {"findings": map(finding, report.findings)}
    else:
        head, rows = _run(report), {"records": map(_ending, report.endings)}
    _stream(envelope(report.command, head), rows, out)


def _stream(head: Json, rows: Mapping[str, Iterable[Json]], out: TextIO) -> None:
    encode: Callable[[Any], str] = json.JSONEncoder(ensure_ascii=False).encode
    out.write("{\n")
    out.write(",\n".join(f"  {encode(key)}: {encode(value)}" for key, value in head.items()))
    for key, items in rows.items():
        out.write(f",\n  {encode(key)}: [")
        for piece in _separated(items, encode):
            out.write(piece)
        out.write("\n  ]")
    out.write("\n}\n")


def _separated(items: Iterable[Json], encode: Callable[[Any], str]) -> Iterator[str]:
    separator = "\n    "
    for item in items:
        yield separator + encode(item)
        separator = ",\n    "


def _diff(report: DiffReport) -> Json:
    plan = report.plan
    body: Json = {
        "plan": report.path or plan.id,
        "digest": plan.digest,
        "counts": report.counts,
        "fields_changed": dict(plan.fields_changed),
        "guards": [_guard(guard) for guard in plan.guards],
        "forecast": asdict(plan.forecast),
        "id": plan.id,
    }
    if plan.kind != "import":
        body["conflicts"] = [_held(held) for held in report.held if held.reason == "conflict"]
    return body


def _about(report: DiffReport) -> Json:
    plan = report.plan
    return {
        "shop": plan.shop,
        "created": plan.created,
        "source": plan.source,
        "source_rows": plan.source_rows,
        "notices": [message(notice) for notice in plan.notices],
        "undoes": list(plan.undoes),
        "records": plan.records,
        "lines": report.lines,
        "prices": _prices(report.prices),
        "held_by_reason": dict(report.held_by_reason),
        "finding_counts": {
            "errors": report.finding_counts.errors,
            "warnings": report.finding_counts.warnings,
        },
    }


def _prices(prices: Prices) -> Json:
    return {
        "changed": prices.changed,
        "up": prices.up,
        "down": prices.down,
        "median_pct": prices.median,
        "bounds": list(BANDS),
        "bands": list(prices.bands),
        "movers": [asdict(move) for move in prices.movers],
    }


def _guard(guard: Guard) -> Json:
    return {
        "rule": guard.rule,
        "verdict": guard.verdict,
        "limit": guard.limit,
        "value": guard.value,
        "skus": list(guard.skus),
        "message": guard.message,
    }


def _change(line: Line) -> Json:
    record, change = line.record, line.change
    row: Json = {
        "record": record.no,
        "batch": record.batch,
        "sku": record.sku,
        "name": line.name,
        "action": str(record.action),
        "effect": str(record.effect),
    }
    if change is not None:
        row |= {"field": change.field, "before": change.before, "after": change.after}
        row |= {"drift": change.drift, "acquitted": line.acquitted}
        row["origin"] = _origin(change.origin) if change.origin else None
    return row


def _origin(origin: Origin) -> Json:
    return {name: getattr(origin, name) for name in ("file", "sheet", "row", "cell", "expression")}


def _held(held: Held) -> Json:
    return {**asdict(held), "message": message(held.message)}


def _validate(report: FindingsReport) -> Json:
    counts = {"rows": report.rows, "accepted": report.accepted, "rejected": report.rejected}
    return {**counts, "notices": [message(notice) for notice in report.notices]}


def _run(report: RunReport) -> Json:
    feeds = (
        {key: getattr(feed, key) for key in ("id", "action", "records", "status")} for feed in report.feeds
    )
    return {
        "run": report.run,
        "state": report.state,
        "counts": asdict(report.counts),
        "feeds": list(feeds),
        "exit_code": report.exit_code,
        "shop": report.shop,
        "plan": report.plan,
        "kit": report.kit,
        "notes": [message(note) for note in report.notes],
    }


def _ending(ending: Ending) -> Json:
    return {**asdict(ending), "message": message(ending.message), "fields": [*map(asdict, ending.fields)]}
