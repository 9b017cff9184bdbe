"""`init` writes a file that works, and nothing else."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import SettingsError, UsageError
from pipeline.settings import load_settings, parse_settings
from pipeline.usecases.init import EXAMPLE, full, init, render


class Answers:
    """A person who answers, and is remembered for what was asked."""

    def __init__(self, **answers: str) -> None:
        self.answers, self.asked = answers, []

    def text(self, question: str, default: str) -> str:
        self.asked.append(question)
        return self.answers.get(question, default)

    def choice(self, question: str, choices: Sequence[str], default: str) -> str:
        assert default in choices
        return self.text(question, default)


def test_without_anything_it_is_a_local_sandbox(tmp_path: Path) -> None:
    file = tmp_path / "sellercenter.toml"
    outcome = init(file, {})
    name, shop = load_settings(file).shop(None)
    assert (name, shop.url, shop.sandbox, shop.catalog.mapping) == ("demo", EXAMPLE["url"], True, None)
    assert outcome.document == {"path": str(file), "shop": "demo"}
    assert any("sellercenter doctor" in line for line in outcome.lines)


def test_what_is_given_stands_in_the_file(tmp_path: Path) -> None:
    given = {
        "name": "falabella pe", "url": "https://api.example.com/", "user_id": "me@example.com",
        "api_key": "file:key", "dialect": "falabella", "operators": "facl, fape", "currency": "PEN",
        "timezone": "America/Lima", "mapping": "own.toml",
    }  # fmt: skip
    (tmp_path / "own.toml").write_text("", encoding="utf-8")
    init(tmp_path / "s.toml", given)
    name, shop = load_settings(tmp_path / "s.toml").shop(None)
    told = shop.model_dump(
        include={"url", "user_id", "api_key", "dialect", "operators", "currency", "timezone"}
    )
    assert (name, shop.catalog.mapping, shop.sandbox) == ("falabella pe", "own.toml", False)
    assert told == {
        **{k: given[k] for k in ("url", "user_id", "api_key", "dialect", "currency", "timezone")},
        "operators": ("facl", "fape"),
    }


@given(
    st.fixed_dictionaries({name: st.text(max_size=30) for name in ("name", "user_id", "mapping", "api_key")})
)
def test_no_text_can_break_out_of_its_place(texts: dict[str, str]) -> None:
    texts = {name: text.encode("utf-8", "replace").decode() for name, text in texts.items()}
    parsed = tomllib.loads(render({**EXAMPLE, **texts}))
    assert set(parsed) == {"default_shop", "shops"}
    ((name, shop),) = parsed["shops"].items()
    assert (name, shop["user_id"], shop["api_key"]) == (texts["name"], texts["user_id"], texts["api_key"])
    assert shop["catalog"].get("mapping", "") == texts["mapping"]


def test_who_can_be_asked_is_asked_for_the_rest(tmp_path: Path) -> None:
    person = Answers(Dialect="falabella", Currency="CLP")
    init(tmp_path / "s.toml", {"url": "https://x.example.com/"}, prompt=person)
    _, shop = load_settings(tmp_path / "s.toml").shop(None)
    assert (shop.url, shop.currency, shop.operators) == ("https://x.example.com/", "CLP", ("facl",))
    assert "Address of the API" not in person.asked
    assert len(person.asked) == 7


def test_a_file_that_exists_stays_unless_forced(tmp_path: Path) -> None:
    file = tmp_path / "s.toml"
    file.write_text("mine")
    with pytest.raises(UsageError, match="exists already") as caught:
        init(file, {})
    assert (file.read_text(), "--force" in caught.value.hint) == ("mine", True)
    init(file, {}, force=True)
    assert load_settings(file).default_shop == "demo"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        pytest.param({"url": "http://shop.example.com/"}, "use https", id="http"),
        pytest.param({"api_key": "CANARYKEY123"}, "must be a reference", id="the key itself"),
        pytest.param({"timezone": "Lima"}, "no IANA time zone", id="no zone"),
        pytest.param({"dialect": "falabella"}, "needs operators", id="no operator"),
    ],
)
def test_what_cannot_be_meant_is_not_written(given: dict[str, str], message: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=message) as caught:
        init(tmp_path / "s.toml", given)
    assert "CANARYKEY123" not in caught.value.message
    assert not (tmp_path / "s.toml").exists()


def test_a_folder_that_is_missing_is_said_in_words(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="can't write"):
        init(tmp_path / "none" / "s.toml", {})


def test_the_template_is_the_default_of_every_guard_it_shows() -> None:
    shop = parse_settings(render(EXAMPLE), Path("s.toml")).shops["demo"]
    assert shop.guards == type(shop.guards)()
    assert shop.catalog == type(shop.catalog)()


def test_the_full_file_shows_every_setting_and_can_be_loaded(tmp_path: Path, root: Path) -> None:
    file = tmp_path / "all.toml"
    outcome = full(file, {})
    assert file.read_bytes() == (root / "configs" / "default.toml").read_bytes()
    assert (outcome.document["path"], outcome.document["shop"]) == (
        str(file),
        load_settings(file).shop(None)[0],
    )


def test_the_full_file_takes_nothing_and_replaces_nothing(tmp_path: Path) -> None:
    file = tmp_path / "all.toml"
    with pytest.raises(UsageError, match="without --user-id"):
        full(file, {"user_id": "me@example.com"})
    file.write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError, match="exists already"):
        full(file, {})
    assert file.read_text(encoding="utf-8") == "mine"
