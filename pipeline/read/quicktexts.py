"""The texts that cells of a workbook refer to by number, as one array."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.read.markup import Flags, Markup, Pieces, Places, begins, texts_between
from pipeline.read.sheetxml import NotPlain, Readable, rich_text, unescaped

_BLOCK = 1 << 22
_START = re.compile(rb"<si[ />]")
_ESCAPED = "_x[0-9A-Fa-f]{4}_"


class Texts(Sequence[str]):
    """The texts one by one."""

    def __init__(self, array: pa.Array) -> None:
        self.array = array

    def __len__(self) -> int:
        return len(self.array)

    def __getitem__(self, index: int) -> str:  # type: ignore[override]
        return self.array[index].as_py() or ""


def read_texts(stream: Readable, longest: int) -> Texts:
    """All texts, null for an empty one.

    Raises:
        NotPlain: they are not written as usual, or one is longer than a cell may be.
    """
    found = [_texts_in(raw) for raw in Pieces(stream, b"sst", b"si", _BLOCK)]
    if any((pc.max(pc.binary_length(texts)).as_py() or 0) > longest for texts in found):
        raise NotPlain
    try:
        return Texts(pa.concat_arrays(found) if found else pa.array([], pa.string()))
    except pa.ArrowInvalid as error:  # more than an array of texts can hold
        raise NotPlain from error


def _texts_in(raw: bytes) -> pa.Array:
    markup = Markup(raw)
    tags = markup.tags
    items = np.flatnonzero(markup.second == ord("s"))
    items = items[begins(markup.words(tags[items]), b"<si>") | begins(markup.words(tags[items]), b"<si/>")]
    if not len(items) or items[0] != 0 or tags[0] != 0:
        raise NotPlain
    simple, start, end = _simple(markup, items)
    offsets = np.empty(2 * len(items), np.int32)
    offsets[::2], offsets[1::2] = start, end
    between = texts_between(offsets, markup.settle(), pa.string())
    index = np.arange(0, len(offsets), 2)
    texts = between.take(pa.array(index, mask=end == start))
    escaped = _escaped(texts) if b"_x" in raw else np.zeros(len(items), np.bool_)
    odd = np.flatnonzero(~simple)
    if len(odd) or escaped.any():
        own = texts.to_pylist()
        places = [match.start() for match in _START.finditer(raw)] + [len(raw)] if len(odd) else []
        if len(odd) and len(places) != len(items) + 1:
            raise NotPlain
        for at in np.flatnonzero(escaped).tolist():
            own[at] = unescaped(own[at])
        for at in odd.tolist():
            own[at] = rich_text(raw[places[at] : places[at + 1]]) or None
        texts = pa.array(own, pa.string())
    return texts


def _simple(markup: Markup, items: Places) -> tuple[Flags, Places, Places]:
    """Which are <si><t>text</t></si>, and where their texts stand."""
    tags, words = markup.tags, markup.words
    count = np.diff(np.append(items, len(tags)))
    following = np.append(tags[items[1:]], markup.size)
    which = np.flatnonzero(count == 4)
    text, close = tags[items[which] + 1], tags[items[which] + 2]
    bare, kept = begins(words(text), b"<t>"), begins(words(text), b"<t xml:s")
    kept &= begins(words(text + 8), b'pace="pr') & begins(words(text + 16), b'eserve">')
    ok = (bare | kept) & (text == tags[items[which]] + 4) & begins(words(close), b"</t></si")
    ok &= (words(close + 1) == np.uint64(int.from_bytes(b"/t></si>", "little"))) & (
        following[which] == close + 9
    )
    simple = np.zeros(len(items), np.bool_)
    simple[which] = ok
    start = tags[items].copy()
    end = start.copy()
    start[which[ok]] = (text + np.where(bare, 3, 24))[ok]
    end[which[ok]] = close[ok]
    return simple, start, end


def _escaped(texts: pa.Array) -> Flags:
    found: Flags = pc.fill_null(pc.match_substring_regex(texts, _ESCAPED), False).to_numpy(
        zero_copy_only=False
    )
    return found
