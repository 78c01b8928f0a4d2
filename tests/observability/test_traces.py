"""One trace from the caller to the request to Telegent, without personal data."""

import re
from collections.abc import Sequence

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from telegent_orchestrator.names import LINE_WORKFLOW, ONBOARDING_WORKFLOW, PORT_IN_WORKFLOW
from tests.observability.environment import Observations
from worker.telemetry.tracing import (
    ALLOWED_ATTRIBUTES,
    OTLP_ENDPOINT_VARIABLES,
    SanitizingSpanExporter,
    tracing,
)

PATH = (
    "StartChildWorkflow:LineWorkflow",
    "StartChildWorkflow:PortInWorkflow",
    "StartActivity:submit_port",
    "RunActivity:submit_port",
    "POST /v1.0/numbers/portin",
)
"""Below the caller's span that starts the onboarding, each the parent of the next."""


def ancestors(span: Span, spans: Sequence[Span]) -> list[Span]:
    by_id = {each.span_id: each for each in spans}
    found = [span]
    while parent := by_id.get(found[-1].parent_span_id):
        found.append(parent)
    return found


def test_one_trace_from_the_caller_to_the_request(observed: Observations) -> None:
    spans = [span for span in observed.spans if span.trace_id == observed.trace_id]
    (request,) = [span for span in spans if span.name == PATH[-1]]
    path = list(reversed(ancestors(request, spans)))
    assert [span.name for span in path] == list(PATH)
    assert path[0].parent_span_id == observed.caller
    kinds = (ONBOARDING_WORKFLOW, LINE_WORKFLOW, PORT_IN_WORKFLOW)
    assert {f"RunWorkflow:{kind}" for kind in kinds} <= {span.name for span in spans}
    assert request.kind == Span.SPAN_KIND_CLIENT


def test_request_span_has_its_outcome(observed: Observations) -> None:
    routes = [span for span in observed.spans if span.name == "POST /v1.0/message/routes"]
    said = [
        {attribute.key: attribute.value for attribute in span.attributes}
        for span in sorted(routes, key=lambda span: span.start_time_unix_nano)
    ]
    assert [each["telegent.outcome"].string_value for each in said] == ["RateLimited", "Succeeded"]
    assert said[0]["http.response.status_code"].int_value == 429
    assert said[0]["url.template"].string_value == "/v1.0/message/routes"
    assert {span.status.code for span in routes} == {
        Status.STATUS_CODE_ERROR,
        Status.STATUS_CODE_UNSET,
    }
    assert all("released by the rate limiter" in [e.name for e in s.events] for s in routes)


def test_exported_spans_contain_no_personal_data(observed: Observations) -> None:
    assert [value for value in observed.personal if value.encode() in observed.traces] == []
    for span in observed.spans:
        assert re.fullmatch(r"[A-Za-z]+:\w+|(GET|POST) /[\w./-]+", span.name), span.name
        assert {attribute.key for attribute in span.attributes} <= ALLOWED_ATTRIBUTES


def test_exported_spans_contain_no_error_messages() -> None:
    kept = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(SanitizingSpanExporter(kept)))

    tracer = provider.get_tracer("test")
    with (
        pytest.raises(RuntimeError),
        tracer.start_as_current_span("GET /x", attributes={"url.full": "http://x?n=+18015550142"}),
    ):
        raise RuntimeError("no number +18015550142")

    (span,) = kept.get_finished_spans()
    assert isinstance(span, ReadableSpan)
    assert [event.name for event in span.events] == ["exception"]
    assert not span.status.is_ok
    assert "8015550142" not in span.to_json()


def test_tracing_is_off_without_an_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in OTLP_ENDPOINT_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    with tracing() as (tracer, interceptors):
        assert interceptors == ()
        assert not tracer.start_span("x").is_recording()
