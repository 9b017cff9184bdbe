"""No secret passes here: what it was told of, and whatever looks like one, is masked in any text."""

from __future__ import annotations

import json
import re
from urllib.parse import quote, quote_plus

SHORTEST = 4  # characters; masking shorter texts would make logs unreadable and betray them

_PATTERNS = (
    (re.compile(r"(?i)\b(signature=)[^&\s\"']+"), r"\1***"),
    (re.compile(r"(?i)\b(userid=)[^&\s\"']+"), r"\1***"),
    (
        re.compile(
            r"(?i)((?:api[_-]?key|password|token|secret)[\"']?\s*[=:]\s*[\"']?)(?!env:|file:|cmd:|keyring:)[^\s\"'&,}]+"
        ),
        r"\1***",
    ),
    (re.compile(r"(?i)(authorization[\"']?\s*[=:]\s*[\"']?(?:basic|bearer)\s+)\S+"), r"\1***"),
    (re.compile(r"(://)[^/\s:@]+:[^/\s@]+@"), r"\1***@"),
    (re.compile(r"(?<![0-9a-fA-F:])[0-9a-f]{64}(?![0-9a-fA-F])"), "***"),  # a bare one is a signature
)


class Redactor:
    """Masks every secret that it was told of, and whatever looks like one, in any text of ours."""

    def __init__(self) -> None:
        self._known: tuple[str, ...] = ()

    def learn(self, secret: str) -> None:
        """From now on this text is masked, also where it stands quoted in an address."""
        if len(secret) >= SHORTEST:
            forms = {
                *self._known,
                secret,
                quote(secret, safe=""),
                quote_plus(secret),
                json.dumps(secret)[1:-1],
            }
            self._known = tuple(sorted(forms, key=len, reverse=True))

    def __call__(self, text: str) -> str:
        for secret in self._known:
            text = text.replace(secret, "***")
        for pattern, mask in _PATTERNS:
            text = pattern.sub(mask, text)
        return text
