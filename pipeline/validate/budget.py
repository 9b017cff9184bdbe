"""Is what was found too much to go on with?"""

from __future__ import annotations

from collections import Counter

from pipeline.settings import CatalogSettings
from pipeline.validate.accepted import Accepted


def over_budget(accepted: Accepted, settings: CatalogSettings) -> str | None:
    """Why nothing of this catalog may be sent (exit 4), or None."""
    if accepted.total == 0:
        return "the catalog holds no row"
    if accepted.rows == 0:
        return f"none of {accepted.total} rows was accepted"
    if settings.on_error == "stop" and accepted.rejected:
        return f'{accepted.rejected} of {accepted.total} rows were refused, and on_error = "stop"'
    return _too_many(accepted, settings) or _too_many_of_one_code(accepted, settings)


def _too_many(accepted: Accepted, settings: CatalogSettings) -> str | None:
    if settings.max_errors is not None and accepted.rejected > settings.max_errors:
        return f"{accepted.rejected} rows were refused, more than max_errors = {settings.max_errors}"
    share = 100 * accepted.rejected / accepted.total
    if share > settings.max_errors_pct:
        limit = f"max_errors_pct = {settings.max_errors_pct:g}"
        return f"{accepted.rejected} of {accepted.total} rows ({share:.1f} %) were refused, more than {limit}"
    return None


def _too_many_of_one_code(accepted: Accepted, settings: CatalogSettings) -> str | None:
    counts = Counter(finding.code for finding in accepted.findings)
    for code, limit in settings.max_errors_by_code.items():
        if counts[code] > limit:
            return f"{counts[code]} findings {code}, more than max_errors_by_code allows ({limit})"
    return None
