"""One file a merchant opens anywhere: everything inside, nothing fetched, nothing in the data runs."""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from typing import Any, BinaryIO

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from pipeline.read.finding import Severity
from pipeline.report import charts
from pipeline.report.html_data import (
    Payload,
    change_payload,
    embedded,
    ending_payload,
    finding_payload,
    held_payload,
)
from pipeline.report.model import DiffReport, FindingsReport, Report
from pipeline.report.text import duration, message, one_line, percent, visible
from pipeline.report.words import (
    COUNT_WORDS,
    REASON_WORDS,
    RUN_WORDS,
    changing,
    guard_title,
    guard_words,
    push_command,
    telling,
    verdict_line,
)
from pipeline.values.counted import grouped, plural

_SCRIPTS = ("text", "worddiff", "list", "explorer", "changes", "notes", "page")
#: Bars in the picture of fields; the filter lists all.
FIELD_BARS = 9
GUARD_SKUS = 200
THIN = "\u202f"


def write(report: Report, out: BinaryIO) -> None:
    """Write the page of a report, UTF-8."""
    name, context = _page(report)
    template = _environment().get_template(f"{name}.html.j2")
    for piece in template.generate(**_frame(), **context):
        out.write(piece.encode("utf-8", "replace"))


def _page(report: Report) -> tuple[str, dict[str, Any]]:
    if isinstance(report, DiffReport):
        return "diff", _diff(report)
    if isinstance(report, FindingsReport):
        return "findings", {"report": report, "findings": finding_payload(report.findings)}
    return "run", {"report": report, "endings": ending_payload(report.endings), "words": RUN_WORDS}


def _diff(report: DiffReport) -> dict[str, Any]:
    counts = report.counts
    changed = [each for each in report.fields if each.changed]
    touching = {name: counts[name] for name in ("create", "update", "deactivate", "remove")}
    return {
        "report": report,
        "plan": report.plan,
        "counts": counts,
        "touching": touching,
        "touched": changing(report),
        "share": charts.stack_of(touching),
        "fields": charts.rows_of((each.field, each.changed) for each in changed[:FIELD_BARS]),
        "more_fields": max(0, len(changed) - FIELD_BARS),
        "columns": charts.columns_of(report.prices),
        "edges": charts.edge_labels(),
        "changes": change_payload(report),
        "held": held_payload(report.held),
        "findings": finding_payload(report.findings),
        "verdict": verdict_line(report),
        "command": push_command(report),
        "words": COUNT_WORDS,
        "reasons": REASON_WORDS,
        "guard_skus": GUARD_SKUS,
        "chart": charts,
    }


@cache
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("pipeline.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "grouped": lambda number: grouped(number, THIN),
        "measured": _measured,
        "percent": lambda share: percent(share).replace(" ", THIN),
        "duration": duration,
        "when": _when,
        "seen": visible,
        "told": message,
        "short": one_line,
        "guard": lambda guard: guard_title(guard.rule),
        "guard_words": guard_words,
        "telling": telling,
        "silent": lambda guards: [guard for guard in guards if guard not in telling(guards)],
        "counted": plural,
        "used": lambda options: [option for option in options if option[2]],
        "field_options": lambda fields: [(each.field, each.field, None) for each in fields],
        "guard_options": lambda guards: [
            (g.rule, guard_title(g.rule), len(g.skus)) for g in guards if g.skus
        ],
        "reason_options": lambda reasons, words: [
            (r, words.get(r, r), number) for r, number in reasons.items()
        ],
        "code_options": lambda codes: [(code, code, number) for code, number in _codes(codes)],
        "code_bars": lambda codes: charts.rows_of(_codes(codes)[:FIELD_BARS]),
        "file_options": lambda files: [(file, file, number) for file, number in files if file],
        "file_bars": lambda files: charts.rows_of([pair for pair in files if pair[0]][:FIELD_BARS]),
        "json": lambda payload: Markup(embedded(_data(payload))),  # noqa: S704 - every sign of markup is escaped
    }
    return made


def _codes(codes: Iterable[tuple[str, Severity, int]]) -> list[tuple[str, int]]:
    """Findings by code alone, commonest first: a code may have both severities."""
    numbers: Counter[str] = Counter()
    for code, _, number in codes:
        numbers[code] += number
    return numbers.most_common()


def _data(payload: Payload) -> dict[str, Any]:
    return payload.data


def _measured(number: float) -> str:
    return grouped(int(number) if number == int(number) else round(number, 2), THIN)


def _when(seconds: float) -> str:
    """A moment that means the same everywhere."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")


@cache
def _frame() -> dict[str, Any]:
    """Style, scripts and the policy that lets nothing else run, load or leave."""
    style = _asset("style.css")
    theme = _asset("theme.js")
    script = "(() => {\n'use strict';\n" + "\n".join(_asset(f"{name}.js") for name in _SCRIPTS) + "})();\n"
    theme = "'use strict';\n" + theme
    policy = (
        f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(theme)} {_hash(script)}; "
        "img-src https:; base-uri 'none'; form-action 'none'"
    )
    return {
        "style": Markup(style),  # noqa: S704 - our own file
        "theme": Markup(theme),  # noqa: S704 - our own file
        "script": Markup(script),  # noqa: S704 - our own file
        "policy": policy,
    }


def _asset(name: str) -> str:
    return resources.files("pipeline.report").joinpath("assets", name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"
