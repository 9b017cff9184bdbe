"""The plan on disk: written once, sealed, and believed only if every byte of it is what was sealed.

See `plan` for the form. The same inputs make the same bytes: nothing here asks a clock or rolls dice.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from functools import cache
from itertools import chain, islice
from pathlib import Path
from typing import IO, Any

import orjson
from pydantic import TypeAdapter, ValidationError

from pipeline.diff.plan import Basis, Held, Plan, Record
from pipeline.diff.recordjson import body_of
from pipeline.errors import PlanRefused, UsageError
from pipeline.store.atomic import private_folder, write_atomic
from pipeline.store.disk_errors import disk_trouble
from pipeline.values.context import Context

SCHEMA = "sellercenter/plan/1"
#: Two machines' clocks differ; a plan that is further ahead than this was made by a wrong one.
MAX_AHEAD = 600.0
#: A shop's clock and zone needn't be ours: a promotion that ended within this time may still be open.
ZONES_DIFFER = 86_400.0

_HEADER, _RECORD, _HELD, _SEAL = (b'{"kind":"%s",' % kind for kind in (b"plan", b"record", b"held", b"seal"))
_SEAL_LINE = re.compile(rb'\{"kind":"seal","sha256":"([0-9a-f]{64})"\}\n')
#: What follows a quote is looked at first: hardly one of a plan's millions of quotes begins a date.
_DATE = re.compile(rb'"(?=[\s0-9])\s*([0-9]{4}-[0-9]{2}-[0-9]{2}[^"\\]*)"')
_SEAL_LENGTH = len(_SEAL) + len('"sha256":""}\n') + 64
_CHUNK = 1 << 20
#: Lines that are written at a time.
_TOGETHER = 200
_AGAIN = "make a new one with `sellercenter diff`"


def plan_path(folder: Path, plan_id: str) -> Path:
    """Where a plan of this id lies."""
    return folder / f"{plan_id}.plan.jsonl"


def dated(basis: Basis, ctx: Context, now: float) -> Basis:
    """The same, knowing from when on prices matter, and in which currencies they are."""
    since = datetime.fromtimestamp(now - ZONES_DIFFER, ctx.timezone) if now > ZONES_DIFFER else None
    known = tuple(sorted((operator, code) for operator, code in ctx.currencies.items() if operator))
    text = since.strftime("%Y-%m-%d %H:%M:%S") if since else ""
    return replace(basis, since=text, zone=ctx.timezone.key, currencies=known)


@cache
def adapter(kind: type) -> TypeAdapter[Any]:
    """Reads and writes one of the plan's values as JSON; built when first needed, it takes its time."""
    return TypeAdapter(kind)


def seal(path: Path, plan: Plan, records: Iterable[Record], held: Iterable[Held] = ()) -> Plan:
    """Write a plan whose records are numbered already; the plan as it stands on disk, with its digest.

    Raises:
        StateError: it can't be written.
    """
    lines = (record_line(record.no, record.batch, body_of(record)) for record in records)
    return seal_lines(path, plan, lines, (held_line(one) for one in held))


def record_line(no: int, batch: int, body: bytes) -> bytes:
    """One line of what will be sent, without its end."""
    return b'{"kind":"record","no":%d,"batch":%d,%b' % (no, batch, body)


def held_line(held: Held) -> bytes:
    """One line of what won't be sent, without its end."""
    return _HELD + adapter(Held).dump_json(held, exclude_defaults=True)[1:]


def seal_lines(path: Path, plan: Plan, records: Iterable[bytes], held: Iterable[bytes]) -> Plan:
    """As `seal`, for lines that are JSON already (without their ends); memory doesn't grow with them."""
    lines = chain(records, held)
    return _seal(path, plan, iter(lambda: b"".join(line + b"\n" for line in islice(lines, _TOGETHER)), b""))


