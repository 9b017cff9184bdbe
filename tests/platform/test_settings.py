"""A settings file is right, or the error names file, line and key, and what was probably meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.errors import SettingsError
from pipeline.settings import load_settings, parse_settings

HEAD = """\
default_shop = "demo"

[shops.demo]
url = "https://api.example.com/"
user_id = "me@example.com"
api_key = "env:KEY"
"""


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        pytest.param(
            HEAD + 'currrency = "USD"\n',
            7,
            "unknown key 'shops.demo.currrency'. Did you mean 'currency'?",
            id="misspelt key",
        ),
        pytest.param(
            HEAD + "[shops.demo.guards]\nprice_dwn_pct = 3\n",
            8,
            "Did you mean 'price_down_pct'?",
            id="misspelt guard",
        ),
        pytest.param(
            HEAD + "[shops.demo.limit]\nrequests = 3\n", 7, "Did you mean 'limits'?", id="misspelt table"
        ),
        pytest.param(
            'defualt_shop = "x"\n' + HEAD[23:], 1, "Did you mean 'default_shop'?", id="misspelt at the top"
        ),
        pytest.param(
            HEAD.replace("env:KEY", "CANARYKEY123"),
            6,
            "shops.demo.api_key: must be a reference",
            id="the key itself",
        ),
        pytest.param(HEAD + 'timezone = "Lima"\n', 7, "'Lima' is no IANA time zone", id="no zone"),
        pytest.param(HEAD.replace("https", "http"), 3, "use https", id="http to the world"),
        pytest.param(HEAD + 'dialect = "falabella"\n', 3, "needs operators", id="no operator"),
        pytest.param(
            HEAD + 'operators = ["facl"]\n', 3, "operators belong to the falabella dialect", id="no dialect"
        ),
        pytest.param(HEAD + 'dialect = "clasic"\n', 7, "shops.demo.dialect", id="unknown dialect"),
        pytest.param(
            HEAD + "[shops.demo.limits]\nfeed_interval = -1\n",
            8,
            "shops.demo.limits.feed_interval",
            id="negative seconds",
        ),
        pytest.param(
            HEAD + '[shops.demo.limits]\nrequests = "many"\n', 8, "shops.demo.limits.requests", id="no number"
        ),
        pytest.param(
            '[shops.a]\nurl = "https://x/"\nuser_id = "u"\n',
            1,
            "shops.a.api_key: Field required",
            id="a key that is missing",
        ),
        pytest.param("", 1, "shops: Field required", id="an empty file"),
    ],
)
def test_an_error_names_file_line_and_key(text: str, line: int, words: str, tmp_path: Path) -> None:
    file = tmp_path / "s.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        load_settings(file)
    assert caught.value.message.startswith(f"{file}:{line}: ")
    assert words in caught.value.message
    assert "CANARYKEY123" not in caught.value.message
    assert caught.value.hint


def test_every_error_is_told_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        parse_settings(HEAD + 'a = 1\nb = 2\ntimezone = "x"\n', Path("s.toml"))
    assert [message.split(": ")[0] for message in caught.value.message.splitlines()] == [
        "s.toml:9", "s.toml:7", "s.toml:8",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(None, "no settings file", id="missing"),
        pytest.param(b"shops = [", "s.toml: ", id="no TOML"),
        pytest.param(b"\xff\xfe", "can't read settings file", id="no UTF-8"),
    ],
)
def test_a_file_that_is_no_settings_file(content: bytes | None, words: str, tmp_path: Path) -> None:
    file = tmp_path / "s.toml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SettingsError, match=words):
        load_settings(file)


def test_a_byte_order_mark_is_no_content(tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_text(HEAD, encoding="utf-8-sig")
    assert load_settings(tmp_path / "s.toml").shop(None)[0] == "demo"


SECOND = '[shops.second]\nurl = "https://x.example.com/"\nuser_id = "u"\napi_key = "env:K"\n'


@pytest.mark.parametrize(
    ("text", "asked", "expected"),
    [
        pytest.param(HEAD + SECOND, None, "demo", id="the default"),
        pytest.param(HEAD + SECOND, "second", "second", id="the one asked for"),
        pytest.param(SECOND, None, "second", id="the only one"),
    ],
)
def test_which_shop_is_meant(text: str, asked: str | None, expected: str) -> None:
    assert parse_settings(text, Path("s.toml")).shop(asked)[0] == expected


def test_a_shop_that_is_not_there_is_named_with_what_was_meant() -> None:
    with pytest.raises(SettingsError, match="no shop 'secnd'") as caught:
        parse_settings(HEAD + SECOND, Path("s.toml")).shop("secnd")
    assert caught.value.hint == "Did you mean 'second'?"


def test_of_several_shops_one_must_be_named() -> None:
    text = HEAD.partition("\n")[2] + SECOND
    with pytest.raises(SettingsError, match="no default_shop") as caught:
        parse_settings(text, Path("s.toml")).shop(None)
    assert caught.value.hint == "--shop demo | second"


def test_shops_of_one_seller_share_a_budget() -> None:
    one, two = 'budget_id = "s"\n', 'budget_id = "s"\n'
    settings = parse_settings(HEAD + one + SECOND + two, Path("s.toml"))
    assert {shop.budget for shop in settings.shops.values()} == {"s"}
    assert parse_settings(HEAD, Path("s.toml")).shops["demo"].budget == "api.example.com/me@example.com"
