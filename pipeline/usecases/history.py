"""`history SKU`: every value of every field of a product, and who set it."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime

from pipeline.journal.history import Entry
from pipeline.journal.history import history as entries_of
from pipeline.usecases.connection import journal_of
from pipeline.usecases.outcome import Outcome
from pipeline.usecases.workspace import Workspace


def history(ws: Workspace, sku: str) -> Outcome:
    """What the journal knows of one product, oldest first."""
    with journal_of(ws) as journal:
        entries = entries_of(journal, ws.identity(ws.shop), sku)
    rows = [{**asdict(entry), "at": _moment(entry.at)} for entry in entries]
    lines = tuple(_line(entry) for entry in entries) or (f"nothing is on record of {sku}",)
    return Outcome(document={"sku": sku, "history": rows}, lines=lines)


def _line(entry: Entry) -> str:
    who = f"run {entry.run} ({entry.outcome})" if entry.who == "run" else "found changed in the shop"
    place = entry.origin or {}
    where = " ".join(str(place[key]) for key in ("file", "sheet", "cell") if place.get(key))
    told = f"{_moment(entry.at)}  {entry.field}: {_short(entry.before)} → {_short(entry.after)}  {who}"
    return f"{told}  from {where}" if where else told


def _short(value: str | None) -> str:
    if value is None:
        return "(not known)"
    flat = " ".join(value.split())
    return repr(flat if len(flat) <= 60 else flat[:59] + "…")


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")
