"""Traces from the caller that starts a workflow, through workflow and activities, to Telegent.

Enabled and configured by OpenTelemetry's standard variables.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, OTELResourceDetector, Resource
from opentelemetry.sdk.trace import Event, ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import NoOpTracer, Status, Tracer
from temporalio.client import Interceptor
from temporalio.contrib.opentelemetry import TracingInterceptor

OTLP_ENDPOINT_VARIABLES = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
DEFAULT_SERVICE_NAME = "telegent-orchestrator"
ALLOWED_ATTRIBUTES = frozenset(
    {
        "temporalWorkflowID",
        "temporalRunID",
        "temporalActivityID",
        "temporalUpdateID",
        "http.request.method",
        "http.response.status_code",
        "url.template",
        "telegent.outcome",
    }
)
"""Attributes that are exported: none of them can hold personal data."""


@contextmanager
def tracing() -> Iterator[tuple[Tracer, Sequence[Interceptor]]]:
    """Create a tracer and the interceptors that propagate traces through Temporal.

    Without an OTLP endpoint nothing is traced. Remaining spans are exported when the block ends.
    """
    if not any(os.environ.get(name) for name in OTLP_ENDPOINT_VARIABLES):
        yield NoOpTracer(), ()
        return
    # A service name in the environment takes precedence.
    resource = Resource({SERVICE_NAME: DEFAULT_SERVICE_NAME}).merge(OTELResourceDetector().detect())
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(SanitizingSpanExporter(OTLPSpanExporter())))
    tracer = provider.get_tracer(DEFAULT_SERVICE_NAME)
    try:
        yield tracer, [TracingInterceptor(tracer)]
    finally:
        provider.shutdown()


class SanitizingSpanExporter(SpanExporter):
    """Exports spans without what may contain personal data: error messages and other attributes."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Export the spans."""
        return self._exporter.export([_sanitize(span) for span in spans])

    def shutdown(self) -> None:
        """Shut down the underlying exporter."""
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Export the remaining spans."""
        return self._exporter.force_flush(timeout_millis)


def _sanitize(span: ReadableSpan) -> ReadableSpan:
    attributes = span.attributes or {}
    return ReadableSpan(
        name=span.name,
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes={
            name: value for name, value in attributes.items() if name in ALLOWED_ATTRIBUTES
        },
        events=[Event(event.name, timestamp=event.timestamp) for event in span.events],
        links=span.links,
        kind=span.kind,
        status=Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )
