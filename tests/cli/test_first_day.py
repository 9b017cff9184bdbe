"""What a newcomer mistypes, leaves out or mixes up is answered with the way on."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

SETTINGS = """
ledger = "ledger.db"
[shops.demo]
url = "http://127.0.0.1:9/"
user_id = "demo@example.com"
api_key = "env:SELLERCENTER_API_KEY"
sandbox = true
[shops.demo.limits]
deadline = 0.2
[jobs.nightly]
source = "*.csv"
"""
CATALOG = "SellerSku,Price\nA,1.00\n"


@pytest.fixture
def folder(cli, tmp_path: Path) -> Path:
    """Settings, a catalog and a mapping; `cli` works in it."""
    (tmp_path / "sellercenter.toml").write_text(SETTINGS, encoding="utf-8")
    (tmp_path / "prices.csv").write_text(CATALOG, encoding="utf-8")
    (tmp_path / "supplier.toml").write_text('name = "s"\n[columns]\nSellerSku = "Code"\n', encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        pytest.param(("snapshto",), "Did you mean 'snapshot'?", id="a slip"),
        pytest.param(("Diff",), "Did you mean 'diff'?", id="upper case"),
        pytest.param(("import", "prices.csv"), "Did you mean 'run'?", id="called otherwise elsewhere"),
        pytest.param(("undo",), "Did you mean 'rollback'?", id="undo"),
        pytest.param(("prices.csv",), "`sellercenter validate prices.csv` reads it", id="a file first"),
        pytest.param(("quarantine", "relase"), "Did you mean 'release'?", id="a command of a command"),
        pytest.param(("diff", "prices.csv", "--reprot", "r.html"), "'--report'", id="an option"),
        pytest.param(("--confg", "x", "runs"), "--config", id="a common option"),
        pytest.param(("validate", "price.csv"), "Did you mean 'prices.csv'?", id="a catalog"),
        pytest.param(("validate", "PRICES.CSV.csv"), "Did you mean 'prices.csv'?", id="a suffix twice"),
        pytest.param(("validate", "prices.xlsx"), "Did you mean 'prices.csv'?", id="another suffix"),
        pytest.param(("validate", "none/prices.csv"), "there is no folder none", id="no folder"),
        pytest.param(("validate", "zzz.csv"), "it was looked for in", id="nothing like it"),
        pytest.param(("run", "nigthly", "--yes"), "Did you mean 'nightly'?", id="a job"),
        pytest.param(("--config", "sellercentre.toml", "runs"), "'sellercenter.toml'?", id="settings"),
        pytest.param(("init", "n.toml", "--mapping", "suplier.toml"), "'supplier.toml'?", id="a mapping"),
        pytest.param(("init", "n.toml", "--mapping", "woocomerce"), "'woocommerce'?", id="a preset"),
        pytest.param(("sandbox", "--products", "price.csv"), "'prices.csv'?", id="products"),
    ],
)
def test_a_slip_is_told_what_was_probably_meant(words, answer: str, folder: Path, cli) -> None:
    told = cli(*words, SELLERCENTER_API_KEY="k")
    assert told.code == 2, told.err
    assert answer in told.err
    assert answer in json.dumps(json.loads(cli(*words, "--json", SELLERCENTER_API_KEY="k").out)["error"])


def test_what_resembles_nothing_is_given_no_guess(cli) -> None:
    assert "Did you mean" not in cli("xyzzy").err


@pytest.mark.parametrize("command", [("push",), ("push", "--yes"), ("show",)], ids=" ".join)
@pytest.mark.parametrize("name", ["prices.csv", "prices.xlsx"])
def test_a_catalog_in_place_of_a_plan_is_told_the_way(command, name: str, folder: Path, cli) -> None:
    (folder / "prices.xlsx").write_bytes(b"PK\x03\x04")
    told = cli(*command, name, SELLERCENTER_API_KEY="k")
    assert told.code == 2
    assert told.err == (
        f"error: {name} is a catalog, not a plan: nothing is sent\n"
        f"hint: `sellercenter diff {name} --out prices.plan` shows what it would change, "
        f"`sellercenter push prices.plan` sends that; `sellercenter run {name}` does both\n"
    )


@pytest.mark.parametrize("text", ['{"kind":"plan"}\n', ""], ids=["cut short", "empty"])
def test_a_damaged_plan_stays_a_damaged_plan_whatever_its_name(text: str, folder: Path, cli) -> None:
    (folder / "plan.json").write_text(text, encoding="utf-8")
    assert cli("push", "plan.json", "--yes", SELLERCENTER_API_KEY="k").code == 6


class TestMap:
    """The first command of all, in a folder that holds nothing but the catalog."""

    def test_it_needs_no_settings_and_says_what_it_assumed(self, cli, tmp_path: Path) -> None:
        (tmp_path / "c.csv").write_text("codigo,precio\nA,1.00\n", encoding="utf-8")
        told = cli("map", "c.csv")
        assert told.code == 0
        assert 'SellerSku = "codigo"' in told.out
        assert "no sellercenter.toml here: the fields are those of the classic dialect" in told.err
        assert [path.name for path in tmp_path.iterdir()] == ["c.csv"]

    def test_its_last_line_is_the_next_command_and_that_works(self, cli, tmp_path: Path) -> None:
        (tmp_path / "c.csv").write_text("codigo,precio\nA,1.00\n", encoding="utf-8")
        told = cli("map", "c.csv", "--out", "m.toml")
        last = told.out.splitlines()[-1]
        assert last == "written to m.toml: read it, then `sellercenter init --mapping m.toml`"
        assert cli("init", "--mapping", "m.toml").code == 0
        assert 'mapping = "m.toml"' in (tmp_path / "sellercenter.toml").read_text(encoding="utf-8")

    def test_settings_that_are_there_decide(self, cli, tmp_path: Path) -> None:
        text = SETTINGS.replace("sandbox", 'dialect = "falabella"\noperators = ["facl"]\nsandbox')
        (tmp_path / "sellercenter.toml").write_text(text, encoding="utf-8")
        (tmp_path / "c.csv").write_text("codigo,precio\nA,1.00\n", encoding="utf-8")
        told = cli("map", "c.csv")
        assert (told.code, "no sellercenter.toml" in told.err) == (0, False)


def test_a_mapping_that_is_missing_is_not_written_into_settings(cli, tmp_path: Path) -> None:
    told = cli("init", "--mapping", "my.toml")
    assert told.code == 2
    assert (
        "there is no mapping 'my.toml'\nhint: `sellercenter map CATALOG --out my.toml` proposes" in told.err
    )
    assert list(tmp_path.iterdir()) == []


def test_a_port_that_is_taken_is_said_with_the_way_out(cli) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        told = cli("sandbox", "--port", str(port))
    assert told.code == 2
    assert f"hint: another program serves port {port}" in told.err
    assert "--port 0" in told.err


class TestWhatEveryRowHas:
    """One line above all findings, in every form, and with the error that ends the command."""

    LINE = "all 20 rows carry EUR in column Price, settings name no currency, so USD is assumed: set currency"

    @pytest.fixture(autouse=True)
    def euros(self, folder: Path) -> None:
        rows = "".join(f"T-{n},Tea {n},{n + 5}.90 €\n" for n in range(20))
        (folder / "eur.csv").write_text("SellerSku,Name,Price\n" + rows, encoding="utf-8")

    def test_on_the_screen_it_stands_first_and_the_findings_are_few(self, cli) -> None:
        told = cli("validate", "eur.csv", SELLERCENTER_API_KEY="k")
        flat = " ".join(told.out.split())
        assert told.code == 4
        assert flat.index(self.LINE) < flat.index("By code")
        assert "Findings, 4 of 21" in told.out

    def test_in_the_document_and_in_reports(self, cli, folder: Path) -> None:
        told = cli("validate", "eur.csv", "--json", *(f"--report=r.{form}" for form in ("html", "md", "csv")),
                   SELLERCENTER_API_KEY="k")  # fmt: skip
        document = json.loads(told.out)
        assert document["notices"][0].startswith(self.LINE)
        assert len(document["findings"]) == 21
        for form in ("html", "md", "csv"):
            assert "carry EUR in column Price" in (folder / f"r.{form}").read_text(encoding="utf-8")

    @pytest.mark.parametrize(("name", "mark"), [("fix.csv", True), ("fix.xlsx", False)])
    def test_the_line_that_names_the_refused_rows_explains_the_column_of_ours(self, name, mark, cli) -> None:
        told = cli("validate", "eur.csv", "--rejected", name, SELLERCENTER_API_KEY="k").err
        (line,) = [line for line in told.splitlines() if line.startswith("rejected rows: ")]
        assert (line.startswith(f"rejected rows: {name}"), "#sellercenter:escaped" in line) == (True, mark)
        assert "--partial" in line

    def test_where_none_was_refused_the_line_says_so(self, cli, folder: Path) -> None:
        (folder / "good.csv").write_text("SellerSku,Name,Price\nA-1,Green tea,1.00\n", encoding="utf-8")
        told = cli("validate", "good.csv", "--rejected", "fix.csv", SELLERCENTER_API_KEY="k")
        assert "rejected rows: none; fix.csv holds the headings only\n" in told.err

    def test_what_validate_cannot_decide_is_said(self, cli) -> None:
        """The file has no Brand: fatal for new products only, and who is new only `diff` sees."""
        notices = json.loads(cli("validate", "eur.csv", "--json", SELLERCENTER_API_KEY="k").out)["notices"]
        assert "`diff`, which looks, counts them as errors" in notices[-1]
