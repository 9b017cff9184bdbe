"""Descriptions that need no second look, told by one regular expression over their characters.

Harmless tags with harmless attributes only, whatever a parser makes of them, and between them no
character that can't be sent, reverses the writing or hints at a misread encoding. Long texts are
looked at once, so all of it is asked at once.
"""

from __future__ import annotations

_TAGS = (
    "a|abbr|article|b|big|blockquote|br|caption|center|code|dd|del|div|dl|dt|em|font|h[1-6]|hr|i|img|ins|li|mark"
    "|ol|p|pre|s|section|small|span|strike|strong|sub|sup|table|tbody|td|tfoot|th|thead|tr|tt|u|ul"
)
#: No quotes, angle brackets, entities, parentheses, backslashes or colons but those of style rules.
_WORDS = r"[A-Za-z0-9_ #%.,;/+-]*"
_STYLE = r"(?:[a-z-]{1,24}: ?[A-Za-z0-9# %.,-]*;? ?)*"
_ATTRIBUTE = (
    rf'(?:(?:class|id|title|alt|align|valign|width|height|border|color|size|lang|dir|colspan|rowspan)="{_WORDS}"'
    rf'|style="{_STYLE}"|(?:href|src)="https?://[A-Za-z0-9_/.?=%#+-]*")'
)
#: Neither control characters nor what `checks.MOJIBAKE` may begin with, U+FFFD or writing direction.
_OTHER = r"[^<\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufdd0-\ufdef\ufffd-\uffffÃÂâï]"
#: Matches a whole text that holds only such tags; between them anything but an opening bracket.
CALM = rf"\A(?:{_OTHER}|</?(?:{_TAGS})(?: {_ATTRIBUTE})* ?/?>)*\z"
