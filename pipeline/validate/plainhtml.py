"""Html that can't act whatever a parser makes of it: harmless tags, with harmless attributes only."""

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
#: Matches a whole text that holds only such tags; between them anything but an opening bracket.
HARMLESS = rf"\A(?:[^<]|</?(?:{_TAGS})(?: {_ATTRIBUTE})* ?/?>)*\z"
