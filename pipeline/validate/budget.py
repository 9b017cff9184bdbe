"""Is what was found too much to go on with?"""

from __future__ import annotations

from collections import Counter

from pipeline.settings import CatalogSettings
from pipeline.validate.accepted import Accepted
from pipeline.values.counted import plural


def over_budget(accepted: Accepted, settings: CatalogSettings) -> str | None:
    """Why nothing of this catalog may be sent (exit 4), or None."""
    if accepted.total == 0:
        return "the catalog holds no row"
    if accepted.rows == 0:
        return f"none of {plural(accepted.total, 'row')} was accepted"
    if settings.on_error == "stop" and accepted.rejected:
        return f'{_refused(accepted, of=True)}, and on_error = "stop"'
    return _too_many(accepted, settings) or _too_many_of_one_code(accepted, settings)


def _refused(accepted: Accepted, *, of: bool = False) -> str:
    whole = f" of {accepted.total}" if of else ""
    one = accepted.rejected == 1
    return f"{accepted.rejected}{whole} row{'' if one and not of else 's'} {'was' if one else 'were'} refused"


def _too_many(accepted: Accepted, settings: CatalogSettings) -> str | None:
    if settings.max_errors is not None and accepted.rejected > settings.max_errors:
        return f"{_refused(accepted)}, more than max_errors = {settings.max_errors}"
    share = 100 * accepted.rejected / accepted.total
    if share > settings.max_errors_pct:
        limit = f"max_errors_pct = {settings.max_errors_pct:g}"
        return f"{_refused(accepted, of=True)} ({share:.1f} %), more than {limit}"
    return None


def _too_many_of_one_code(accepted: Accepted, settings: CatalogSettings) -> str | None:
    counts = Counter(finding.code for finding in accepted.findings)
    for code, limit in settings.max_errors_by_code.items():
        if counts[code] > limit:
            return f"{plural(counts[code], 'finding')} {code}, more than max_errors_by_code allows ({limit})"
    return None
