"""A collector gets the numbers of the textfile, at the address of the settings; nobody else does."""

from __future__ import annotations

import http.server
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import SettingsError
from pipeline.settings import parse_settings
from pipeline.usecases.metrics import Metric
from pipeline.usecases.otlp import encoded

metrics_service = pytest.importorskip("opentelemetry.proto.collector.metrics.v1.metrics_service_pb2")

Make = Callable[..., Any]
Product = Callable[..., dict[str, str]]
JOB = '[jobs.nightly]\nsource = "catalog.csv"\n'


@dataclass
class Collector:
    """OTLP over HTTP on loopback.

    Attributes:
        got: (path, headers in lower case, decoded request).
        answers: statuses to come; then 200.
    """

    address: str = ""
    got: list[tuple[str, dict[str, str], Any]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    moved_to: str = ""


@pytest.fixture
def make_collector() -> Iterator[Callable[[], Collector]]:
    servers: list[http.server.ThreadingHTTPServer] = []

    def make() -> Collector:
        collector = Collector()

        class Answer(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                request = metrics_service.ExportMetricsServiceRequest.FromString(body)
                headers = {name.lower(): value for name, value in self.headers.items()}
                collector.got.append((self.path, headers, request))
                self.send_response(collector.answers.pop(0) if collector.answers else 200)
                if collector.moved_to:
                    self.send_header("Location", collector.moved_to)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        servers.append(server)
        collector.address = f"http://127.0.0.1:{server.server_port}"
        return collector

    yield make
    for server in servers:
        server.shutdown()
        server.server_close()


def samples(request: Any) -> dict[str, float]:
    """Every number, under the name that the textfile gives it."""
    found = {}
    for metric in request.resource_metrics[0].scope_metrics[0].metrics:
        for point in getattr(metric, metric.WhichOneof("data")).data_points:
            labels = {each.key: each.value.string_value for each in point.attributes}
            assert (labels.pop("job_name"), labels.pop("shop")) == ("nightly", "demo")
            own = ",".join(f'{key}="{value}"' for key, value in labels.items())
            found[metric.name + (f"{{{own}}}" if own else "")] = point.as_double
    return found


def watched(make_night: Make, make_product: Product, collector: Collector, *, more: str = "") -> Any:
    """A folder whose job tells the collector, too."""
    here = make_night({"demo": {"products": [make_product(n) for n in range(3)]}})
    lines = f'[metrics]\notlp = "{collector.address}"\n{more}'
    here.settings = here.settings.replace("[metrics]\n", lines)
    here.write(JOB)
    return here


def test_a_collector_gets_the_numbers_of_the_textfile(
    make_night: Make, make_product: Product, make_collector: Callable[[], Collector]
) -> None:
    """All of them, with the same values, after a refused run and after one that sent something."""
    collector = make_collector()
    here = watched(make_night, make_product, collector)
    assert here.run("nightly").exit_code == 4
    here.drop([make_product(1, Price="11.50"), make_product(2)])
    assert here.run("nightly").exit_code == 0
    (path, headers, refused), (_, _, done) = collector.got
    assert (path, headers["content-type"]) == ("/v1/metrics", "application/x-protobuf")
    shown = samples(done)
    assert shown == pytest.approx(here.metrics())
    assert {
        "sellercenter_budget_feeds_left", "sellercenter_budget_requests_left", "sellercenter_drift",
        'sellercenter_records{outcome="refused"}', "sellercenter_snapshot_age_seconds",
        "sellercenter_run_seconds",
    } <= set(shown)  # fmt: skip
    assert shown['sellercenter_records{outcome="verified"}'] == 1
    assert samples(refused)['sellercenter_runs_total{result="refused"}'] == 1
    assert here.warnings == []


def test_counters_and_gauges_are_told_apart(
    make_night: Make, make_product: Product, make_collector: Callable[[], Collector]
) -> None:
    """Runs so far only grow, since the first of them; everything else is as it was when the run ended."""
    collector = make_collector()
    here = watched(make_night, make_product, collector)
    begun = here.clock.now()
    here.run("nightly")
    ((_, _, request),) = collector.got
    (resource,) = request.resource_metrics
    named = {each.key: each.value.string_value for each in resource.resource.attributes}
    assert named["service.name"] == "sellercenter"
    metrics = {metric.name: metric for metric in resource.scope_metrics[0].metrics}
    counters = [name for name, metric in metrics.items() if metric.WhichOneof("data") == "sum"]
    assert counters == ["sellercenter_runs_total"]
    runs = metrics["sellercenter_runs_total"].sum
    assert (runs.is_monotonic, runs.aggregation_temporality) == (True, 2)  # cumulative
    assert {point.start_time_unix_nano for point in runs.data_points} == {round(begun * 1e9)}
    ended = here.metrics()["sellercenter_run_timestamp_seconds"]
    assert {round(point.time_unix_nano / 1e9) for point in runs.data_points} == {round(ended)}
    assert (metrics["sellercenter_run_seconds"].unit, metrics["sellercenter_drift"].unit) == ("s", "1")


def test_what_it_asks_for_is_sent_and_shown_to_nobody(
    make_night: Make, make_product: Product, make_collector: Callable[[], Collector]
) -> None:
    collector = make_collector()
    collector.answers.append(401)
    more = 'otlp_headers = { Authorization = "env:OTLP_AUTH" }\n'
    here = watched(make_night, make_product, collector, more=more)
    here.environ["OTLP_AUTH"] = "Bearer CANARYTOKEN123"
    here.run("nightly")
    assert collector.got[0][1]["authorization"] == "Bearer CANARYTOKEN123"
    assert [text for text in here.warnings if "OpenTelemetry" in text] == [
        "no numbers by OpenTelemetry: it answered HTTP 401"
    ]
    kept = [file.read_bytes() for file in Path(here.folder).rglob("*") if file.is_file()]
    assert not [text for text in kept if b"CANARYTOKEN123" in text]


def test_the_settings_alone_say_where_numbers_go(
    make_night: Make, make_product: Product, make_collector: Callable[[], Collector],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Neither the environment nor an answer leads them anywhere else."""
    collector, other = make_collector(), make_collector()
    collector.answers, collector.moved_to = [307, 307], other.address + "/v1/metrics"
    for name in ("ENDPOINT", "METRICS_ENDPOINT"):
        monkeypatch.setenv(f"OTEL_EXPORTER_OTLP_{name}", other.address)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-from=environment")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "x.from=environment")
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, other.address)
    silent = make_night({"demo": {"products": [make_product(1)]}}, jobs=JOB)
    silent.run("nightly")
    assert (collector.got, other.got) == ([], [])
    silent.settings = silent.settings.replace("[metrics]\n", f'[metrics]\notlp = "{collector.address}"\n')
    silent.write(JOB)
    silent.run("nightly")
    assert other.got == []
    ((_, headers, request),) = collector.got
    assert "x-from" not in headers
    attributes = request.resource_metrics[0].resource.attributes
    assert {each.key for each in attributes} == {"service.name", "service.version"}


def test_a_collector_that_is_away_holds_up_nobody(
    make_night: Make, make_product: Product, make_collector: Callable[[], Collector]
) -> None:
    """The job's outcome, its textfile and its notices are as ever."""
    collector = make_collector()
    collector.address = "http://127.0.0.1:9/v1/metrics"
    here = watched(make_night, make_product, collector)
    here.drop([make_product(1, Price="11.50")])
    assert here.run("nightly").exit_code == 0
    assert here.metrics()["sellercenter_exit_code"] == 0
    assert here.warnings == ["no numbers by OpenTelemetry: its address can't be reached"]


def test_an_extra_that_is_missing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, metrics_service.__name__, None)
    with pytest.raises(SettingsError, match="isn't installed") as caught:
        encoded([Metric("drift", "gauge", "", [({}, 1.0)])], {}, begun=0, ended=0)
    assert "[otel]" in caught.value.hint


HEAD = '[shops.lima]\nurl = "https://x.example.com/"\nuser_id = "u"\napi_key = "env:K"\n[metrics]\n'


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        pytest.param('otlp = "collector:4318"\n', "must be an address", id="no address"),
        pytest.param('otlp = "https://u:p@x.example.com/"\n', "no user, password or query", id="a password"),
        pytest.param('otlp = "https://x.example.com/?key=1"\n', "no user, password or query", id="a key"),
        pytest.param(
            'otlp = "http://x.example.com/"\notlp_headers = { Key = "env:A" }\n',
            "must be https",
            id="in clear",
        ),
        pytest.param('otlp_headers = { Key = "CANARY" }\n', "give a reference", id="a secret itself"),
        pytest.param('otlp_headers = { "A: b" = "env:A" }\n', "no name of a header", id="no header"),
        pytest.param('otpl = "https://x.example.com/"\n', "Did you mean 'otlp'?", id="misspelt"),
    ],
)
def test_settings_that_cannot_be_meant(lines: str, words: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse_settings(HEAD + lines, Path("s.toml"))
    assert words in caught.value.message
    assert "CANARY" not in caught.value.message


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param('otlp = "http://otel-collector.monitoring:4318"\n', id="in a cluster"),
        pytest.param(
            'otlp = "http://localhost:4318"\notlp_headers = { Key = "env:A" }\n', id="on this machine"
        ),
    ],
)
def test_settings_that_can(lines: str) -> None:
    assert parse_settings(HEAD + lines, Path("s.toml")).metrics.otlp
