"""Whether a page was read whole: an HTML parser forgives everything, so what it lost is counted here."""

from __future__ import annotations

import re

from lxml import etree

from pipeline.read.job import Refusal

_ASIDE = re.compile(r"<!--.*?--!?>|<(script|style)\b.*?</\1\s*>", re.DOTALL | re.IGNORECASE)


def check_whole(text: str, tree: etree._Element | None, parser: etree.HTMLParser, name: str) -> None:
    """A page that the parser gave up, that was cut off, or of whose rows and cells some are in no table.

    End tags that HTML lets out (of rows and cells) may be missing.

    Raises:
        Refusal: the page isn't whole.
    """
    if fatal := [item for item in parser.error_log if item.level_name == "FATAL"]:
        raise _damaged(name, str(fatal[0].message))
    seen = _ASIDE.sub(" ", text)
    opened, closed = _count(seen, "<table"), _count(seen, "</table")
    if opened != closed:
        raise _damaged(name, f"it opens {opened} tables and ends {closed}")
    if _count(seen, "<html") and not _count(seen, "</html"):
        raise _damaged(name, "its end is missing")
    for what, said, within in (("rows", ("<tr",), ("table",)), ("cells", ("<td", "<th"), ("tr", "table"))):
        there = sum(_count(seen, tag) for tag in said)
        found = _placed(tree, [tag[1:] for tag in said], within)
        if found != there:
            raise _damaged(name, f"of {there} {what} in it {found} can be found in its tables")


def _count(text: str, tag: str) -> int:
    return len(re.findall(rf"{tag}(?=[\s/>])", text, re.IGNORECASE))


def _placed(tree: etree._Element | None, tags: list[str], within: tuple[str, ...]) -> int:
    """Elements whose nearest of `within` is the first of it: cells of rows, rows of tables."""
    if tree is None:
        return 0
    above = (next(item.iterancestors(*within), None) for item in tree.iter(*tags))
    return sum(1 for item in above if item is not None and item.tag == within[0])


def _damaged(name: str, why: str) -> Refusal:
    hint = "was it downloaded whole? open it in a spreadsheet program and save it as XLSX or CSV"
    return Refusal(f"{name} is a damaged page: {why}", hint=hint, code="damaged")
