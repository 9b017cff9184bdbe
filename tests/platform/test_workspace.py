"""Where a command works, and what ties a plan to it."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from pipeline.errors import SettingsError, StateError
from pipeline.usecases.workspace import Workspace


class Stopped:
    """A clock that stands."""

    def now(self) -> float:
        return 1_795_453_322.9

    monotonic = now

    def sleep(self, seconds: float) -> None:
        del seconds


def test_nothing_is_read_before_it_is_asked_for(tmp_path: Path) -> None:
    workspace = Workspace(config=tmp_path / "none.toml")
    assert workspace.state == Path(".sellercenter")
    with pytest.raises(SettingsError, match="no settings file"):
        _ = workspace.settings


@pytest.mark.parametrize(
    ("asked", "line", "expected"),
    [
        pytest.param("here", 'state = "named"', "here", id="the option first"),
        pytest.param(None, 'state = "named"', "<base>/named", id="then the settings, from their folder"),
        pytest.param(None, "", ".sellercenter", id="then here"),
    ],
)
def test_where_the_state_folder_is(asked, line: str, expected: str, tmp_path: Path) -> None:
    config = tmp_path / "s.toml"
    config.write_text(f'{line}\n[shops.a]\nurl = "https://x/"\nuser_id = "u"\napi_key = "env:K"\n')
    workspace = Workspace(config=config, asked_state=Path(asked) if asked else None)
    assert workspace.state == Path(expected.replace("<base>", str(tmp_path)))


def test_the_state_folder_is_private_and_not_for_version_control(workspace) -> None:
    folder = workspace().open_state()
    assert (folder / ".gitignore").read_text() == "*\n"
    if os.name == "posix":
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_state_folder_that_cannot_be_made_is_said_in_words(workspace, tmp_path: Path) -> None:
    (tmp_path / "state").write_text("")
    with pytest.raises(StateError, match="can't make folder"):
        workspace().open_state()


def test_a_secret_is_told_to_who_must_mask_it(workspace) -> None:
    heard: list[str] = []
    made = workspace()
    listening = Workspace(config=made.config, environ=made.environ, heard=heard.append)
    assert (listening.api_key.reveal(), heard) == ("k-0001", ["k-0001"])


def test_ids_sort_by_time() -> None:
    workspace = Workspace(config=Path("x"), clock=Stopped(), token=lambda: "3fa9c1")
    assert workspace.new_id() == "20261123-170202-3fa9c1"


def test_the_ledger_lies_where_the_settings_or_the_environment_say(workspace, tmp_path: Path) -> None:
    assert workspace().ledger == tmp_path / "ledger.db"
    assert workspace(SELLERCENTER_LEDGER=str(tmp_path / "other.db")).ledger == tmp_path / "other.db"


class TestMapping:
    """A mapping is a file beside the settings, else a preset."""

    def test_none_is_none(self, workspace) -> None:
        assert workspace().mapping_file(workspace().shop) is None

    def test_a_file_beside_the_settings(self, workspace, tmp_path: Path) -> None:
        (tmp_path / "own.toml").write_text("")
        found = workspace(more='[shops.demo.catalog]\nmapping = "own.toml"')
        assert found.mapping_file(found.shop) == tmp_path / "own.toml"

    def test_one_that_is_missing_is_named(self, workspace) -> None:
        missing = workspace(more='[shops.demo.catalog]\nmapping = "none.toml"')
        with pytest.raises(SettingsError, match=r"no mapping 'none.toml'"):
            missing.mapping_file(missing.shop)


class TestIdentity:
    """The same shop has one identity, whatever it is called."""

    @pytest.mark.parametrize(
        ("other", "same"),
        [
            pytest.param({"api_key": "env:OTHER"}, True, id="another key"),
            pytest.param({"url": "http://127.0.0.1:9"}, True, id="the slash at the end"),
            pytest.param({"more": 'currency = "PEN"'}, True, id="another currency"),
            pytest.param({"url": "http://127.0.0.1:10/"}, False, id="another address"),
            pytest.param(
                {"more": 'dialect = "falabella"\noperators = ["facl"]'}, False, id="another operator"
            ),
        ],
    )
    def test_what_it_depends_on(self, other: dict[str, str], same: bool, workspace) -> None:
        first, second = workspace().shop, workspace(**other).shop
        assert (workspace().identity(first) == workspace().identity(second)) is same


class TestSettingsDigest:
    """What decides a plan's content makes it stale; what does not leaves it."""

    @pytest.mark.parametrize(
        ("more", "same"),
        [
            pytest.param("", True, id="nothing"),
            pytest.param("[shops.demo.limits]\ndeadline = 5", True, id="how long we wait"),
            pytest.param("[shops.demo.catalog]\nparse_seconds = 5", True, id="how long reading may take"),
            pytest.param("[shops.demo.limits]\nfeed_max_products = 5", False, id="how records are batched"),
            pytest.param('[shops.demo.catalog]\nmode = "update-only"', False, id="the mode"),
            pytest.param("[shops.demo.guards]\nprice_up_pct = 5", False, id="a guard"),
            pytest.param('currency = "PEN"', False, id="the currency"),
        ],
    )
    def test_what_it_depends_on(self, more: str, same: bool, workspace) -> None:
        digests = [made.settings_digest(made.shop) for made in (workspace(), workspace(more=more))]
        assert (digests[0] == digests[1]) is same
        assert digests[0].startswith("sha256:")

    def test_the_mapping_counts_by_what_it_says(self, workspace, tmp_path: Path) -> None:
        file, more = tmp_path / "own.toml", '[shops.demo.catalog]\nmapping = "own.toml"'
        digests = []
        for text in (
            '[columns]\nName = "A"\n',
            '[columns]\nName = "B"\n',
            '# title\n[columns]\nName = "A"\n',
        ):
            file.write_text(text)
            made = workspace(more=more)
            digests.append(made.settings_digest(made.shop))
        assert digests[0] == digests[2] != digests[1]
