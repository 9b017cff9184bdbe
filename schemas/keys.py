"""The pandera schema of rows against each other: SKUs, parents, variant groups.

Its table has one row a row of the catalog and says of each, as text, what the whole file makes of it.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandera.pandas as pa

from schemas.fields import KEY
from schemas.rules import RULES, Severity, severity_of
from schemas.tables import Table, Verdict

#: Columns: does another row have the SKU, exactly; does one but for case, space and form.
TWINS, LOOKALIKES = "twins", "lookalikes"
#: Is the parent in the file or the shop: OK, ABSENT, or UNASKED where nobody asked the shop.
PARENT = "parent"
OK, ABSENT, UNASKED = "ok", "absent", "unasked"
#: Is the row its own ancestor; does its brand or category differ from its group's.
CYCLE, BRAND, CATEGORY = "cycle", "brand", "category"


def key_table(severity: Mapping[str, Severity]) -> Table:
    """The schema that judges rows against each other."""
    verdicts: dict[str, Verdict] = {}

    def column(code: str, field: str, bad: object, default: Severity | None = None) -> pa.Check:
        rule = RULES[code]
        key = f"{code}@{field}@{bad}"
        found = severity_of(code, severity, default)
        if found != "off":
            verdicts[key] = Verdict(code=code, field=field, severity=found, message=rule.says, hint=rule.hint)
        return pa.Check(lambda values: (values != bad) | (found == "off"), name=key, error=key)

    schema = pa.DataFrameSchema(
        {
            TWINS: pa.Column(bool, checks=[column("duplicate-sku", KEY, bad=True)]),
            LOOKALIKES: pa.Column(bool, checks=[column("similar-sku", KEY, bad=True)]),
            PARENT: pa.Column(
                None,
                checks=[
                    column("parent-unknown", "ParentSku", ABSENT),
                    column("parent-unknown", "ParentSku", UNASKED, "warning"),
                ],
            ),
            CYCLE: pa.Column(bool, checks=[column("parent-cycle", "ParentSku", bad=True)]),
            BRAND: pa.Column(bool, checks=[column("group-brand", "Brand", bad=True)]),
            CATEGORY: pa.Column(bool, checks=[column("group-category", "PrimaryCategory", bad=True)]),
        },
        name="keys",
    )
    return Table(schema=schema, verdicts=verdicts)
