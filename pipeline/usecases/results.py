"""What a run has to show for itself: the document, the lines, and `result.json` in its folder."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pipeline.errors import Exit, PipelineError
from pipeline.journal.journal import Journal
from pipeline.journal.states import BatchState, Phase, RunCounts, RunState, count
from pipeline.journal.states import Outcome as Word
from pipeline.store.atomic import private_folder, write_atomic


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """A run as the journal has it now."""

    run: str
    state: RunState
    counts: RunCounts
    feeds: tuple[dict[str, Any], ...]


def facts(journal: Journal, run: str) -> RunFacts:
    """Read a run's state, counts and feeds."""
    state, sizes = journal.state(run), journal.sizes(run)
    actions = journal.actions(run)
    return RunFacts(
        run=run,
        state=state,
        counts=count(state, sizes, journal.tally(run)),
        feeds=tuple(
            {"id": batch.feed, "action": actions[no], "records": batch.sent, "status": feed_word(batch)}
            for no, batch in sorted(state.batches.items())
            if batch.feed
        ),
    )


def feed_word(batch: BatchState) -> str:
    """The feed's last word, as far as we heard it."""
    return batch.status if batch.phase in (Phase.FINISHED, Phase.VERIFIED) else "Queued"


def document(facts: RunFacts, exit_code: int) -> dict[str, Any]:
    """The `--json` document of push, resume and run."""
    return {
        "run": facts.run,
        "state": facts.state.word,
        "counts": asdict(facts.counts),
        "feeds": list(facts.feeds),
        "why": facts.state.why,
        "exit_code": int(exit_code),
    }


def write_result(folder: Path, command: str, content: Mapping[str, Any]) -> None:
    """`result.json`: the same document that `--json` prints, whatever happened."""
    whole = {"schema": f"sellercenter/{command}/1", **content}
    private_folder(folder)
    write_atomic(folder / "result.json", json.dumps(whole, indent=1, ensure_ascii=False).encode() + b"\n")


def error_document(run: str, error: PipelineError) -> dict[str, Any]:
    """What `result.json` says of a run that ended before anything was planned to be sent."""
    return {
        "run": run,
        "state": "refused",
        "counts": asdict(RunCounts()),
        "feeds": [],
        "why": error.message,
        "error": {"code": error.code, "message": error.message, "hint": error.hint},
        "exit_code": int(error.exit_code),
    }


def failed_document(journal: Journal, run: str, error: PipelineError) -> dict[str, Any]:
    """The document of a run that an error ended: how far it came, and the error."""
    return {
        **document(facts(journal, run), error.exit_code),
        "error": {"code": error.code, "message": error.message, "hint": error.hint},
    }


def lines(facts: RunFacts, folder: Path, exit_code: int | None) -> tuple[str, ...]:
    """What a person reads at the end of a push."""
    shown = ", ".join(
        f"{number} {name.replace('_', ' ')}" for name, number in asdict(facts.counts).items() if number
    )
    advice: dict[int | None, str] = {
        Exit.UNKNOWN: f"`sellercenter resume {facts.run}` finds out what became of the rest",
        Exit.SIGINT: f"`sellercenter resume {facts.run}` goes on",
        Exit.SIGTERM: f"`sellercenter resume {facts.run}` goes on",
        Exit.SHOP: f"`sellercenter resume {facts.run}` goes on when the shop answers again",
    }
    told = (
        f"run {facts.run}: {facts.state.word}",
        f"  records: {shown or 'none: the plan changes nothing'}",
        *((f"  stopped: {facts.state.why}",) if facts.state.why else ()),
        f"  feeds: {len(facts.feeds)}",
        f"  way back: {folder} (or `sellercenter rollback {facts.run}`)",
    )
    return (*told, f"  next: {advice[exit_code]}") if exit_code in advice else told


def told_endings(found: Iterable[Mapping[str, Any]], most: int, more: str) -> tuple[str, ...]:
    """Records that didn't end verified, a line each; of many the first ones, and how to see the others."""
    told = [f"  {r['outcome'].replace('_', ' ')} {r['sku']} ({r['action']}): {r['message']}" for r in found]
    rest = (f"  … and {len(told) - most} more: {more}",) if len(told) > most else ()
    return (*told[:most], *rest)


def endings(journal: Journal, run: str) -> Iterator[dict[str, Any]]:
    """Records that did not end verified, with the shop's words and, where it moved, its value."""
    outcomes, stored = journal.outcomes(run), journal.stored(run)
    for record in journal.records(run):
        row = outcomes.get(record.no)
        if row is None or row["outcome"] == Word.VERIFIED:
            continue
        moved = [
            {"field": c.field, "before": c.before, "theirs": stored[record.no, c.field], "ours": c.after}
            for c in record.changes
            if (record.no, c.field) in stored
        ]
        yield {
            "sku": record.sku, "action": record.action.value, "outcome": row["outcome"], "code": row["code"],
            "message": row["message"], "fields": moved,
        }  # fmt: skip
