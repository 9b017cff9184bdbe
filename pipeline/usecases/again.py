"""A comparison whose inputs are those of an earlier one: its plan is sealed anew, nothing is read twice.

What a comparison rests on is told by digests, never by times: the bytes of the files, mapping and
settings, the rows of the snapshot, what the shop says of brands, categories and attributes, all that
the journal knows, our own version, and those of the libraries that judge. Of the clock only one thing
counts: what a buyer pays is judged from a moment on, and a promotion that begins or ends between the
earlier moment and the present one may change a verdict. Where any of it differs, or can't be told, all is
done afresh.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import zoneinfo
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import orjson

from pipeline import __version__
from pipeline.diff.memory import Resting
from pipeline.diff.plan import Plan
from pipeline.errors import PipelineError
from pipeline.journal.journal import Journal
from pipeline.market.lookups import Lookups
from pipeline.read.catalog import Catalog, Choice, Limits
from pipeline.read.finding import Finding, Severity
from pipeline.read.job import Input
from pipeline.read.sources import STDIN, digest_of, inputs_of, look
from pipeline.snapshot.snapshot import Snapshot
from pipeline.store.atomic import private_folder, write_atomic
from pipeline.usecases.workspace import Workspace
from pipeline.values.context import Context

RECIPE = "comparison/2"
FOLDER = "comparisons"
#: Comparisons that are remembered; a shop has few sources.
KEPT = 20
#: More findings than this are cheaper to find again than to keep.
MOST_FINDINGS = 50_000
_OURS = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was asked of the shop to judge a catalog, and what it said, by digest.

    Attributes:
        tree: of the category tree; brands: whether they were asked for.
        ids: categories whose attributes were asked for; which those are follows from file and tree.
        answer: of brands and attributes.
    """

    tree: str
    brands: bool
    ids: tuple[str, ...]
    answer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """What came of a comparison, and what it rests on.

    Attributes:
        plan, digest: the plan's file, and what it was sealed with.
        source, size: digest and bytes of the files; size is what is looked at first.
        snapshot, file, memory, asked: see the functions that make them.
    """

    plan: str
    digest: str
    source: str
    size: int
    snapshot: tuple[Any, ...]
    file: tuple[Any, ...]
    memory: str
    asked: Asked
    findings: tuple[Finding, ...]
    choices: tuple[Choice, ...]
    rejected: int
    skipped: Mapping[str, int]


def key_of(ws: Workspace, sources: Sequence[str], *, source: str, partial: bool, kit: bool) -> str | None:
    """A digest of what is said here, the files' bytes apart; None where these can't be read twice."""
    files = _files(ws, sources)
    if files is None:
        return None
    shop = ws.shop
    said = [
        RECIPE, __version__, _own_code(), _libraries(), _zone(shop.timezone),
        ws.shop_name, ws.identity(shop), ws.settings_digest(shop),
        shop.catalog.model_dump(mode="json"), list(sources), [item.name for item in files],
        source, partial, kit,
    ]  # fmt: skip
    return _digest(said)


def _files(ws: Workspace, sources: Sequence[str]) -> list[Input] | None:
    """The files that the sources name; None where one of them comes from elsewhere, or isn't there."""
    if any(each == STDIN or "://" in each for each in sources):
        return None
    try:
        return inputs_of(sources, ws.state, Limits())
    except PipelineError:
        return None  # reading them says what is wrong


def same_bytes(items: Sequence[Input], digest: str, size: int) -> bool:
    """Whether files hold what they held, all the while; their sizes are asked before their bytes."""
    try:
        before = [look(item, Limits()) for item in items]
        if sum(seen.size for seen in before) != size:
            return False
        return digest_of(items) == digest and [look(item, Limits()) for item in items] == before
    except PipelineError:
        return False