def seal_again(old: Path, path: Path, plan: Plan) -> Plan:
    """The lines of a sealed plan under another header.

    Raises:
        PlanRefused: the old file isn't what was sealed; nothing is written then.
    """
    return _seal(path, plan, _blocks(old))


def _seal(path: Path, plan: Plan, blocks: Iterable[bytes]) -> Plan:
    """Write a header, whole lines below it, and the seal; the plan with its digest."""
    header = adapter(Plan).dump_python(replace(plan, digest=""), mode="json", exclude_defaults=True)
    header["purpose"] = header.pop("kind")
    first = orjson.dumps({"kind": "plan", "schema": SCHEMA, **header}) + b"\n"
    digests: list[str] = []
    private_folder(path.parent)
    write_atomic(path, lambda file: digests.append(_write(file, chain((first,), blocks))))
    return replace(plan, digest=digests[0])


def _write(file: IO[bytes], blocks: Iterable[bytes]) -> str:
    """Write lines and the seal below them; the digest of the lines."""
    sha = hashlib.sha256()
    for block in blocks:
        file.write(block)
        sha.update(block)
    file.write(_SEAL + b'"sha256":"%s"}\n' % sha.hexdigest().encode())
    return f"sha256:{sha.hexdigest()}"


def open_plan(path: Path) -> Plan:
    """The header of a plan, once every byte of the file has been found to be what was sealed.

    Raises:
        UsageError: there is no such file.
        PlanRefused: changed, cut short, added to, no plan at all, or of another version.
    """
    with _opened(path) as file:
        digest = _verified(path, file)
        file.seek(0)
        return replace(_header(path, file.readline()), digest=digest)


def _opened(path: Path) -> IO[bytes]:
    try:
        return path.open("rb")
    except FileNotFoundError:
        raise UsageError(f"there is no plan {path}", hint="`sellercenter diff` writes one") from None
    except OSError as error:
        raise disk_trouble("read the plan", path, error, UsageError) from error


def _verified(path: Path, file: IO[bytes]) -> str:
    """The digest that the seal names, if it is the digest of all bytes before the seal."""
    sealed, left = _sealed(path, file)
    sha = hashlib.sha256()
    while left and (chunk := file.read(min(left, _CHUNK))):
        sha.update(chunk)
        left -= len(chunk)
    return _judged(path, sha.hexdigest(), sealed)


def _sealed(path: Path, file: IO[bytes]) -> tuple[str, int]:
    """What the seal at the end of a file names, and how many bytes stand before it; the file at its begin."""
    length = file.seek(0, os.SEEK_END)
    file.seek(max(0, length - _SEAL_LENGTH))
    found = _SEAL_LINE.fullmatch(file.read())
    if found is None:
        raise PlanRefused(f"plan {path} has no seal at its end: it was cut short or changed", hint=_AGAIN)
    file.seek(0)
    return found[1].decode(), length - _SEAL_LENGTH


def _judged(path: Path, found: str, sealed: str) -> str:
    if found != sealed:
        raise PlanRefused(f"plan {path} was changed after it was made: its seal doesn't fit", hint=_AGAIN)
    return f"sha256:{sealed}"


def _header(path: Path, line: bytes) -> Plan:
    if not line.startswith(_HEADER + b'"schema":"%s",' % SCHEMA.encode()):
        text = line[:80].decode("utf-8", "replace")
        raise PlanRefused(f"{path} is no plan that this version reads: it begins {text!r}", hint=_AGAIN)
    try:
        header = orjson.loads(line)
        plan: Plan = adapter(Plan).validate_python({**header, "kind": header.get("purpose")})
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in problem["loc"])
        raise PlanRefused(f"plan {path}: {where}: {problem['msg']}", hint=_AGAIN) from None
    return plan


def records(path: Path) -> Iterator[Record]:
    """The records of a plan in sending order.

    Raises:
        PlanRefused: the file isn't what was sealed; known at the last record at the latest, so that
            who acts only after the last one never acts on changed bytes.
    """
    read = adapter(Record)
    yield from (read.validate_json(line) for line in _lines(path, _RECORD))


