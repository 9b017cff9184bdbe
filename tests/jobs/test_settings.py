"""Jobs, notices and metrics in the settings: right, or named with line and key."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import jsonschema
import pytest
from click.shell_completion import ShellComplete

from pipeline.cli.main import sellercenter
from pipeline.cli.shell import Shell
from pipeline.errors import SettingsError
from pipeline.settings import parse_settings, schema

ROOT = Path(__file__).parents[2]

HEAD = """\
[shops.lima]
url = "https://api.example.com/"
user_id = "me@example.com"
api_key = "env:KEY"

"""
JOB = HEAD + '[jobs.nightly]\nsource = "a.csv"\n'


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        pytest.param(JOB + 'windw = "x"\n', 8, "Did you mean 'window'?", id="misspelt key"),
        pytest.param(HEAD + "[job.nightly]\n", 6, "Did you mean 'jobs'?", id="misspelt table"),
        pytest.param(JOB + 'window = "1:00-5:00"\n', 8, "jobs.nightly.window", id="no span"),
        pytest.param(JOB + 'window = "01:00-24:00"\n', 8, "jobs.nightly.window", id="no such hour"),
        pytest.param(JOB + 'shops = "lma"\n', 8, "no shop 'lma'. Did you mean 'lima'?", id="no such shop"),
        pytest.param(JOB + 'timezone = "Lima"\n', 8, "no IANA time zone", id="no zone"),
        pytest.param(JOB + 'weekdays = ["monday"]\n', 8, "jobs.nightly.weekdays", id="no weekday"),
        pytest.param(
            JOB + "[jobs.nightly.guards]\nprice_dwn_pct = 1\n", 9, "Did you mean 'price_down_pct'?",
            id="misspelt guard of a job",
        ),
        pytest.param(HEAD + '[jobs."a/b"]\nsource = "a.csv"\n', 6, "a job's name", id="no name for a file"),
        pytest.param(HEAD + "[jobs.nightly]\n", 6, "jobs.nightly.source: Field required", id="no source"),
        pytest.param(
            HEAD + '[notify]\nwebhook = "https://hooks.example.com/CANARYKEY123"\n', 7,
            "give a reference", id="an address itself",
        ),
        pytest.param(HEAD + '[notify]\nurl = ["env:A"]\n', 7, "Did you mean 'urls'?", id="misspelt address"),
        pytest.param(HEAD + '[metrics]\ntextfle = "a"\n', 7, "Did you mean 'textfile'?", id="metrics"),
        pytest.param(HEAD + "[retention]\nsnapshots = 0\n", 7, "retention.snapshots", id="keep nothing"),
    ],
)  # fmt: skip
def test_an_error_names_line_and_key(text: str, line: int, words: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse_settings(text, Path("s.toml"))
    assert caught.value.message.startswith(f"s.toml:{line}: ")
    assert words in caught.value.message
    assert "CANARYKEY123" not in caught.value.message


def test_what_a_job_says_goes_before_its_shop() -> None:
    more = (
        '[jobs.nightly.catalog]\nmode = "update-only"\n[jobs.nightly.guards]\nprice_up_pct = 5\n'
        '[shops.lima.guards]\nprice_down_pct = 7\n[shops.lima.catalog]\nclear = "-"\n'
    )
    settings = parse_settings(JOB + more, Path("s.toml"))
    shop = settings.job("nightly").over(settings.shops["lima"])
    assert (shop.catalog.mode, shop.catalog.clear) == ("update-only", "-")
    assert (shop.guards.price_up_pct, shop.guards.price_down_pct, shop.guards.floor) == (5, 7, 10)


def test_the_shops_of_a_job() -> None:
    second = '[shops.quito]\nurl = "https://x.example.com/"\nuser_id = "u"\napi_key = "env:K"\n'
    found = {
        told: parse_settings(f'default_shop = "quito"\n{JOB}{told}\n{second}', Path("s.toml"))
        for told in ("", 'shops = "all"', 'shops = "lima"', 'shops = ["quito", "lima"]')
    }
    assert [settings.shops_of(settings.job("nightly")) for settings in found.values()] == [
        ("quito",), ("lima", "quito"), ("lima",), ("quito", "lima"),
    ]  # fmt: skip


def test_the_schema_for_editors_is_published() -> None:
    """It is `json.dumps(schema(), indent=2)`, written anew whenever a setting changes."""
    published = json.loads((ROOT / "schemas" / "settings.schema.json").read_text(encoding="utf-8"))
    assert published == schema()
    jsonschema.Draft202012Validator.check_schema(published)


@pytest.mark.parametrize("file", sorted(ROOT.glob("configs/*.toml")), ids=lambda file: file.name)
def test_editors_find_nothing_wrong_with_the_examples(file: Path) -> None:
    jsonschema.validate(tomllib.loads(file.read_text(encoding="utf-8")), schema())


def test_editors_mark_a_misspelt_key() -> None:
    text = tomllib.loads(JOB + 'windw = "x"\n')
    with pytest.raises(jsonschema.ValidationError, match="windw"):
        jsonschema.validate(text, schema())


def test_jobs_complete_before_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sellercenter.toml").write_text(JOB, encoding="utf-8")
    complete = ShellComplete(sellercenter, {"obj": Shell(argv=())}, "sellercenter", "_X")
    found = [(item.value, item.type) for item in complete.get_completions(["run"], "ni")]
    assert found == [("nightly", "plain"), ("ni", "file")]
