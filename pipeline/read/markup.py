"""XML as arrays: where its tags begin, and what stands behind each, for many tags at once.

Only what XML says of bytes is used here: `<` begins markup wherever it stands, and `&` an entity. So
whoever accounts for every `<` has seen all there is.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline.read.sheetxml import NS, NotPlain, Readable

Places = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint64]
Flags = npt.NDArray[np.bool_]

_NUMBERED = re.compile(rb"&#(?:\d{1,7}|[xX][0-9a-fA-F]{1,6});")
_NAMED = {b"&lt;": b"<", b"&gt;": b">", b"&amp;": b"&", b"&quot;": b'"', b"&apos;": b"'"}
_ESCAPES = {text: entity for entity, text in _NAMED.items()}
#: Zeros behind the bytes, so that a word may begin at the last of them.
_SLACK = 32
_NAMESPACE = f'xmlns="{NS}"'.encode()
#: Bytes read at first, and bytes in which a part must come to the point.
_PROLOG, _LONGEST = 1 << 16, 1 << 26

#: Word with its first n bytes set, by n.
MASKS: Words = np.array([(1 << 8 * count) - 1 for count in range(9)], np.uint64)


class Markup:
    """Some XML without entities.

    Attributes:
        data: its bytes, an `&` where a text has a character that XML escapes; `settle` puts those in.
        size: how many they are; tags: places of all `<`.

    Raises:
        NotPlain: no UTF-8, an entity of its own, a comment, CDATA or an instruction.
    """

    def __init__(self, raw: bytes) -> None:
        self._escaped: Places = np.empty(0, np.int64)
        self._signs: npt.NDArray[np.uint8] = np.empty(0, np.uint8)
        if b"&#" in raw:
            raw = _NUMBERED.sub(_character, raw)
        bare = self._unescaped(raw) if b"&" in raw else np.frombuffer(raw, np.uint8)
        self.size = len(bare)
        self.data = np.empty(self.size + _SLACK, np.uint8)
        self.data[: self.size] = bare
        self.data[self.size :] = 0
        self._words: Words = np.ndarray((len(self.data) - 7,), "<u8", self.data, 0, (1,))
        self.tags: Places = np.flatnonzero(self.data[: self.size] == ord("<"))
        self.second = self.data[self.tags + 1]
        if ((self.second == ord("!")) | (self.second == ord("?"))).any():
            raise NotPlain
        self._validated()

    def _unescaped(self, raw: bytes) -> npt.NDArray[np.uint8]:
        """The bytes with each entity as its `&` alone, and where those are."""
        data = np.frombuffer(raw + bytes(_SLACK), np.uint8)
        found = np.flatnonzero(data == ord("&"))
        words: Words = np.ndarray((len(data) - 7,), "<u8", data, 0, (1,))[found]
        lengths = np.zeros(len(found), np.int64)
        self._signs = np.zeros(len(found), np.uint8)
        for entity, text in _NAMED.items():
            which = begins(words, entity)
            lengths[which] = len(entity)
            self._signs[which] = ord(text)
        if not lengths.all():
            raise NotPlain
        offsets = np.empty(2 * len(found) + 2, np.int32)
        offsets[0], offsets[-1] = 0, len(raw)
        offsets[1:-1:2], offsets[2:-1:2] = found + 1, found + lengths
        pieces = texts_between(offsets, pa.py_buffer(raw), pa.binary())
        kept = pieces.take(pa.array(np.arange(0, len(offsets), 2, dtype=np.int32)))
        self._escaped = found - np.concatenate([[0], np.cumsum(lengths - 1)[:-1]])
        return np.frombuffer(kept.buffers()[2], np.uint8)[: len(raw) - int((lengths - 1).sum())]

    def _validated(self) -> None:
        ends = np.array([0, self.size], np.int32)
        try:
            texts_between(ends, pa.py_buffer(self.data), pa.string()).validate(full=True)
        except pa.ArrowInvalid as error:
            raise NotPlain from error

    def words(self, places: Places) -> Words:
        """The eight bytes from each place on."""
        found: Words = self._words[places]
        return found

    def settle(self) -> pa.Buffer:
        """The bytes with the characters that were escaped; to be called once all tags are known."""
        self.data[self._escaped] = self._signs
        return pa.py_buffer(self.data)


def _character(match: re.Match[bytes]) -> bytes:
    """
    Raises:
        NotPlain: a number that is no character.
    """
    text = html.unescape(match[0].decode())
    try:
        found = text.encode()
    except UnicodeEncodeError as error:
        raise NotPlain from error
    return _ESCAPES.get(found, found)


def texts_between(offsets: npt.NDArray[np.int32], data: pa.Buffer, kind: pa.DataType) -> pa.Array:
    """What stands between each offset and the next; nothing where there are no offsets."""
    if not len(offsets):
        return pa.array([], kind)
    return pa.Array.from_buffers(kind, len(offsets) - 1, [None, pa.py_buffer(offsets), data])


def begins(words: Words, text: bytes) -> Flags:
    """Which words begin with a text of at most eight bytes."""
    wanted = np.uint64(int.from_bytes(text, "little"))
    found: Flags = (words & MASKS[len(text)]) == wanted
    return found


class Pieces:
    """The children of one element of a part, many at a time.

    Attributes:
        tail: the end of the part, from where the element ends; known once all children were given.
    """

    def __init__(self, stream: Readable, element: bytes, child: bytes, size: int) -> None:
        self._stream = stream
        self._element = element
        self._end = b"</" + child + b">"
        self._size = size
        self.tail = b""

    def __iter__(self) -> Iterator[bytes]:
        """
        Raises:
            NotPlain: another encoding or namespace, children without end, an element that isn't ended.
        """
        rest = self._head()
        close = b"</" + self._element
        while close not in rest[(cut := rest.rfind(self._end) + 1) :]:
            if cut:
                cut += len(self._end) - 1
                yield _one_kind_of_line(rest[:cut])
                rest = rest[cut:]
            elif len(rest) > _LONGEST:
                raise NotPlain
            block = self._stream.read(self._size)
            if not block:
                raise NotPlain
            rest += block
        end = rest.index(close, cut)
        if end:
            yield _one_kind_of_line(rest[:end])
        self.tail = rest[end:] + b"".join(iter(lambda: self._stream.read(self._size), b""))

    def _head(self) -> bytes:
        """What stands behind the element's tag."""
        head = b""
        opened = re.compile(b"<" + self._element + rb"(?: [^<>]*)?(/?)>")
        while (found := opened.search(head)) is None:
            block = self._stream.read(min(self._size, _PROLOG))
            if not block or len(head) > _LONGEST:
                raise NotPlain
            head += block
        told = head[: found.end()]
        if (
            (b"encoding=" in told and b"utf-8" not in told[:120].lower())
            or _NAMESPACE not in told
            or found[1]
        ):
            raise NotPlain
        return head[found.end() :]


def _one_kind_of_line(raw: bytes) -> bytes:
    """Line ends as XML has them."""
    return raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in raw else raw
