"""Numbers of jobs for an OpenTelemetry collector: OTLP over HTTP, in protobuf.

The messages are OpenTelemetry's own; they are sent by our own door, because its exporter takes addresses,
headers, proxies and certificates from the environment too. The names are those of the Prometheus
textfile, so that one dashboard serves both.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from pipeline import __version__
from pipeline.errors import SettingsError
from pipeline.usecases.metrics import PREFIX, Metric
from pipeline.usecases.posting import post

if TYPE_CHECKING:
    from opentelemetry.proto.common.v1.common_pb2 import KeyValue
    from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric as Message
    from opentelemetry.proto.metrics.v1.metrics_pb2 import NumberDataPoint

#: What a collector listens on where its address has no path (OTLP/HTTP specification).
DEFAULT_PATH = "/v1/metrics"


def encoded(metrics: Iterable[Metric], labels: Mapping[str, str], *, begun: float, ended: float) -> bytes:
    """An ExportMetricsServiceRequest.

    Args:
        labels: of every sample.
        begun: since when counters count; ended: when the numbers held. Seconds since the epoch.

    Raises:
        SettingsError: the extra isn't installed.
    """
    try:
        from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
    except ImportError:
        hint = "pip install 'sellercenter-pipeline[otel]'"
        raise SettingsError("opentelemetry-proto isn't installed", hint=hint) from None
    request = ExportMetricsServiceRequest()
    resource = request.resource_metrics.add()
    named = {"service.name": "sellercenter", "service.version": __version__}
    resource.resource.attributes.extend(_attributes(named))
    scope = resource.scope_metrics.add()
    scope.scope.name, scope.scope.version = "sellercenter", __version__
    span = round(begun * 1e9), round(ended * 1e9)
    scope.metrics.extend(_message(metric, labels, span) for metric in metrics if metric.samples)
    return bytes(request.SerializeToString())


def _message(metric: Metric, labels: Mapping[str, str], span: tuple[int, int]) -> Message:
    from opentelemetry.proto.metrics.v1 import metrics_pb2

    unit = "s" if metric.name.endswith("_seconds") else "1"
    said = metrics_pb2.Metric(name=PREFIX + metric.name, description=metric.help, unit=unit)
    points = _points(metric, labels, span)
    if metric.kind == "counter":
        said.sum.is_monotonic = True
        said.sum.aggregation_temporality = metrics_pb2.AGGREGATION_TEMPORALITY_CUMULATIVE
        said.sum.data_points.extend(points)
    else:
        said.gauge.data_points.extend(points)
    return said


def _points(metric: Metric, labels: Mapping[str, str], span: tuple[int, int]) -> Iterator[NumberDataPoint]:
    from opentelemetry.proto.metrics.v1.metrics_pb2 import NumberDataPoint

    begun, ended = span
    for more, value in metric.samples:
        yield NumberDataPoint(
            attributes=_attributes({**labels, **more}),
            start_time_unix_nano=begun if metric.kind == "counter" else 0,
            time_unix_nano=ended,
            as_double=value,
        )


def _attributes(values: Mapping[str, str]) -> Iterator[KeyValue]:
    from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

    return (KeyValue(key=key, value=AnyValue(string_value=value)) for key, value in values.items())


def send(address: str, body: bytes, headers: Mapping[str, str]) -> None:
    """Hand it to the collector.

    Raises:
        ShopError: it wasn't taken.
    """
    scheme, _, rest = address.partition("://")
    host, _, path = rest.partition("/")
    whole = f"{scheme}://{host}/{path}" if path else f"{scheme}://{host}{DEFAULT_PATH}"
    post(whole, body, {**headers, "Content-Type": "application/x-protobuf"})
