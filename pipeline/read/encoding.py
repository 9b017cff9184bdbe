"""Which encoding a file is in: judged over all of its bytes, never over a beginning.

A byte order mark or strict UTF-8 decides at once. What is neither is decoded in every candidate
that takes all of it without an error, and the reading that looks most like writing wins: letters
of one script side by side, common ones rather than rare ones, no controls, no upper case behind
lower case. `charset-normalizer` speaks where two readings look equally good.
"""

from __future__ import annotations

import codecs
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

BLOCK = 1 << 22
#: Bytes of lines with non-ASCII characters that the readings are compared on, spread over the file.
SAMPLE = 400_000

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
#: Tried in this order; the first of equally good readings wins.
CANDIDATES = (
    *("cp932", "euc_jp", "gb18030", "big5", "cp949"),
    *("cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "cp1258", "cp874"),
    *("iso8859_1", "iso8859_2", "iso8859_5", "iso8859_7", "koi8_r", "koi8_u", "cp866", "cp850", "cp852"),
    *("cp437", "mac_roman"),
)
_MULTIBYTE = {"cp932", "euc_jp", "gb18030", "big5", "cp949"}
_RARE = {"iso8859_1": 0.02, "iso8859_2": 0.05, "iso8859_5": 0.05, "iso8859_7": 0.03, "koi8_u": 0.02}
_OLD = {"cp866": 0.1, "cp850": 0.1, "cp852": 0.12, "cp437": 0.12, "mac_roman": 0.1, "cp1258": 0.15}

_COMMON = {
    "LATIN": frozenset("áéíóúüñçãõâêôàèìòùäöüßëïîûœæøåÁÉÍÓÚÜÑÇÃÕÂÊÔÀÄÖÅØÆŒ"),
    "CYRILLIC": frozenset("оеаинтсрвлкмдпуябгзыьчйхжюОЕАИНТСРВЛКМДПУБГЗЧХЖЦШЯЫЙЬЮіїєґІЇЄ"),
    "GREEK": frozenset("αεηιουσςτνρκλμπάέήίόύώΑΕΗΙΟΥΣΤΝΡΚΛΜΠ"),
    "ARABIC": frozenset("اليمنرتوبةدسعفكقحجهأشصطخضزثغذظىإئءؤآپچگ"),
    "HEBREW": frozenset("אבגדהוזחטיכלמנסעפצקרשתםןךףץ"),
}
#: Letters beyond a-z that are words by themselves, or single letters in names and sizes.
_ALONE = frozenset("àáâãäåæèéêíîóôöøúüÀÁÈÉÍÓÖØÚÜñÑ") - frozenset("ñÑÄÎîäãâêô")
_CENTRAL = frozenset("ąćęłńóśźżĄĆĘŁŃÓŚŹŻčďěňřšťůýžČĎĚŇŘŠŤŮÝŽőűŐŰăâîșțşţŞŢĂğışİĞāēģīķļņūėįųĖ")
#: Letters beyond a-z that each language writes: one of them should cover (nearly) all of a text.
_LANGUAGES = tuple(
    map(
        frozenset,
        (
            *("áéíóúüñ", "áâãàçéêíóôõú", "àâæçéèêëîïôœùûüÿ", "äöüßé", "àèéìòóù", "åäöøæé", "äëïöüéèêá"),
            *("ąćęłńóśźż", "áäčďéěíĺľňóôřŕšťúůýž", "áéíóöőúüű", "ăâîșțşţ", "čćđšž", "çğıiöşüâî"),
            *("āčēģīķļņšūž", "ąčęėįšųūž", "äõöüšž", "áéíóúýðþæö"),
        ),
    )
)
_SIGNS = frozenset("°ºª®™“”’‘–—…€£§«»¡¿´·×½¼¾²³©\xa0•†¢¥±№„‚‹›،؟؛­")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """An encoding and why.

    Attributes:
        name: codec of the file, or of the lines that are not UTF-8 where `mixed`.
        bom: bytes of a byte order mark to skip.
        mixed: some lines are UTF-8, the others in `name`.
    """

    name: str
    why: str
    bom: int = 0
    mixed: bool = False


def judge(path: Path) -> Verdict:
    """The encoding of a whole file.

    Raises:
        UnicodeError: no candidate takes it.
    """
    with path.open("rb") as file:
        head = file.read(1 << 16)
        for mark, name in _BOMS:
            if head.startswith(mark):
                return Verdict(name=name, why="byte order mark", bom=len(mark))
        if name := _utf16(head):
            return Verdict(name=name, why="every other byte is zero, no byte order mark")
        file.seek(0)
        if _is_utf8(file):
            seven = b"\x1b$" in head or b"\x1b(J" in head
            if seven and _decodes(path, "iso2022_jp"):
                return Verdict(name="iso2022_jp", why="escape sequences of ISO-2022-JP")
            return Verdict(name="utf-8", why="all of it is valid UTF-8")
        file.seek(0)
        sample, utf8, other = _sample(file)
    return _legacy(path, sample, utf8, other)


def transcode(path: Path, verdict: Verdict, out: Path, on_line: Callable[[int, bytes], None]) -> None:
    """Write a file again as UTF-8 without a mark; `on_line` hears of each line that was decoded apart.

    Raises:
        UnicodeError: names the first byte that the encoding does not have.
    """
    with path.open("rb") as source, out.open("wb") as sink:
        source.seek(verdict.bom)
        if verdict.mixed:
            for number, line in enumerate(_lines(source), start=1):
                sink.write(_line_to_utf8(number, line, verdict.name, on_line))
            return
        decoder = codecs.getincrementaldecoder(verdict.name)()
        while block := source.read(BLOCK):
            sink.write(decoder.decode(block).encode("utf-8"))
        sink.write(decoder.decode(b"", final=True).encode("utf-8"))


def _line_to_utf8(number: int, line: bytes, name: str, on_line: Callable[[int, bytes], None]) -> bytes:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        on_line(number, line)
        return line.decode(name, errors="replace").encode("utf-8")
    return line


def _utf16(head: bytes) -> str:
    """UTF-16 without a mark: ASCII text has a zero in every other byte, and line ends do in any text."""
    even, odd = head[0::2].count(0), head[1::2].count(0)
    pairs = max(len(head) // 2, 1)
    if odd > 0.2 * pairs and even < 0.02 * pairs:
        return "utf-16-le"
    if even > 0.2 * pairs and odd < 0.02 * pairs:
        return "utf-16-be"
    return ""


def _is_utf8(file: BinaryIO) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        while block := file.read(BLOCK):
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _decodes(path: Path, name: str) -> bool:
    decoder = codecs.getincrementaldecoder(name)()
    try:
        with path.open("rb") as file:
            while block := file.read(BLOCK):
                decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """Lines with their ends, whichever of the three kinds, in bounded pieces."""
    rest = b""
    while block := file.read(BLOCK):
        pieces = (rest + block).splitlines(keepends=True)
        rest = pieces.pop()
        if len(rest) > 4 * BLOCK:
            yield rest
            rest = b""
        yield from pieces
    if rest:
        yield from rest.splitlines(keepends=True)


def _sample(file: BinaryIO) -> tuple[bytes, int, int]:
    """Distinct lines that are no ASCII and no UTF-8, thinned out over the file; and how many of each kind."""
    kept: dict[bytes, None] = {}
    size = utf8 = other = 0
    step = 1
    for line in _lines(file):
        if line.isascii():
            continue
        try:
            line.decode("utf-8")
            utf8 += 1
            continue
        except UnicodeDecodeError:
            other += 1
        if other % step == 0 and line not in kept:
            kept[line] = None
            size += len(line)
        if size > SAMPLE:
            kept = dict.fromkeys(list(kept)[::2])
            size = sum(map(len, kept))
            step *= 2
    return b"".join(kept), utf8, other


def _legacy(path: Path, sample: bytes, utf8: int, other: int) -> Verdict:
    """The encoding of a file that is not UTF-8, or of the lines in it that are not."""
    ranked = sorted(_readings(sample), key=lambda item: -item[0])
    if not ranked:
        return Verdict(name="cp1252", why="no encoding takes all of its bytes", mixed=True)
    best = [name for score, name in ranked if score > ranked[0][0] - 0.02]
    name = best[0] if len(best) == 1 else _arbitrated(sample, best)
    if utf8 and not (name in _MULTIBYTE and utf8 < other):
        return Verdict(name=name, why=f"{utf8} lines are UTF-8, {other} are {name}", mixed=True)
    for candidate in (name, *(other_name for _, other_name in ranked)):
        if _decodes(path, candidate):
            return Verdict(
                name=candidate, why="no UTF-8; of all readings without an error the most like writing"
            )
    return Verdict(name=name, why="no encoding takes all of its bytes", mixed=True)


def _readings(sample: bytes) -> Iterator[tuple[float, str]]:
    for name in CANDIDATES:
        try:
            text = sample.decode(name)
        except UnicodeDecodeError:
            continue
        yield score(text) - _RARE.get(name, 0) - _OLD.get(name, 0), name


def _arbitrated(sample: bytes, names: list[str]) -> str:
    """The name among equals that charset-normalizer prefers; the first where it has no opinion."""
    from charset_normalizer import from_bytes

    texts = {sample.decode(name) for name in names}
    if len(texts) == 1:
        return names[0]
    found = from_bytes(sample, cp_isolation=names).best()
    return found.encoding if found is not None and found.encoding in names else names[0]


def score(text: str) -> float:
    """How much the non-ASCII characters of a text look like writing, from about -3 to 1."""
    total = weight = 0.0
    before = " "
    for place, char in enumerate(text):
        if char > "\x7f":
            after = text[place + 1] if place + 1 < len(text) else " "
            size = 2.0 if char > "\u2e7f" else 1.0
            total += size * _plausible(before, char, after)
            weight += size
        before = char
    return total / weight + 0.4 * _of_one_language(text) if weight else 1.0


def _of_one_language(text: str) -> float:
    """The share of the Latin letters beyond a-z that the best fitting language writes; 1 if none."""
    counts = Counter(char.lower()[0] for char in text if char > "\x7f" and _script(char) == "LATIN")
    whole = sum(counts.values())
    if not whole:
        return 1.0
    return max(sum(counts[char] for char in letters) for letters in _LANGUAGES) / whole


@lru_cache(maxsize=200_000)
def _plausible(before: str, char: str, after: str) -> float:
    """One character between its neighbours: 1 for what writing is made of, below 0 for the rest."""
    script = _script(char)
    if script in ("CONTROL", "PRIVATE"):
        return -3.0
    if char == "µ":
        return 1.0 if after.isalpha() and not before.isalpha() else -0.6
    if script == "SIGN":
        inside = before.isalpha() and after.isalpha()
        return (-0.6 if inside and char not in "’·\xad" else 0.6) if char in _SIGNS else -1.0
    if script == "CJK":
        return _cjk(char) - _loneliness(before, after)
    value = _letter(char, script)
    for near in (before, after):
        if near.isalpha() and _script(near) != script:
            value -= 0.8
    if (before.islower() and char.isupper()) or (char.islower() and "A" <= after <= "Z"):
        value -= 1.2
    if char not in _ALONE and not before.isalpha() and not after.isalpha():
        value -= 0.8
    if script == "LATIN" and before > "\x7f" and after > "\x7f" and before.isalpha() and after.isalpha():
        value -= 1.5
    return value


def _loneliness(before: str, after: str) -> float:
    """What an ideograph among other characters loses: words of them are longer, wrong bytes are not."""
    if _script(before) == "CJK" or _script(after) == "CJK":
        return 0.0
    return 1.6 if before.islower() or after.islower() else 0.8


def _letter(char: str, script: str) -> float:
    if char in _COMMON.get(script, ()):
        return 1.0
    if script == "LATIN":
        return 0.7 if char in _CENTRAL else 0.0
    if script in ("THAI", "COMBINING"):
        return 1.0
    return 0.3 if script in _COMMON else -0.5


def _cjk(char: str) -> float:
    """Kana and everyday ideographs are writing; rare ones are what wrong bytes turn into."""
    code = ord(char)
    if 0x3040 <= code <= 0x30FF:
        return 1.1
    if 0xFF61 <= code <= 0xFF9F:
        return -0.3
    if 0x3000 <= code <= 0x303F or 0xFF00 <= code <= 0xFFEF:
        return 0.8
    if 0xAC00 <= code <= 0xD7A3:
        return 1.0 if _encodes(char, "euc_kr") else -0.5
    if 0x4E00 <= code <= 0x9FFF:
        return 1.0 if _everyday(char) else -0.6
    return -1.0


def _everyday(char: str) -> bool:
    """Level 1 of JIS X 0208, GB 2312 or Big5."""
    for name, first, last in (("shift_jis", 0x88, 0x97), ("gb2312", 0xB0, 0xD7), ("big5", 0xA4, 0xC6)):
        if _encodes(char, name) and first <= char.encode(name)[0] <= last:
            return True
    return False


def _encodes(char: str, name: str) -> bool:
    try:
        char.encode(name)
    except UnicodeEncodeError:
        return False
    return True


@lru_cache(maxsize=70_000)
def _script(char: str) -> str:
    """The script of a letter by its Unicode name; SIGN, CONTROL or PRIVATE for all else."""
    category = unicodedata.category(char)
    if category == "Cc":
        return "CONTROL"
    if category in ("Co", "Cn", "Cs"):
        return "PRIVATE"
    if "\u2e80" <= char <= "\uffef" and char != "\ufeff":
        return "CJK"
    if category[0] in "LM" and char not in "ªº":
        return unicodedata.name(char, "UNKNOWN").split()[0]
    return "SIGN"


def known(name: str) -> bool:
    """Whether there is a text codec of this name."""
    try:
        return codecs.lookup(name)._is_text_encoding
    except (LookupError, ValueError):
        return False


def first_bad(path: Path, name: str) -> tuple[int, bytes] | None:
    """Offset and bytes of the first place that does not decode, None if all does."""
    with path.open("rb") as file:
        decoder = codecs.getincrementaldecoder(name)()
        offset = 0
        for block in _blocks(file):
            try:
                decoder.decode(block)
            except UnicodeDecodeError as error:
                return offset + error.start, error.object[error.start : error.end]
            offset += len(block)
    return None


def _blocks(file: BinaryIO) -> Iterable[bytes]:
    return iter(lambda: file.read(BLOCK), b"")
