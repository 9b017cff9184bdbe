"""`map CATALOG…`: a mapping proposed from headers and values, to be reviewed by a person."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from pipeline.errors import UsageError
from pipeline.read.catalog import ReadOptions
from pipeline.read.propose import LIKELY, WITHOUT_KEY, Guess, Proposal, has_key
from pipeline.read.propose import propose as proposal_of
from pipeline.read.reading import read_catalog
from pipeline.store.atomic import write_atomic
from pipeline.usecases.judged import limits_of
from pipeline.usecases.outcome import Outcome
from pipeline.usecases.workspace import Workspace


def propose(ws: Workspace, sources: Sequence[str], *, out: Path | None = None) -> Outcome:
    """Propose a mapping file; printed, or written to `out`, which must not exist yet.

    Raises:
        InputRefused: the catalog can't be read.
        UsageError: `out` exists: a mapping is a person's work.
    """
    if out is not None and out.exists():
        raise UsageError(f"{out} exists", hint="name another file, or move that one away")
    shop = ws.shop
    with tempfile.TemporaryDirectory(prefix="map-", dir=ws.open_state()) as scratch:
        options = ReadOptions(limits=limits_of(shop.catalog))
        catalog = read_catalog(sources, options, folder=Path(scratch))
        found = proposal_of(catalog, shop.dialect, shop.operators)
        for choice in catalog.choices:
            ws.progress.say(f"{choice.file}: {choice.what} ({choice.why}; {choice.override})")
    if out is not None:
        write_atomic(out, found.toml.encode(), private=False, kind=UsageError)
    return Outcome(document=_document(found, out), lines=_lines(found, out))


def _document(found: Proposal, out: Path | None) -> dict[str, object]:
    return {
        "preset": found.preset,
        "columns": [{**asdict(guess), "extras": dict(guess.extras)} for guess in found.guesses],
        "unmapped": list(found.unmapped),
        "mapping": found.toml,
        "written": str(out) if out else None,
    }


def _lines(found: Proposal, out: Path | None) -> tuple[str, ...]:
    if out is None:
        return (found.toml,)
    preset = (f"its headers are those of the preset {found.preset}",) if found.preset else ()
    told = tuple(_line(guess) for guess in found.guesses)
    left = (f"not mapped: {', '.join(found.unmapped)}",) if found.unmapped else ()
    missing = () if found.preset or has_key(found.guesses) else WITHOUT_KEY
    written = f'written to {out}: read it, then name it as mapping = "{out.name}" in [shops.NAME.catalog]'
    return (*preset, *told, *left, *missing, written)


def _line(guess: Guess) -> str:
    taken = "" if guess.confidence >= LIKELY else "not taken, only hinted at in the file; "
    return f"{guess.confidence:4.0%}  {guess.header} → {guess.field}  ({taken}{guess.why})"
