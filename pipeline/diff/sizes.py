"""How large a record can be in a request body: an upper bound, known before the body is written."""

from __future__ import annotations

from functools import lru_cache

from pipeline.diff.plan import Record
from pipeline.market.feeds import Action

#: What XML may have to spell out, and what CDATA has to.
_WIDER = b"&<>\r\"'"
_ENDING = b"]]"
#: Stands between texts that are measured together: one byte, and no part of what is spelled out.
_BETWEEN = "\0"
#: Bytes around a record: its element, its key's element, one business unit that the writer adds.
_RECORD_FRAME = 512
#: Bytes around a value: two tags of at most the field's name, brackets, indentation, CDATA.
_VALUE_FRAME = 48
#: Bytes around one image's address.
_IMAGE_FRAME = 32
_REMOVE = Action.REMOVE


def size_of(record: Record) -> int:
    """Bytes that a record takes in a request body, at the very most."""
    sent = () if record.action is _REMOVE else record.changes
    names = [change.field for change in sent]
    texts = [record.sku, record.sku, *[change.after for change in sent]]
    if record.context:
        names += [name for name, _ in record.context]
        texts += [text for _, text in record.context]
    lines = texts[names.index("Images") + 2].count("\n") + 1 if "Images" in names else 0
    escaped = _escaped(_BETWEEN.join(texts)) - len(_BETWEEN) * (len(texts) - 1)
    return _RECORD_FRAME + _frames(tuple(names)) + escaped + lines * _IMAGE_FRAME


@lru_cache(maxsize=4096)
def _frames(names: tuple[str, ...]) -> int:
    """Bytes around values."""
    return sum(_VALUE_FRAME + 3 * len(name) for name in names)


def _escaped(text: str) -> int:
    """UTF-8 with every character that XML or CDATA may have to write in more bytes than one."""
    plain = text.encode("utf-8", "surrogatepass")
    wider = len(plain) - len(plain.translate(None, _WIDER))
    return len(plain) + 12 * (wider + plain.count(_ENDING))
