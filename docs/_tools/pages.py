"""Reference pages that say what the code says: settings, exit codes, sandbox. Pure: text from values."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from dataclasses import fields
from typing import Any

from pipeline import errors
from pipeline.cli.reference import MEANING
from pipeline.errors import PRECEDENCE, Exit, PipelineError
from pipeline.sandbox import faults
from pipeline.sandbox.options import SandboxOptions
from pipeline.settings import Settings

MADE = "Made from the program itself by `make docs`; do not edit.\n"


def cell(text: object) -> str:
    """A text that doesn't break its table."""
    return str(text).replace("|", "\\|").replace("\n", " ")


# --- settings ---

_SETTINGS = """\
# Settings

{made}
A settings file is TOML. `sellercenter init` writes one, `sellercenter doctor` tells whether it works; an unknown
key, a wrong value or a misspelt table is an error with its line. Paths in it start from its own folder.
`sellercenter init --full all-settings.toml` writes a file with every key in its place (`configs/default.toml` of the
sources); `configs/production.toml` is a real setup. `schemas/settings.schema.json` tells editors.

`[shops.demo]` stands for each of your shops by its name. An empty default means: not set.
"""
_KEY = re.compile(r"(?P<off># )?(?P<key>\w+) = (?P<value>.+)")
_TABLE = re.compile(r"#? ?\[(?P<table>[\w.-]+)\]")


def settings_page(default: str) -> str:
    """Every key of `configs/default.toml`, with what its comment says."""
    parts = [_SETTINGS.format(made=MADE)]
    parts += [_section(table, comment, keys) for table, comment, keys in _tables(default)]
    return "\n".join(parts)


#: What a comment of `configs/default.toml` leaves to the line above it.
ALSO = {
    "integrator": "the second part; PROPIA is a seller's own program",
    "business_unit": "the third part, such as FACL",
    "connect_timeout": "until a connection stands",
    "check_categories": "the same for categories, which must be leaves",
    "check_attributes": "the same for attributes, their options and lengths, by category",
    "parse_seconds": "how long reading a file may take",
    "changed_pct": "products that change, of those in the file that the shop holds",
    "created_pct": "new products, of all in the shop",
    "deactivated_pct": "products that are deactivated, of the active ones",
    "deactivated_max": "the same as a number",
    "removed_pct": "products that are removed, of all in the shop",
    "removed_max": "the same as a number",
    "price_down_pct": "the same downwards",
    "zero_stock_pct": "products that go out of stock, of those in the file that the shop holds",
    "zero_stock_max": "the same as a number",
    "blanked_pct": "products that lose a value, of those in the file that the shop holds",
    "blanked_max": "the same as a number",
    "category_moved_pct": "products that move to another category, of those in the file that the shop holds",
}

Keys = list[tuple[str, str, str]]


def _tables(text: str) -> Iterator[tuple[str, str, Keys]]:
    """(table, what it is about, its keys as (key, default, meaning))."""
    table, about, keys = "", "", list[tuple[str, str, str]]()
    for line in text.splitlines():
        code, _, comment = _split(line)
        if header := _TABLE.fullmatch(code.strip()):
            yield table, about, keys
            table, about, keys = header["table"], comment, []
        elif key := _KEY.fullmatch(code.strip()):
            keys.append((key["key"], "" if key["off"] else key["value"].strip(), comment))
    yield table, about, keys


def _split(line: str) -> tuple[str, str, str]:
    """Code and comment of a line; a key that is commented out is code."""
    start = 2 if line.startswith("# ") and (_KEY.match(line) or _TABLE.match(line)) else 0
    quoted = False
    for at, character in enumerate(line):
        quoted ^= character == '"'
        if character == "#" and not quoted and at >= start and not (at == 0 and start):
            return line[:at].rstrip(), "#", line[at + 1 :].strip()
    return line, "", ""


def _section(table: str, about: str, keys: Keys) -> str:
    title = f"## `[{table}]`" if table else "## At the top"
    rows = [_row(table, *key) for key in keys]
    about = f"\n{about[:1].upper()}{about[1:]}\n" if about else ""
    return "\n".join([title, about, "| key | value | default | meaning |", "|---|---|---|---|", *rows, ""])


def _row(table: str, key: str, default: str, meaning: str) -> str:
    shown = f"`{cell(default)}`" if default else ""
    return f"| `{key}` | {_allowed(table, key)} | {shown} | {cell(meaning or ALSO.get(key, ''))} |"


