"""The doctor finds what is wrong, says what to do, and looks at the rest all the same."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pipeline.errors import Exit
from pipeline.settings import Limits
from pipeline.usecases.doctor import Status, clock_check, doctor
from pipeline.usecases.outcome import Outcome
from pipeline.usecases.workspace import Workspace


def statuses(outcome: Outcome) -> dict[str, str]:
    return {check["name"]: str(check["status"]) for check in outcome.document["checks"]}


def found(outcome: Outcome, name: str) -> dict[str, str]:
    (check,) = (check for check in outcome.document["checks"] if check["name"] == name)
    return check


WELL = dict.fromkeys(("settings", "state", "record", "mapping", "secret", "budget", "shop", "clock"), "ok")


def test_all_is_well(workspace, shop) -> None:
    with shop() as url:
        outcome = doctor(workspace(url))
    assert (statuses(outcome), outcome.exit_code, outcome.document["exit_code"]) == (WELL, Exit.DONE, 0)
    assert [line[:4] for line in outcome.lines] == ["ok  "] * len(WELL)


def test_no_settings(tmp_path: Path) -> None:
    outcome = doctor(Workspace(config=tmp_path / "none.toml", asked_state=tmp_path / "state"))
    assert (statuses(outcome), outcome.exit_code) == ({"settings": "fail", "state": "ok"}, Exit.USAGE)
    assert "sellercenter init" in found(outcome, "settings")["hint"]


def test_a_key_that_is_missing_keeps_the_shop_from_being_called(workspace, shop) -> None:
    with shop() as url:
        outcome = doctor(workspace(url, KEY=""))
    expected = {**WELL, "secret": "fail"}
    del expected["shop"], expected["clock"]
    assert (statuses(outcome), outcome.exit_code) == (expected, Exit.USAGE)


def test_a_wrong_key(workspace, shop) -> None:
    with shop() as url:
        outcome = doctor(workspace(url, KEY="CANARYKEY123"))
    expected = {**WELL, "shop": "fail"}
    del expected["clock"]
    assert (statuses(outcome), outcome.exit_code) == (expected, Exit.SHOP)
    assert "CANARYKEY123" not in "".join(outcome.lines)
    assert found(outcome, "shop")["hint"]


def test_a_shop_that_is_not_there(workspace) -> None:
    outcome = doctor(workspace(more="[shops.demo.limits]\ndeadline = 0.5"))
    assert (statuses(outcome)["shop"], outcome.exit_code) == ("fail", Exit.SHOP)


def test_a_clock_that_is_off(workspace, shop) -> None:
    with shop(ahead=300) as url:
        outcome = doctor(workspace(url))
    assert (statuses(outcome), outcome.exit_code) == ({**WELL, "clock": "fail"}, Exit.SHOP)


@pytest.mark.parametrize(
    ("skew", "status", "message"),
    [
        pytest.param(0.4, Status.OK, "agrees with the shop's", id="none"),
        pytest.param(-30, Status.OK, "agrees with the shop's", id="half of what is allowed"),
        pytest.param(31, Status.WARN, "the shop's clock is 31 s ahead of ours", id="more than half"),
        pytest.param(-61, Status.FAIL, "the shop's clock is 61 s behind ours", id="too much"),
    ],
)
def test_how_far_a_clock_may_be_off(skew: float, status: Status, message: str) -> None:
    check = clock_check(skew, Limits(max_clock_skew=60))
    assert (check.status, check.message) == (status, message)


@pytest.mark.skipif(os.name != "posix", reason="file modes")
@pytest.mark.parametrize(
    ("mode", "status"), [(0o600, "ok"), (0o640, "warn"), (0o644, "fail")], ids=["own", "group", "all"]
)
def test_a_secret_that_others_can_read(mode, status: str, workspace, shop, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("k-0001\n")
    (tmp_path / "key").chmod(mode)
    with shop() as url:
        outcome = doctor(workspace(url, api_key="file:key"))
    assert statuses(outcome)["secret"] == status
    assert ("chmod 600" in found(outcome, "secret")["hint"]) is (status != "ok")


@pytest.mark.skipif(os.name != "posix", reason="file modes")
def test_a_state_folder_that_others_can_read(workspace, shop, tmp_path: Path) -> None:
    (tmp_path / "state").mkdir(mode=0o755)
    with shop() as url:
        outcome = doctor(workspace(url))
    assert (statuses(outcome), outcome.exit_code) == ({**WELL, "state": "warn"}, Exit.DONE)


def test_a_mapping_that_is_missing(workspace, shop) -> None:
    with shop() as url:
        outcome = doctor(workspace(url, more='[shops.demo.catalog]\nmapping = "none.toml"'))
    assert (statuses(outcome), outcome.exit_code) == ({**WELL, "mapping": "fail"}, Exit.USAGE)


def test_a_record_that_cannot_be_trusted(workspace, shop) -> None:
    with shop() as url:
        made = workspace(url)
        made.open_state()
        made.database.write_bytes(b"no database at all, but long enough to be looked at" * 100)
        outcome = doctor(made)
    assert (statuses(outcome), outcome.exit_code) == ({**WELL, "record": "fail"}, Exit.UNEXPECTED)


def test_a_short_settle_warns_for_a_real_shop(workspace, tmp_path: Path) -> None:
    config = tmp_path / "real.toml"
    config.write_text(
        'ledger = "l.db"\n[shops.a]\nurl = "https://127.0.0.1:9/"\nuser_id = "u"\napi_key = "env:K"\n'
        "[shops.a.limits]\nsettle = 5\ndeadline = 0.5\n"
    )
    outcome = doctor(Workspace(config=config, asked_state=tmp_path / "state", environ={"K": "k-0001"}))
    assert statuses(outcome)["settings"] == "warn"
