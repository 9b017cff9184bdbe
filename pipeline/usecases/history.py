"""`history SKU`: every value of every field of a product, and who set it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime

from pipeline.journal.history import Entry
from pipeline.journal.history import history as entries_of
from pipeline.usecases.connection import journal_of
from pipeline.usecases.outcome import Outcome
from pipeline.usecases.workspace import Workspace
from schemas.fields import canonical_names


def history(ws: Workspace, sku: str, *, fields: Sequence[str] = (), since: str | None = None) -> Outcome:
    """What the journal knows of one product, oldest first.

    Raises:
        UsageError: the time can't be read.
    """
    after = _since(ws, since)
    names = {name for given in fields for name in canonical_names(given, ws.shop.dialect, ws.shop.operators)}
    with journal_of(ws) as journal:
        found = entries_of(journal, ws.identity(ws.shop), sku)
    entries = [one for one in found if one.at >= after and (not fields or one.field in names)]
    rows = [{**asdict(entry), "at": _moment(entry.at)} for entry in entries]
    lines = tuple(_line(entry) for entry in entries) or (f"nothing is on record of {sku}",)
    return Outcome(document={"sku": sku, "history": rows}, lines=lines)


def _line(entry: Entry) -> str:
    told = f"{_moment(entry.at)}  {entry.field}: {_short(entry.before)} → {_short(entry.after)}"
    if entry.who == "shop":
        return f"{told}  found changed in the shop"
    if entry.stored is not None:
        told += f" (the shop made {_short(entry.stored)} of it)"
    words = [word for word in (entry.kind, entry.outcome.replace("_", " ")) if word != "import"]
    told += f"  run {entry.run} ({', '.join(words)})"
    place = entry.origin or {}
    where = " ".join(str(place[key]) for key in ("file", "sheet", "cell") if place.get(key))
    return f"{told}  from {where}" if where else told


def _short(value: str | None) -> str:
    if value is None:
        return "(not known)"
    flat = " ".join(value.split())
    return repr(flat if len(flat) <= 60 else flat[:59] + "…")


def _since(ws: Workspace, since: str | None) -> float:
    """A time as typed; what can read it is heavy, and this command is to answer at once."""
    if since is None:
        return 0.0
    from pipeline.usecases.snapshot import moment

    return moment(ws, since)


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")
