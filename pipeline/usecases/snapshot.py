"""`snapshot`: download what the shop holds."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from pipeline.errors import UsageError
from pipeline.snapshot import shelf
from pipeline.snapshot.snapshot import Snapshot
from pipeline.usecases.connection import Connected, connected
from pipeline.usecases.our_files import named_table
from pipeline.usecases.outcome import Outcome
from pipeline.usecases.workspace import Workspace
from pipeline.values.counted import plural

if TYPE_CHECKING:
    # It brings Polars: who asks for a snapshot that lies here doesn't wait for it.
    from pipeline.snapshot.download import Desk


def take(ws: Workspace, *, since: str | None = None, out: Path | None = None) -> Outcome:
    """Download all products, or what changed since a time over the newest snapshot.

    Raises:
        ShopError: it can't be read.
    """
    from pipeline.snapshot.export import export, form_of

    if out is not None:
        form_of(out)
    with connected(ws) as shop:
        snapshot = fresh(ws, shop) if since is None else _delta(ws, shop, moment(ws, since))
    if out is not None:
        export(snapshot, out, dialect=ws.shop.dialect, operators=ws.shop.operators)
    return Outcome(document=document(snapshot), lines=_lines(snapshot, out))


def fresh(ws: Workspace, shop: Connected) -> Snapshot:
    """A new full snapshot."""
    from pipeline.snapshot.download import download

    with ws.progress.stage("snapshot", unit="products") as stage:
        done = 0

        def moved(rows: int, _: int) -> None:
            nonlocal done
            stage.advance(max(0, rows - done))
            done = max(done, rows)

        return download(shop.client, _desk(ws, moved), id=ws.new_id())


def named(ws: Workspace, shop: Connected, which: str) -> Snapshot:
    """`fresh`, `latest`, or one by its id.

    Raises:
        UsageError: there is none.
    """
    if which == "fresh":
        return fresh(ws, shop)
    folder, identity = ws.state / "snapshots", ws.identity(ws.shop)
    if which == "latest":
        found = shelf.latest(folder, identity)
        if found is None:
            raise UsageError(
                "there is no snapshot of this shop yet", hint="`sellercenter snapshot` takes one"
            )
        return found
    found = shelf.load(folder, which)
    if found.identity != identity:
        raise UsageError(f"snapshot {which} is of another shop ({found.shop})", hint="--snapshot latest")
    return found


def _delta(ws: Workspace, shop: Connected, since: float) -> Snapshot:
    from pipeline.snapshot.download import delta

    base = shelf.latest(ws.state / "snapshots", ws.identity(ws.shop))
    if base is None:
        ws.progress.say("no snapshot to lay changes over: downloading all")
        return fresh(ws, shop)
    return delta(shop.client, _desk(ws, None), base, id=ws.new_id(), since=since)


def _desk(ws: Workspace, moved: Any) -> Desk:
    from pipeline.snapshot.download import Desk

    return Desk(
        folder=ws.open_state() / "snapshots", shop=ws.shop_name, identity=ws.identity(ws.shop),
        limits=ws.shop.limits, clock=ws.clock, progress=moved,
    )  # fmt: skip


def moment(ws: Workspace, text: str) -> float:
    """ISO 8601 (in the shop's zone where it names none), or so long ago: 90m, 6h, 2d.

    Raises:
        UsageError: neither.
    """
    units = {"m": 60, "h": 3600, "d": 86_400}
    if text[:-1].isdigit() and text[-1:] in units:
        return ws.clock.now() - int(text[:-1]) * units[text[-1]]
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        hint = "2026-11-23T14:00, 2026-11-23T14:00+01:00, or 90m, 6h, 2d ago"
        raise UsageError(f"{text!r} is no time", hint=hint) from None
    return (when if when.tzinfo else when.replace(tzinfo=ZoneInfo(ws.shop.timezone))).timestamp()


def document(snapshot: Snapshot) -> dict[str, Any]:
    """A snapshot as `--json` prints it."""
    return {"snapshot": snapshot.id, **asdict(snapshot), "path": str(snapshot.path)}


def _lines(snapshot: Snapshot, out: Path | None) -> tuple[str, ...]:
    state = "complete" if snapshot.complete else f"not proven complete: {snapshot.doubt}"
    told = (f"snapshot {snapshot.id}: {plural(snapshot.rows, 'product')}, {state}",)
    return (*told, f"written to {named_table(out)}") if out else told
