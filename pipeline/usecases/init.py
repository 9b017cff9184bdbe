"""A settings file to start from: short, commented, and checked before it is written."""

from __future__ import annotations

import json
import string
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from pipeline.errors import SettingsError, UsageError
from pipeline.read.presets import find_mapping, presets, shipped
from pipeline.settings import LOOPBACK, parse_settings
from pipeline.settings.meant import meant, meant_file
from pipeline.store.atomic import write_atomic
from pipeline.usecases.outcome import Outcome


class Prompt(Protocol):
    """A person who can be asked."""

    def text(self, question: str, default: str) -> str: ...

    def choice(self, question: str, choices: Sequence[str], default: str) -> str: ...


#: What a file holds where nobody said otherwise: a local sandbox, so that the first steps harm nobody.
EXAMPLE = {
    "name": "demo",
    "url": "http://127.0.0.1:8765/",
    "user_id": "demo@example.com",
    "api_key": "env:SELLERCENTER_API_KEY",
    "dialect": "classic",
    "operators": "",
    "currency": "USD",
    "timezone": "UTC",
    "mapping": "",
}

_QUESTIONS = {
    "name": "Name of the shop in this file",
    "url": "Address of the API",
    "user_id": "API user",
    "api_key": "Where the key is (env:NAME, file:PATH, cmd:COMMAND, keyring:SERVICE/USER)",
    "currency": "Currency",
    "timezone": "Time zone",
}


def init(
    path: Path, given: Mapping[str, str], *, force: bool = False, prompt: Prompt | None = None
) -> Outcome:
    """Write a settings file from what was given, asking for the rest where someone can be asked.

    Args:
        given: as `EXAMPLE`; operators separated by commas.

    Raises:
        UsageError: the file exists, or can't be written.
        SettingsError: what was given can't be meant; nothing is written, also where the mapping is missing.
    """
    if path.exists() and not force:
        raise UsageError(f"{path} exists already", hint="--force replaces it; or name another file")
    answers = {**EXAMPLE, **_asked(given, prompt), **given}
    text = render(answers)
    parse_settings(text, path)
    if answers["mapping"]:
        _mapping_is_there(answers["mapping"], path.absolute().parent)
    write_atomic(path, text.encode(), private=False, kind=UsageError)
    return Outcome(
        document={"path": str(path), "shop": answers["name"]},
        lines=(f"{path} written, with the shop {answers['name']!r}.", *_next_steps(answers)),
    )


def full(path: Path, given: Mapping[str, str], *, force: bool = False) -> Outcome:
    """Write the file that shows every setting there is, with its default and what it means.

    Raises:
        UsageError: the file exists, or can't be written; or more was asked of it.
    """
    if given:
        flags = ", ".join(f"--{name.replace('_', '-')}" for name in given)
        raise UsageError(f"--full writes the defaults as they are, without {flags}", hint="leave one out")
    if path.exists() and not force:
        raise UsageError(f"{path} exists already", hint="--force replaces it; or name another file")
    text = shipped("default.toml").read_bytes()
    write_atomic(path, text, private=False, kind=UsageError)
    name, _ = parse_settings(text.decode(), path).shop(None)
    return Outcome(
        document={"path": str(path), "shop": name},
        lines=(f"{path} written, with every setting and its default; copy from it what you need.",),
    )


def render(answers: Mapping[str, str]) -> str:
    """The file's text."""
    url = answers["url"]
    local = urlsplit(url).scheme == "http" and urlsplit(url).hostname in LOOPBACK
    operators = [code.strip() for code in answers["operators"].split(",") if code.strip()]
    filled = {name: _quoted(value) for name, value in answers.items()}
    filled |= {"operators": json.dumps(operators), "sandbox": "true" if local else "false"}
    filled |= {"table": _key(answers["name"]), "presets": ", ".join(presets())}
    filled["no_mapping"] = "" if answers["mapping"] else "# "
    filled["mapping"] = _quoted(answers["mapping"] or "my-mapping.toml")
    return _TEMPLATE.substitute(filled)


def _asked(given: Mapping[str, str], prompt: Prompt | None) -> dict[str, str]:
    if prompt is None:
        return {}
    asked = {
        name: prompt.text(words, EXAMPLE[name]) for name, words in _QUESTIONS.items() if name not in given
    }
    if "dialect" not in given:
        asked["dialect"] = prompt.choice("Dialect", ("classic", "falabella"), EXAMPLE["dialect"])
    if {**asked, **given}["dialect"] == "falabella" and "operators" not in given:
        asked["operators"] = prompt.text("Operator codes, separated by commas", "facl")
    return asked


def _mapping_is_there(name: str, base: Path) -> None:
    """A settings file that names a mapping which isn't there would work for no catalog.

    Raises:
        UsageError: there is none of that name; says which there are.
    """
    try:
        find_mapping(name, base)
    except SettingsError as error:
        near = next(filter(_is_guess, (meant_file(Path(name)), meant(name, presets()))), "")
        way = f"`sellercenter map CATALOG --out {name}` proposes one; or a preset: {', '.join(presets())}"
        raise UsageError(f"there is no mapping {name!r}", hint=f"{near} {way}".lstrip()) from error


def _is_guess(words: str) -> bool:
    return words.startswith("Did you mean")


def _next_steps(answers: Mapping[str, str]) -> tuple[str, ...]:
    reference = answers["api_key"]
    key = (
        f"Put the key into {reference.partition(':')[2]}, then: "
        if reference.startswith("env:")
        else "Next: "
    )
    return (f"{key}sellercenter doctor",)


def _quoted(value: str) -> str:
    """A TOML basic string; JSON's escapes are among TOML's, but for the characters beyond ASCII."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _key(name: str) -> str:
    bare = set(string.ascii_letters + string.digits + "-_")
    return name if name and set(name) <= bare else _quoted(name)


_TEMPLATE = string.Template("""\
# Settings of `sellercenter`; `sellercenter doctor` tells whether this file works.
# Every other setting: `sellercenter init --full all-settings.toml` writes a file that shows them all.

default_shop = $name

[shops.$table]
url = $url
user_id = $user_id
# Where the key is, never the key itself: env:NAME, file:PATH, cmd:COMMAND or keyring:SERVICE/USER.
api_key = $api_key
dialect = $dialect      # or "falabella", with operators = ["facl"]
operators = $operators
sandbox = $sandbox      # true allows http on this machine
currency = $currency    # decides how many decimals a price has
timezone = $timezone    # of dates without a zone
# budget_id = "seller-1"       # the same for all shops of one seller: they share the limits

[shops.$table.catalog]
# Columns named SellerSku, Name, Price, Quantity … need no mapping. Presets: $presets
# `sellercenter map CATALOG` proposes one for any other file.
${no_mapping}mapping = $mapping
mode = "upsert"                # or "update-only": unknown SKUs are counted, not created; or "create-only"
absent = "ignore"              # what the file lacks stays as it is; or "deactivate", "remove"
on_error = "skip-row"          # or "skip-group", "stop"
max_errors_pct = 10            # more rows with errors: nothing is sent

[shops.$table.guards]          # above these numbers nothing is sent without --allow RULE --reason TEXT
price_up_pct = 50              # one product
price_down_pct = 30
price_median_pct = 15          # all price changes together
zero_stock_pct = 30
deactivated_pct = 10
created_max = 1000
""")