def _own_code() -> list[tuple[str, int, int]]:
    """Our own files: who works on them is not shown what an earlier state of them found."""
    files = sorted(path for part in ("pipeline", "schemas") for path in (_OURS / part).rglob("*.py"))
    return [(path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in files]


def _libraries() -> list[str]:
    """This Python and what is installed beside Polars: others may judge otherwise."""
    found = find_spec("polars")
    place = Path(found.origin).parents[1] if found and found.origin else None
    with os.scandir(place) as entries:
        installed = sorted(entry.name for entry in entries if entry.name.endswith(".dist-info"))
    return [sys.version, *installed]


def _zone(name: str) -> list[tuple[str, int, int]]:
    """The system's rules of a time zone, if it's they that count: they change with politics."""
    files = [Path(folder) / name for folder in zoneinfo.TZPATH]
    return [(str(file), file.stat().st_size, file.stat().st_mtime_ns) for file in files if file.is_file()]


def memory_of(journal: Journal, resting: Mapping[tuple[str, str], Resting]) -> str:
    """A digest of all that the journal knows: its last event stands for those before; and what rests."""
    rests = sorted([*key, str(asdict(value))] for key, value in resting.items())
    return _digest([journal.head(), rests])


def asked_of(lookups: Lookups, *, brands: bool, ids: Sequence[str]) -> Asked:
    """What a shop was asked and said."""
    return Asked(tree=tree_digest(lookups), brands=brands, ids=tuple(ids), answer=answer_digest(lookups))


def tree_digest(lookups: Lookups) -> str:
    """Of the category tree alone."""
    return _digest(dict(lookups.categories))


def answer_digest(lookups: Lookups) -> str:
    """Of brands and attributes."""
    return _digest([sorted(lookups.brands), dict(lookups.attributes)])


def rows_of(snapshot: Snapshot) -> tuple[Any, ...]:
    """What of a snapshot decides a plan."""
    return (snapshot.digest, snapshot.rows, snapshot.complete, snapshot.doubt, snapshot.columns())


def file_of(snapshot: Snapshot) -> tuple[Any, ...]:
    """Its file as it lies there: a snapshot of the same id whose file was changed is not the same."""
    found = snapshot.path.stat()
    return (snapshot.id, found.st_size, found.st_mtime_ns)


def recall(ws: Workspace, key: str | None, sources: Sequence[str]) -> Earlier | None:
    """The earlier comparison of the same files under the same settings, if there is one."""
    found, files = _kept(ws, key), _files(ws, sources)
    return found if found and files and same_bytes(files, found.source, found.size) else None


def _kept(ws: Workspace, key: str | None) -> Earlier | None:
    if key is None:
        return None
    try:
        said = json.loads((ws.state / FOLDER / f"{key}.json").read_bytes())
        return Earlier(
            plan=str(said["plan"]), digest=str(said["digest"]),
            source=str(said["source"]), size=int(said["size"]),
            snapshot=tuple(said["snapshot"]), file=tuple(said["file"]), memory=str(said["memory"]),
            asked=Asked(**{**said["asked"], "ids": tuple(said["asked"]["ids"])}),
            findings=tuple(map(_finding, said["findings"])),
            choices=tuple(Choice(**one) for one in said["choices"]),
            rejected=int(said["rejected"]), skipped=dict(said["skipped"]),
        )  # fmt: skip
    except (OSError, ValueError, TypeError, KeyError):
        return None  # not there, or not ours: it's made afresh


def _finding(said: Mapping[str, Any]) -> Finding:
    return Finding(**{**said, "severity": Severity(said["severity"])})


def holds(earlier: Earlier, snapshot: Snapshot, memory: str) -> bool:
    """Whether shop and journal are as they were."""
    file = file_of(snapshot)
    same_file = file[0] != earlier.file[0] or file == earlier.file
    return same_file and rows_of(snapshot) == earlier.snapshot and memory == earlier.memory


def seal_again(
    folder: Path, earlier: Earlier, plan_id: str, ctx: Context, change: Mapping[str, Any]
) -> Plan | None:
    """The earlier plan under a new id; None where it is gone, or isn't what was sealed then.

    One in which a promotion began or ended since is judged afresh.

    Args:
        ctx: zone and currencies of the shop.
        change: what of its header is new beside the id, `created` at least; a forecast is asked for by
            its batches.
    """
    from pipeline.diff.paid import turned
    from pipeline.diff.planfile import dated, dates, open_plan, plan_path, seal_again

    old = folder / earlier.plan
    try:
        header = open_plan(old)
        if header.digest != earlier.digest:
            return None
        basis = dated(header.basis, ctx, change["created"])
        if turned(dates(old), header.basis, basis):
            return None
        told = {name: value(header) if callable(value) else value for name, value in change.items()}
        plan = replace(header, id=plan_id, digest="", basis=basis, **told)
        return seal_again(old, plan_path(folder, plan_id), plan)
    except (PipelineError, OSError):
        return None


def remember(
    ws: Workspace, key: str | None, plan: Plan, path: Path, snapshot: Snapshot, memory: str, asked: Asked,
    catalog: Catalog, findings: Sequence[Finding], *, rejected: int, skipped: Mapping[str, int],
) -> None:  # fmt: skip
    """Keep what a next comparison needs, if its inputs are the same.

    A plan whose guards let values go back is not kept, for they do so for a few days only.
    """
    from pipeline.diff.build import ACQUITTED

    files = _files(ws, plan.sources)
    if key is None or files is None or len(findings) > MOST_FINDINGS:
        return
    if any(notice.endswith(ACQUITTED) for notice in plan.notices):
        return
    size = sum(look(item, Limits()).size for item in files)
    earlier = Earlier(
        plan=path.name, digest=plan.digest, source=catalog.digest, size=size,
        snapshot=rows_of(snapshot), file=file_of(snapshot), memory=memory, asked=asked,
        findings=tuple(findings), choices=catalog.choices, rejected=rejected, skipped=dict(skipped),
    )  # fmt: skip
    folder = private_folder(ws.state / FOLDER)
    write_atomic(folder / f"{key}.json", json.dumps(asdict(earlier), ensure_ascii=False).encode())
    kept = sorted(folder.glob("*.json"), key=lambda file: file.stat().st_mtime_ns, reverse=True)
    for old in kept[KEPT:]:
        old.unlink(missing_ok=True)


def _digest(value: object) -> str:
    return hashlib.sha256(orjson.dumps(value, option=orjson.OPT_SORT_KEYS)).hexdigest()