def dates(path: Path) -> set[str]:
    """What looks like a date in the records of a plan, as it is written there.

    Raises:
        PlanRefused: as `records`.
    """
    found: set[bytes] = set()
    records = True  # they stand before all that is held back
    for block in _blocks(path):
        end = _first_held(block) if records else 0
        found.update(_DATE.findall(block, 0, end))
        records = end == len(block)
    return {text.decode() for text in found}


def _first_held(block: bytes) -> int:
    """Where the first line of its kind begins, or the block's end; no text holds the end of a line."""
    if block.startswith(_HELD):
        return 0
    before = block.find(b"\n" + _HELD)
    return len(block) if before < 0 else before + 1


def skus(path: Path) -> Iterator[str]:
    """The SKUs of the records of a plan, in sending order.

    Raises:
        PlanRefused: as `records`.
    """
    yield from (orjson.loads(line)["sku"] for line in _lines(path, _RECORD))


def held(path: Path) -> Iterator[Held]:
    """What a plan won't send, and why.

    Raises:
        PlanRefused: as `records`.
    """
    read = adapter(Held)
    yield from (read.validate_json(line) for line in _lines(path, _HELD))


def _blocks(path: Path) -> Iterator[bytes]:
    """All lines between header and seal, many at a time, checked when the last ones have been given out."""
    with _opened(path) as file:
        sealed, left = _sealed(path, file)
        header = file.readline(left)
        sha = hashlib.sha256(header)
        left -= len(header)
        while left:
            block = file.read(min(left, _CHUNK))
            block += file.readline(left - len(block))
            if not block:
                break  # it is being cut short as we read
            sha.update(block)
            left -= len(block)
            yield block
        _judged(path, sha.hexdigest(), sealed)


def _lines(path: Path, kind: bytes) -> Iterator[bytes]:
    """Lines of one kind, checked against the seal when the last one has been given out."""
    sha = hashlib.sha256()
    with _opened(path) as file:
        for line in file:
            if sealed := _SEAL_LINE.fullmatch(line):
                _judged(path, sha.hexdigest(), sealed[1].decode())
                if file.read(1):
                    raise PlanRefused(f"plan {path} goes on after its seal", hint=_AGAIN)
                return
            sha.update(line)
            if line.startswith(kind):
                yield line
    raise PlanRefused(f"plan {path} has no seal at its end: it was cut short or changed", hint=_AGAIN)


def check(plan: Plan, *, shop: str, identity: str, now: float, max_age: float, settings_digest: str) -> None:
    """Refuse a plan that was made for another shop, under other settings, or too long ago.

    Raises:
        PlanRefused: naming what doesn't fit.
    """
    age = now - plan.created
    if plan.identity != identity:
        raise PlanRefused(
            f"plan {plan.id} was made for shop {plan.shop!r} and not for {shop!r} as it is set up now",
            hint="push it with the settings it was made with, or " + _AGAIN,
        )
    if plan.inputs.settings != settings_digest:
        hint = "mapping, mode, guards or formats were edited since; " + _AGAIN
        raise PlanRefused(f"plan {plan.id} was made under other settings of shop {shop!r}", hint=hint)
    if age > max_age:
        old, limit = _hours(age), _hours(max_age)
        raise PlanRefused(f"plan {plan.id} is {old} old; plans are good for {limit}", hint=_AGAIN)
    if age < -MAX_AHEAD:
        hint = "set the clock of this machine, or " + _AGAIN
        raise PlanRefused(f"plan {plan.id} was made {_hours(-age)} in the future", hint=hint)


def _hours(seconds: float) -> str:
    return f"{seconds / 3600:.1f} hours" if seconds >= 3600 else f"{seconds / 60:.0f} minutes"
