"""Metrics and a trace span for each request to Telegent."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from opentelemetry.trace import SpanKind, StatusCode, Tracer
from temporalio.common import MetricHistogramTimedelta, MetricMeter

from activities.support.outcomes import Outcome, outcome_of_error
from telegent import RequestObserver, TelegentError

SUCCEEDED = "Succeeded"
CANCELLED = "Cancelled"
"""Outcomes that are not errors: a usable response; a call that was cancelled by our own side."""
COUNTED_FROM_ZERO = (
    Outcome.RATE_LIMITED,
    Outcome.CREDENTIALS_REJECTED,
    Outcome.REJECTED,
    Outcome.NOT_FOUND,
)
"""Outcomes whose increase is watched. Prometheus misses the first increment of a series that begins
with it, and a few 429s are spread over as many endpoints."""


def instrument_requests(meter: MetricMeter, tracer: Tracer) -> RequestObserver:
    """The observer of this process's vendor client.

    Endpoints are method and path. Ids and numbers are in queries and bodies, and therefore in
    neither metrics nor spans.
    """
    requests = _RequestCounter(meter)
    duration, wait = _create_histograms(meter)

    @contextmanager
    def observe(endpoint: str) -> Iterator[Callable[[], None]]:
        queued_at = time.monotonic()
        sent_at: float | None = None
        outcome = CANCELLED
        requests.begin(endpoint)

        def on_sent() -> None:
            nonlocal sent_at
            sent_at = time.monotonic()
            wait.record(timedelta(seconds=sent_at - queued_at))
            span.add_event("released by the rate limiter")

        verb, _, path = endpoint.partition(" ")
        with tracer.start_as_current_span(
            endpoint,
            kind=SpanKind.CLIENT,
            attributes={"http.request.method": verb, "url.template": path},
            # The error message may repeat what was sent.
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                yield on_sent
                outcome = SUCCEEDED
            except TelegentError as error:
                outcome = outcome_of_error(error)
                span.set_status(StatusCode.ERROR)
                if error.status:
                    span.set_attribute("http.response.status_code", error.status)
                raise
            finally:
                span.set_attribute("telegent.outcome", outcome)
                requests.count(endpoint, outcome)
                if sent_at is not None:
                    duration.record(
                        timedelta(seconds=time.monotonic() - sent_at), {"endpoint": endpoint}
                    )

    return observe


class _RequestCounter:
    """Counts requests by endpoint and outcome."""

    def __init__(self, meter: MetricMeter) -> None:
        self._counter = meter.create_counter(
            "telegent_requests", "Requests to Telegent, token requests included"
        )
        self._begun: set[str] = set()

    def begin(self, endpoint: str) -> None:
        """Creates the series of an endpoint that are counted from zero."""
        if endpoint not in self._begun:
            self._begun.add(endpoint)
            for outcome in COUNTED_FROM_ZERO:
                self._counter.add(0, {"endpoint": endpoint, "outcome": outcome})

    def count(self, endpoint: str, outcome: str) -> None:
        """Counts one request."""
        self._counter.add(1, {"endpoint": endpoint, "outcome": outcome})


def _create_histograms(
    meter: MetricMeter,
) -> tuple[MetricHistogramTimedelta, MetricHistogramTimedelta]:
    return (
        meter.create_histogram_timedelta(
            "telegent_request_duration",
            "Time from sending a request to its complete response",
            "duration",
        ),
        meter.create_histogram_timedelta(
            "telegent_rate_limit_wait", "Time that requests wait for the rate limiter", "duration"
        ),
    )
