"""HTTP by hand over one connection: what real servers hide is exactly what has to be done here."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator, Mapping
from email.utils import formatdate
from http import HTTPStatus
from io import BufferedReader

from pipeline.sandbox.body import LARGEST_BODY
from pipeline.sandbox.messages import Head, Reply

_LONGEST_LINE = 4 * 1024 * 1024
_MOST_HEADERS = 200


class MalformedError(Exception):
    """What came is no HTTP request."""


class CutOffError(Exception):
    """The caller has gone before its body was whole."""


def read_head(stream: BufferedReader, peer: str) -> Head | None:
    """The next request's line and headers, or None when the caller has gone.

    Any header is taken, also one that is literally named ``0`` (reference 11.7).

    Raises:
        MalformedError: it is no HTTP.
    """
    line = _line(stream)
    while line in (b"\r\n", b"\n"):
        line = _line(stream)
    if not line:
        return None
    parts = line.decode("latin-1").split()
    if len(parts) != 3 or not parts[2].startswith("HTTP/1."):
        raise MalformedError(line[:100])
    path, _, query = _origin(parts[1]).partition("?")
    headers = dict(_headers(stream))
    headers.setdefault("connection", "keep-alive" if parts[2] == "HTTP/1.1" else "close")
    return Head(verb=parts[0].upper(), path=path, query=query, headers=headers, peer=peer)


def read_body(stream: BufferedReader, headers: Mapping[str, str], limit: int | None = None) -> bytes | None:
    """The body as raw bytes whatever its type; None if it is above 128 MB and so was not read.

    ``limit`` reads no more than so much of it.

    Raises:
        CutOffError: it ended too early.
    """
    if "chunked" in headers.get("transfer-encoding", "").lower():
        return _chunked(stream)
    length = _length(headers)
    if length > LARGEST_BODY:
        return None
    return _exactly(stream, length if limit is None else min(length, limit))


def wants_continue(headers: Mapping[str, str]) -> bool:
    """Whether the caller waits for a word before it sends the body."""
    return headers.get("expect", "").lower() == "100-continue"


def keeps_alive(headers: Mapping[str, str]) -> bool:
    """Whether another request may follow."""
    return headers.get("connection", "").lower() != "close"


def half(headers: Mapping[str, str]) -> int:
    """Half of the body's length."""
    return _length(headers) // 2


def response_head(reply: Reply, now: float, *, length: int | None, close: bool) -> bytes:
    """Status line and headers; without a length the end of the connection is the end of the body."""
    try:
        phrase = HTTPStatus(reply.status).phrase
    except ValueError:
        phrase = "Unknown"
    lines = [
        f"HTTP/1.1 {reply.status} {phrase}",
        f"Date: {formatdate(now, usegmt=True)}",
        f"Content-Type: {reply.content_type}",
        f"Connection: {'close' if close else 'keep-alive'}",
        *(f"{name}: {value}" for name, value in reply.headers),
    ]
    if length is not None:
        lines.append(f"Content-Length: {length}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def reset(sock: socket.socket) -> None:
    """Close so that the other side sees a reset, not an end."""
    layout = "hh" if hasattr(socket, "SO_EXCLUSIVEADDRUSE") else "ii"
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack(layout, 1, 0))


def _origin(target: str) -> str:
    """A request's target without scheme and host, which some proxies put before it."""
    if "://" in target.partition("?")[0]:
        target = "/" + target.partition("://")[2].partition("/")[2]
    return target.partition("#")[0]


def _exactly(stream: BufferedReader, length: int) -> bytes:
    data = stream.read(length)
    if len(data) < length:
        raise CutOffError
    return data


def _line(stream: BufferedReader) -> bytes:
    line = stream.readline(_LONGEST_LINE + 1)
    if len(line) > _LONGEST_LINE:
        raise MalformedError(b"line too long")
    return line


def _headers(stream: BufferedReader) -> Iterator[tuple[str, str]]:
    for _ in range(_MOST_HEADERS):
        line = _line(stream)
        if line in (b"\r\n", b"\n", b""):
            return
        name, _, value = line.decode("latin-1").partition(":")
        yield name.strip().lower(), value.strip()
    raise MalformedError(b"too many headers")


def _length(headers: Mapping[str, str]) -> int:
    text = headers.get("content-length", "0")
    if not text.isdigit():
        raise MalformedError(b"content-length")
    return int(text)


def _chunked(stream: BufferedReader) -> bytes | None:
    parts: list[bytes] = []
    total = 0
    while True:
        try:
            size = int(_line(stream).split(b";")[0], 16)
        except ValueError:
            raise MalformedError(b"chunk") from None
        if size == 0:
            break
        total += size
        if total > LARGEST_BODY:
            return None
        parts.append(_exactly(stream, size))
        _line(stream)
    while _line(stream) not in (b"\r\n", b"\n", b""):
        pass
    return b"".join(parts)
