"""Logs of the HTTP libraries, without what signs us in."""

from __future__ import annotations

import logging
import re

_SECRET = re.compile(r"(Signature|UserID)=[^&\s'\")]*", re.IGNORECASE)
_LOGGERS = (
    "urllib3",
    "urllib3.connection",
    "urllib3.connectionpool",
    "urllib3.poolmanager",
    "urllib3.response",
    "urllib3.util.retry",
    "requests",
    "requests.adapters",
    "requests.sessions",
)


class Redacting(logging.Filter):
    """Blanks signature and user in every record that passes."""

    def filter(self, record: logging.LogRecord) -> bool:
        said = record.getMessage()
        record.msg, record.args = redacted(said), ()
        if record.exc_info:
            record.exc_info = None  # a traceback of these libraries quotes the address
        return True


def redacted(said: str) -> str:
    """The text with signature and user blanked."""
    return _SECRET.sub(r"\1=***", said)


def guard_logs() -> None:
    """Put the filter on every logger that is told an address; once is enough, twice is harmless.

    A logger's filter doesn't hold for its children, so each one gets it.
    """
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        if not any(isinstance(known, Redacting) for known in logger.filters):
            logger.addFilter(Redacting())