def _allowed(table: str, key: str) -> str:
    """What a key takes, from the models' own schema."""
    schema = Settings.model_json_schema()
    node: dict[str, Any] = schema
    for part in [part for part in table.split(".") if part] + [key]:
        node = _resolve(node, schema)
        held = node.get("properties", {})
        node = held[part] if part in held else node["additionalProperties"]
    return cell(_words(node, schema))


def _resolve(node: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in node:
        node = schema["$defs"][node["$ref"].rpartition("/")[2]]
    return node


def _words(node: dict[str, Any], schema: dict[str, Any]) -> str:
    node = _resolve(node, schema)
    if "enum" in node:
        return ", ".join(f'`"{choice}"`' for choice in node["enum"])
    if "const" in node:
        return f'`"{node["const"]}"`'
    if "anyOf" in node:
        some = [_words(one, schema) for one in node["anyOf"] if one.get("type") != "null"]
        return " or ".join(dict.fromkeys(some))
    if node.get("type") == "array":
        inner = _words(node.get("items", {}), schema)
        return f"list of {inner}"
    if node.get("type") == "object":
        return f"table of {_words(node.get('additionalProperties') or {}, schema)}"
    return _PLAIN.get(node.get("type", ""), "value") + _range(node)


_PLAIN = {"string": "text", "integer": "whole number", "number": "number", "boolean": "true or false"}


def _range(node: dict[str, Any]) -> str:
    words = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
    said = [f"{sign} {node[key]:g}" for key, sign in words.items() if key in node]
    return f", {' and '.join(said)}" if said else ""


# --- guards ---

GUARDS = {
    "source-empty": ("The file holds no products.", ""),
    "source-shrunk": ("The file has far fewer rows than the last one of this source.", "source_shrunk_pct"),
    "columns-vanished": ("A column that the last file of this source had is gone.", ""),
    "snapshot-incomplete": ("Products seem to be missing, but the download isn't proven whole.", ""),
    "fields-untold": (
        "The shop no longer tells of any product what each has (name, price, stock, status), and the file writes it.",
        "",
    ),
    "changed": ("Products that change.", "changed_pct, changed_max"),
    "created": ("New products, in a shop that holds some.", "created_max, created_pct"),
    "deactivated": ("Products that would be deactivated.", "deactivated_pct, deactivated_max"),
    "removed": ("Products that would be removed.", "removed_pct, removed_max"),
    "blanked": ("Products that lose a value, or a promotion that was open.", "blanked_pct, blanked_max"),
    "price-up": ("One product becomes far more expensive.", "price_up_pct"),
    "price-down": ("One product becomes far cheaper.", "price_down_pct"),
    "price-median": ("All prices move together: cents for units, a wrong currency.", "price_median_pct"),
    "below-cost": ("A price is below the product's cost (an internal column of the mapping).", ""),
    "below-floor": ("A price is below the product's floor (an internal column of the mapping).", ""),
    "zero-stock": ("Products that go out of stock.", "zero_stock_pct, zero_stock_max"),
    "category-moved": ("Products that move to another category.", "category_moved_pct"),
    "text-shrunk": ("Products whose name or description loses more than half.", "text_shrunk_pct"),
}

_GUARDS = """\
# Guards

{made}
A guard looks at the whole plan and refuses what is readable but suspicious. A refused plan and its report are
written all the same (exit 5); `push` and `run` don't send it until the file is corrected or the rule is allowed:

```sh
sellercenter push PLAN --allow price-down --reason "sale week, approved by M. Rojas"
```

The reason is kept with the run. Numbers stand in `[shops.NAME.guards]` ([settings](settings.md)). So few affected
products as `floor` never trip a share or a median; they do trip a limit on one product, and a number.

**Prices are judged as they are paid.** A promotional price counts while its window is open, so both sides are laid out
over time, from a day ago (the shop's clock needn't be ours) for ever, and the worst moment counts, country by country: a
row that only moves the end of an expired promotion makes an old price live again, and is a fall; a promotion that goes
on longer than was agreed is one for the days that are added. A regular price that falls behind a promotion is judged,
too. The first price of a product in a country is held against its prices in other countries of the same currency
(`currency_by_operator`), and a promotion with it against that first price; where there is no such country, the plan
says so. A new product has no earlier price: only cost and floor judge it.

**The way back isn't judged**, for an incident must be undoable: a plan of `rollback` or `restore` puts back what the
journal holds as before-values of the runs it names. An import takes our *last* write to a field back unjudged
while the shop holds it unchanged (so the right file, fed after the wrong one, passes); every other
file is judged, whatever it says: an old export, fed by mistake, pulls no price back a year. The plan says how many
values were let through, and when the shop held them last. A value that was itself replaced by going back (by a rollback,
or by feeding the right file again) is no such value: the wrong file is judged again.

| rule | refuses | settings |
|---|---|---|
"""


def guards_page() -> str:
    """Every rule, in the order in which plans show them."""
    rows = [
        f"| `{rule}` | {text} | {', '.join(f'`{key}`' for key in keys.split(', ')) if keys else 'always'} |"
        for rule, (text, keys) in GUARDS.items()
    ]
    return _GUARDS.format(made=MADE) + "\n".join(rows) + "\n"


# --- exit codes ---

DO = {
    Exit.DONE: "Nothing.",
    Exit.UNEXPECTED: "Read the message: a full disk, a damaged record, or a fault of the program (it names a crash report). "
    "Nothing is sent meanwhile. `sellercenter runs --check`, then `resume` the run if one was going on.",
    Exit.USAGE: "Correct what the message names. In a schedule: is `--yes` there, and the settings file?",
    Exit.CHANGES: "Read the report, then `push` the plan.",
    Exit.INPUT: "Read the findings; correct the file, its mapping or the export behind it. Nothing was sent.",
    Exit.GUARD: "Read the report. Is the file wrong? Correct it. Is it meant? `push PLAN --allow RULE --reason TEXT`.",
    Exit.PLAN: "Make a new plan with `diff`.",
    Exit.INCOMPLETE: "Read what is left: `show RUN`, or the findings. Correct it and feed it again.",
    Exit.UNKNOWN: "`resume RUN`, later again. Never send the file another time by hand: "
    "see [feed stuck](../runbooks/feed-stuck.md), [answer lost](../runbooks/answer-lost.md).",
    Exit.SHOP: "`doctor` says which: no connection, a wrong key, a clock that is off, a shop that is down. Then again.",
    Exit.LOCKED: "Wait for the other run; `runs` shows it.",
    Exit.SIGINT: "`resume RUN`.",
    Exit.SIGTERM: "`resume RUN`.",
}


def exit_codes_page() -> str:
    """Codes, what to do about each, and the errors that end with it."""
    rows = [f"| {int(code)} | {cell(MEANING[code])} | {cell(DO[code])} |" for code in Exit]
    order = [str(int(c)) for c in PRECEDENCE if c not in (Exit.SIGINT, Exit.SIGTERM, Exit.USAGE, Exit.DONE)]
    errors_ = [f"| `{one.code}` | {_exit(one)} | {cell(_law(one))} |" for one in _errors()]
    return (
        "\n".join(
            [
                "# Exit codes\n",
                MADE,
                "Scripts may rely on these numbers; they don't change.\n",
                "| code | meaning | what to do |",
                "|---|---|---|",
                *rows,
                "",
                f"Where several hold, the first of {', '.join(order)} is the one.\n",
                "A schedule that shall only wake somebody when a person is needed: 0 and 3 are fine, 7 can wait until",
                "morning, 9 and 10 may go away by themselves at the next start, all others need a look.\n",
                "## Error codes\n",
                'With `--json`, an error is `{"schema", "error": {"code", "message", "hint"}, "exit_code"}`.\n',
                "| `error.code` | exit | meaning |",
                "|---|---|---|",
                *errors_,
            ]
        ).rstrip()
        + "\n"
    )


def _errors() -> Iterator[type[PipelineError]]:
    """Every class of the tree but its root, by exit code."""
    found = [one for one in vars(errors).values() if inspect.isclass(one) and issubclass(one, PipelineError)]
    yield from sorted(found, key=lambda one: (int(one.exit_code), found.index(one)))


def _exit(error: type[PipelineError]) -> str:
    """An interruption ends with the number of its signal."""
    return "130, 143" if error is errors.Interrupted else str(int(error.exit_code))


def _law(error: type[PipelineError]) -> str:
    if error is PipelineError:
        return "A fault of the program itself."
    return " ".join((inspect.getdoc(error) or "").split("\n\n")[0].split())


# --- sandbox ---

FAULTS = {
    "accept-then-reset": "the shop takes the call, then the connection breaks",
    "accept-then-hang": "… then nothing comes any more",
    "accept-then-500": "… then it answers HTTP 500",
    "accept-then-html": "… then it answers with an HTML page",
    "accept-then-truncate": "… then its answer ends in the middle",
    "late-accept": "the connection breaks, and only `seconds` later does the shop take the call",
    "slow": "the answer takes `seconds`",
    "warning-detail": "the answer carries a WarningDetail",
    "drop-before-accept": "the connection breaks before the shop takes anything",
    "reset-mid-body": "… while the body is being sent",
    "e429": "E429, too many requests",
    "http-429": "HTTP 429 with an unreadable body",
    "http-500": "HTTP 500, nothing taken",
    "http-503": "HTTP 503, nothing taken",
    "redirect": "a redirect to another place",
    "empty-body": "HTTP 200 with nothing in it",
    "html": "HTTP 200 with an HTML page",
    "drip": "an answer that trickles",
    "gzip-bomb": "an answer that unpacks without end",
    "expired": "E003: the timestamp is too old",
    "login": "E007: wrong key",
    "stuck": "the feed never ends; `status` says where it stays",
    "canceled": "the feed is canceled",
    "unknown-status": "the feed has a status that nobody knows",
    "list-lag": "the feed shows in the feed list only `seconds` later",
    "partial": "some records of a feed are refused",
    "not-applied": "the feed is finished, but some records changed nothing",
    "warn": "some records come with a warning",
    "page-repeat": "a page of GetProducts repeats rows",
    "page-miss": "… misses rows",
    "page-shift": "… shifts, as if products were added while it was read",
    "page-reorder": "… is in another order",
    "field-gone": "… leaves out the elements named in `kinds`, of all products",
    "rewrite": "the shop stores values otherwise than they were sent (`10` → `10.00`, trimmed text, changed HTML)",
}
_GROUPS = (
    ("On a call that is taken all the same", faults.ACCEPTING),
    ("On a call that is not taken", faults.REFUSING),
    ("On a feed", faults.FEED),
    ("On records of a feed", faults.RECORD),
    ("On what GetProducts answers", faults.PAGE | {faults.GONE, faults.REWRITE}),
)

_SANDBOX = """\
# Sandbox

{made}
`sellercenter sandbox` is a Seller Center of your own, on your machine: to practise on, to rehearse an import, to
test other programs against. It speaks both dialects over real HTTP, checks signatures, keeps the limits, and goes
wrong on demand.

```sh
sellercenter sandbox --port 8765 --user demo@example.com --key sandbox-key-0001 --products shop.csv
```

Its first line is JSON: `base_url` for the settings, `control_url` for what a person does in the shop, `user_id`,
`api_key`. It serves until Ctrl-C. `--products` takes a CSV file or a JSON array with canonical names; brands and
categories that a product names join the shop's own. Without `--keep FILE` it forgets everything when it stops.

## Switches

| switch | meaning | choices | default |
|---|---|---|---|
{switches}

## Faults

`--fault action=ProductUpdate,fault=accept-then-reset,count=1`, repeatable; or `POST faults` with the same as JSON.

| key | meaning |
|---|---|
| `action` | an action of the API, `reads`, `writes`, or `*` (the default) |
| `fault` | a name of the tables below |
| `count` | so many times, from the first on |
| `rate` | instead of `count`: a share between 0 and 1; per call, for faults on a feed per feed, for records per record |
| `seed` | makes the draw of `rate` repeatable |
| `seconds` | how long, where it matters |
| `skus`, `rows`, `status`, `kinds` | which records, how many rows, which status, which rewritings |

With neither `count` nor `rate` a fault on a call, a feed or a page strikes once, one on records always.
"""

_CONTROL = """\
## Control

Under `control_url`, on this machine only, JSON in and out:

| call | what it does |
|---|---|
| `GET state` | `products` by canonical name, `feeds`, `clock` |
| `GET products/SKU` · `PATCH products/SKU` | one product; an edit as a person would make it in the shop |
| `PUT products` | a JSON array that replaces all products |
| `GET lookups` | `brands`, and `categories` as `id, name, leaf` |
| `GET requests?since=N` | the log of calls: `n, time, verb, action, params, body_sha256, answered, accepted, feed, skus, fault` |
| `POST faults` · `DELETE faults` | adds a fault; clears all |
| `POST clock` | `{"advance": seconds}`, with `--clock driven` |
| `POST reset` | back to the start |
"""


def sandbox_page() -> str:
    """Switches, faults and control of the sandbox."""
    rows = [
        f"| `--{field.name.replace('_', '-')}` | {cell(field.metadata['help'])} | "
        f"{', '.join(f'`{choice}`' for choice in field.metadata['choices'] or ())} | {_default(field)} |"
        for field in fields(SandboxOptions)
    ]
    parts = [_SANDBOX.format(made=MADE, switches="\n".join(rows))]
    for title, names in _GROUPS:
        lines = [f"| `{name}` | {cell(text)} |" for name, text in FAULTS.items() if name in names]
        parts.append("\n".join([f"### {title}\n", "| fault | what happens |", "|---|---|", *lines, ""]))
    return "\n".join([*parts, _CONTROL])


def _default(field: Any) -> str:
    shown = field.default if isinstance(field.default, str | int | float) else ""
    return f"`{cell(shown)}`" if shown != "" else ""
