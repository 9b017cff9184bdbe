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
from pipeline.settings import CatalogSettings
from pipeline.store.atomic import write_atomic
from pipeline.usecases.judged import limits_of
from pipeline.usecases.outcome import Outcome
from pipeline.usecases.workspace import Workspace
from schemas.fields import Dialect


def propose(ws: Workspace, sources: Sequence[str], *, out: Path | None = None) -> Outcome:
    """Propose a mapping file, also without settings; printed, or written to `out`, which must not exist.

    Raises:
        InputRefused: the catalog can't be read.
        UsageError: `out` exists: a mapping is a person's work.
    """
    if out is not None and out.exists():
        raise UsageError(f"{out} exists", hint="name another file, or move that one away")
    dialect, operators, settings, scratch_in = _asked_of(ws)
    with tempfile.TemporaryDirectory(prefix="map-", dir=scratch_in) as scratch:
        options = ReadOptions(limits=limits_of(settings))
        catalog = read_catalog(sources, options, folder=Path(scratch))
        found = proposal_of(catalog, dialect, operators)
        for choice in catalog.choices:
            ws.progress.say(f"{choice.file}: {choice.what} ({choice.why}; {choice.override})")
    if out is not None:
        write_atomic(out, found.toml.encode(), private=False, kind=UsageError)
    return Outcome(document=_document(found, out), lines=_lines(found, out, bare=ws.bare))


def _asked_of(ws: Workspace) -> tuple[Dialect, tuple[str, ...], CatalogSettings, Path | None]:
    """Dialect, operators, how to read, and where to keep what is read: the shop's.

    Where there are no settings yet, the defaults, and nothing is left in the folder; that is said.
    """
    if not ws.bare:
        return ws.shop.dialect, ws.shop.operators, ws.shop.catalog, ws.open_state()
    ws.progress.say(
        f"no {ws.config} here: the fields are those of the classic dialect. For Falabella's, first "
        "`sellercenter init --dialect falabella --operators facl`"
    )
    return Dialect.CLASSIC, (), CatalogSettings(), None


def _document(found: Proposal, out: Path | None) -> dict[str, object]:
    return {
        "preset": found.preset,
        "columns": [{**asdict(guess), "extras": dict(guess.extras)} for guess in found.guesses],
        "unmapped": list(found.unmapped),
        "mapping": found.toml,
        "written": str(out) if out else None,
    }


def _lines(found: Proposal, out: Path | None, *, bare: bool) -> tuple[str, ...]:
    if out is None:
        return (found.toml,)
    preset = (f"its headers are those of the preset {found.preset}",) if found.preset else ()
    told = tuple(_line(guess) for guess in found.guesses)
    left = (f"not mapped: {', '.join(found.unmapped)}",) if found.unmapped else ()
    missing = () if found.preset or has_key(found.guesses) else WITHOUT_KEY
    return (*preset, *told, *left, *missing, f"written to {out}: read it, then {_next_step(out, bare=bare)}")


def _next_step(out: Path, *, bare: bool) -> str:
    if bare:
        return f"`sellercenter init --mapping {out}`"
    return f'name it as mapping = "{out.name}" in [shops.NAME.catalog]'


def _line(guess: Guess) -> str:
    taken = "" if guess.confidence >= LIKELY else "not taken, only hinted at in the file; "
    return f"{guess.confidence:4.0%}  {guess.header} → {guess.field}  ({taken}{guess.why})"
