"""Numbers of a job's last attempt, in Prometheus' text form, for node_exporter's textfile collector.

Every number comes from the attempt as the journal has it, or from the budget; none is counted twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, get_args

from pipeline.budget.usage import Usage
from pipeline.errors import UsageError
from pipeline.settings import Word
from pipeline.store.atomic import write_atomic
from pipeline.usecases.job_record import WELL, Attempt

PREFIX = "sellercenter_"


class Metric(NamedTuple):
    """One metric with its samples: (further labels, value)."""

    name: str
    kind: str
    help: str
    samples: Sequence[tuple[Mapping[str, str], float]]


def measured(attempts: Sequence[Attempt], usage: Usage | None) -> Iterator[Metric]:
    """The metrics of one job at one shop.

    Args:
        attempts: all of them, newest first; at least one.
        usage: the seller's budget now, where it can be read.
    """
    last = attempts[0]
    yield _one("exit_code", "gauge", "Exit code of the last run.", last.exit_code)
    yield _one("run_seconds", "gauge", "How long the last run took.", last.ended - last.started)
    yield _one("run_timestamp_seconds", "gauge", "When the last run ended.", last.ended)
    if (well := next((one for one in attempts if one.word in WELL), None)) is not None:
        yield _one("last_success_timestamp_seconds", "gauge", "When a run last ended well.", well.ended)
    if last.file is not None and last.file.modified:
        said = "When the imported file was written."
        yield _one("source_timestamp_seconds", "gauge", said, last.file.modified)
    if last.snapshot_taken:
        age = last.ended - last.snapshot_taken
        yield _one("snapshot_age_seconds", "gauge", "Age of the look at the shop when the run ended.", age)
    yield _one("drift", "gauge", "Fields that someone else changed in the shop.", last.drift)
    yield _by("rows", "Products of the last file by what becomes of them.", "fate", last.rows)
    yield _by("records", "Records of the last run by outcome.", "outcome", last.records)
    rules = {rule: 1 for rule, _ in last.guards}
    yield _by("guard_refused", "Guards that refused the last run.", "rule", rules)
    words = Counter(one.word for one in attempts)
    totals = {word: words[word] for word in get_args(Word)}
    yield _by("runs_total", "Runs so far by what came of them.", "result", totals, kind="counter")
    if usage is not None:
        yield _one("budget_requests_left", "gauge", "Calls that may be made now.", usage.requests_left)
        yield _one("budget_feeds_left", "gauge", "Free feeds left today.", usage.feeds_free)


def _one(name: str, kind: str, said: str, value: float) -> Metric:
    return Metric(name, kind, said, [({}, value)])


def _by(name: str, said: str, label: str, values: Mapping[str, float], kind: str = "gauge") -> Metric:
    return Metric(name, kind, said, [({label: key}, value) for key, value in values.items()])


def rendered(metrics: Iterable[Metric], labels: Mapping[str, str]) -> str:
    """Prometheus' text form (exposition format 0.0.4)."""
    lines = []
    for metric in (metric for metric in metrics if metric.samples):
        name = PREFIX + metric.name
        lines += [f"# HELP {name} {metric.help}", f"# TYPE {name} {metric.kind}"]
        for more, value in metric.samples:
            shown = ",".join(f'{key}="{_escaped(text)}"' for key, text in {**labels, **more}.items())
            lines.append(f"{name}{{{shown}}} {value:.10g}")
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def labels_of(attempt: Attempt) -> dict[str, str]:
    """What tells the numbers of one job at one shop from those of others."""
    return {"job_name": attempt.job, "shop": attempt.shop}


def write_metrics(folder: Path, metrics: Iterable[Metric], labels: Mapping[str, str]) -> Path:
    """Put the numbers of one job at one shop where node_exporter reads them; whole or not at all.

    Raises:
        UsageError: the folder isn't there, or can't be written.
    """
    file = folder / f"sellercenter_{_named(labels['job_name'])}_{_named(labels['shop'])}.prom"
    write_atomic(file, rendered(metrics, labels).encode(), private=False, kind=UsageError)
    return file


def _named(text: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "-_" else "_" for letter in text)
