"""How large a record can be in a request body: an upper bound, known before the body is written."""

from __future__ import annotations

import re

from pipeline.diff.plan import Record
from pipeline.market.feeds import Action

#: What XML or CDATA may have to spell out.
_WIDER = ("&", "<", ">", "\r", '"', "'", "]]")
_ANY_WIDER = re.compile("|".join(map(re.escape, _WIDER)))
#: Bytes around a record: its element, its key's element, one business unit that the writer adds.
_RECORD_FRAME = 512
#: Bytes around a value: two tags of at most the field's name, brackets, indentation, CDATA.
_VALUE_FRAME = 48
#: Bytes around one image's address.
_IMAGE_FRAME = 32


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
    size = len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
    if _ANY_WIDER.search(text) is None:
        return size
    return size + 12 * sum(map(text.count, _WIDER))
