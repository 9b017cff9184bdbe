"""Descriptions that need no second look, told by one regular expression over their characters.

Harmless tags with harmless attributes only, whatever a parser makes of them, and between them no
character that can't be sent, reverses the writing or hints at a misread encoding. Long texts are
looked at once, so all of it is asked at once.
"""

from __future__ import annotations

import polars as pl

from schemas.markup import MOST_TAGS

_TAGS = (
    "a|abbr|acronym|article|aside|b|bd[io]|big|blockquote|br|caption|center|cite|code|col|colgroup|dd|del|details|dfn"
    "|div|dl|dt|em|figcaption|figure|font|footer|h[1-6]|header|hgroup|hr|i|img|ins|kbd|label|li|main|mark|nav|ol|p|pre"
    "|q|rp|rt|ruby|s|samp|section|small|span|strike|strong|sub|summary|sup|table|tbody|td|tfoot|th|thead|time|tr|tt|u"
    "|ul|var|wbr"
)
_PLAIN = (
    "class|id|title|alt|align|valign|width|height|border|bgcolor|color|size|face|lang|dir|colspan|rowspan|cellpadding"
    "|cellspacing|start|target|rel|data-[a-z0-9-]{1,40}"
)
_SPACE = r"[ \t\r\n]"
#: Neither control characters nor what `checks.MOJIBAKE` may begin with, U+FFFD or writing direction.
_ODD = r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufdd0-\ufdef\ufffd-\uffffÃÂâï"
#: No quotes, angle brackets, entities, parentheses, backslashes or colons but those of style rules.
_WORDS = rf"[^\"'`<>&()\\:{_ODD}]*"
_SHADES = r"[A-Za-z0-9# %.,!/-]|rgba?\([0-9., %]{1,30}\)"
_STYLE = rf"(?:[a-z-]{{1,24}}: ?(?:{_SHADES})*;?{_SPACE}?)*"
#: The same with names of fonts in quotes.
_FONTS = rf"(?:[a-z-]{{1,24}}: ?(?:{_SHADES}|'[A-Za-z0-9 -]{{1,40}}')*;?{_SPACE}?)*"
#: With its scheme said, nothing behind it changes what a link does.
_LINK = r"(?:https?://[!#-%*-;=?-\[\]_a-z|~&]*|mailto:[A-Za-z0-9@._+-]*|tel:[0-9+ -]*)"
_ATTRIBUTE = (
    rf"(?:(?i-u:{_PLAIN})=(?:\"{_WORDS}\"|'{_WORDS}'|[A-Za-z0-9#%_.-]+)"
    rf"|(?i-u:style)=(?:\"{_FONTS}\"|'{_STYLE}')"
    rf"|(?i-u:href|src)=(?:\"{_LINK}\"|'{_LINK}'))"
)
_OTHER = rf"[^<{_ODD}]"
#: Matches a whole text that holds only such tags; between them anything but an opening bracket.
CALM = rf"\A(?:{_OTHER}|</?(?i-u:{_TAGS})(?:{_SPACE}+{_ATTRIBUTE})*{_SPACE}*/?>)*\z"


def is_calm(texts: pl.Expr) -> pl.Expr:
    """Which texts are (null = null); of too many tags none is, as `markup` has it."""
    return texts.str.contains(CALM) & (texts.str.count_matches("<", literal=True) <= MOST_TAGS)
