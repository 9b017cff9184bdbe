"""What a record carries, as a digest and as a size: the same answer wherever it is asked."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from pipeline.diff.plan import Change, Record
from pipeline.market.feeds import Action

#: Bytes around a record: its element, its key's element, one business unit that the writer adds.
_RECORD_FRAME = 512
#: Bytes around a value: two tags of at most the field's name, brackets, indentation, CDATA.
_VALUE_FRAME = 48
#: Bytes around one image's address.
_IMAGE_FRAME = 32


def content_of(action: Action, changes: Iterable[Change]) -> str:
    """ "sha256:…" of what a record would send: quarantine lasts while it stays the same."""
    digest = hashlib.sha256(action.value.encode())
    for change in sorted(changes, key=lambda change: change.field):
        for text in (change.field, change.after):
            raw = text.encode("utf-8", "surrogatepass")
            digest.update(b"%d:" % len(raw) + raw)
    return f"sha256:{digest.hexdigest()}"


def size_of(record: Record) -> int:
    """Bytes that a record takes in a request body, at the very most."""
    sent = [(change.field, change.after) for change in record.changes if record.action is not Action.REMOVE]
    fields = sum(_value_size(name, text) for name, text in (*sent, *record.context))
    return _RECORD_FRAME + 2 * _escaped(record.sku) + fields


def _value_size(name: str, text: str) -> int:
    lines = (text.count("\n") + 1) * _IMAGE_FRAME if name == "Images" else 0
    return _VALUE_FRAME + 3 * len(name) + _escaped(text) + lines


def _escaped(text: str) -> int:
    """UTF-8 with every character that XML or CDATA may have to write in more bytes than one."""
    wider = text.count("&") + text.count("<") + text.count(">") + text.count("\r") + text.count("]]")
    return len(text.encode("utf-8", "surrogatepass")) + 12 * wider
