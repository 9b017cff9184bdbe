"""A report on stdout is drawn with what the terminal has."""

from __future__ import annotations

import io
import json

import pytest

from pipeline.cli.edge import guarded
from pipeline.cli.shell import Shell
from pipeline.errors import Exit
from pipeline.read.finding import Finding, Severity
from pipeline.report.model import findings_report
from pipeline.usecases.outcome import Outcome

FOUND = Finding(
    code="price-missing",
    severity=Severity.ERROR,
    message="no price",
    file="katalog_靴.csv",
    row=3,
    column="Prix",
    cell="B3",
    sku="A-1",
)


@pytest.fixture
def outcome() -> Outcome:
    report = findings_report((FOUND,), rows=2, accepted=1, rejected=1)
    return Outcome(document={"rows": 2}, exit_code=Exit.INCOMPLETE, lines=("done",), report=report)


def shown(outcome: Outcome, encoding: str, *words: str) -> tuple[int, str]:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding, errors="backslashreplace", newline="\n")
    code = guarded(Shell(argv=words, stdout=stream, stderr=io.StringIO()), lambda: outcome)
    return code, raw.getvalue().decode(encoding)


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "ascii"])
def test_a_report_comes_before_the_last_words(encoding: str, outcome: Outcome) -> None:
    code, text = shown(outcome, encoding)
    assert code == 7
    assert "price-missing" in text
    assert text.endswith("done\n")
    assert "\x1b" not in text
    assert [line for line in text.splitlines() if line != line.rstrip()] == []


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_only_what_stands_in_the_catalog_is_escaped(encoding: str, outcome: Outcome) -> None:
    assert shown(outcome, encoding)[1].replace("\\u9774", "").count("\\u") == 0


def test_a_document_replaces_it(outcome: Outcome) -> None:
    code, text = shown(outcome, "utf-8", "--json")
    assert (code, json.loads(text)["rows"]) == (7, 2)
