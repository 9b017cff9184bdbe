"""Text of files and servers, made fit to be shown: nothing in it steers a terminal or turns a line round."""

from __future__ import annotations

import re

#: Characters that steer, hide or reorder: C0, DEL, C1, marks of direction, invisible spaces,
#: line separators, tags, lone surrogates. (ZWJ and ZWNJ stay: emoji and Persian need them.)
_UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2060\u2066-\u2069\ufeff"
    "\U000e0000-\U000e007f\ud800-\udfff\ufffe\uffff]"
)

#: Longest message of a shop or a file that a report repeats, in bytes of UTF-8 (failure model S26).
MESSAGE_BYTES = 2048


def _escaped(match: re.Match[str]) -> str:
    number = ord(match[0])
    if number < 0x100:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def visible(text: str, *, keep: str = "") -> str:
    """The text with every steering or invisible character spelled out (`\\u202e`), but those to keep."""
    if text.isprintable() and text.isascii():
        return text
    return _UNSEEN.sub(lambda match: match[0] if match[0] in keep else _escaped(match), text)


def one_line(text: str, limit: int) -> str:
    """The text on one line of at most `limit` characters, with an ellipsis where it was cut."""
    flat = visible(" ".join(text[: limit * 4].split()))
    whole = len(text) <= limit * 4 and len(flat) <= limit
    return flat if whole else flat[: max(limit - 1, 0)].rstrip() + "…"


def message(text: str) -> str:
    """A message of a shop or a file: visible, and at most 2 kB with a word about what was cut."""
    raw = text.encode("utf-8", "surrogatepass")
    if len(raw) <= MESSAGE_BYTES:
        return visible(text, keep="\n")
    kept = raw[: MESSAGE_BYTES - 64].decode("utf-8", "ignore")
    return visible(kept, keep="\n") + f" … [{len(text) - len(kept)} characters cut]"


def percent(share: float, digits: int = 1) -> str:
    """A signed percentage with a real minus: "+12.5 %", "−3.0 %"."""
    return f"{share:+.{digits}f} %".replace("-", "−")


def duration(seconds: float) -> str:
    """Seconds as a person says them: "40 s", "12 min", "3 h 05 min"."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60:02d} min"
