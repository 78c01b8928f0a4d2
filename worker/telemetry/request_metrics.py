"""What is seen of each request to Telegent: figures for Prometheus, and a span of its trace."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from opentelemetry.trace import SpanKind, StatusCode, Tracer
from temporalio.common import MetricMeter

from activities.support.outcomes import outcome_of_error
from telegent import RateLimiter, RequestObserver, TelegentError

SUCCEEDED = "Succeeded"
CANCELLED = "Cancelled"
"""Outcomes beside those of errors: a usable answer; a call that our own side gave up."""


def instrument_requests(
    meter: MetricMeter, tracer: Tracer, rate_limiter: RateLimiter
) -> RequestObserver:
    """A watch for the client of this process.

    Endpoints are verb and path. Neither they nor anything else here holds an id or a number: those
    are in queries and bodies.
    """
    requests = meter.create_counter("telegent_requests", "Requests to Telegent, tokens included")
    duration = meter.create_histogram_timedelta(
        "telegent_request_duration", "From a request's leaving to its whole answer", "duration"
    )
    wait = meter.create_histogram_timedelta(
        "telegent_rate_limit_wait", "How long requests wait for the request budget", "duration"
    )
    limit = meter.create_gauge("telegent_rate_limit", "Most requests in any 60 seconds")
    limit.set(rate_limiter.max_per_minute)

    @contextmanager
    def observe(endpoint: str) -> Iterator[Callable[[], None]]:
        queued_at = time.monotonic()
        sent_at: float | None = None
        outcome = CANCELLED

        def on_sent() -> None:
            nonlocal sent_at
            sent_at = time.monotonic()
            wait.record(timedelta(seconds=sent_at - queued_at))
            span.add_event("let out by the request budget")

        verb, _, path = endpoint.partition(" ")
        with tracer.start_as_current_span(
            endpoint,
            kind=SpanKind.CLIENT,
            attributes={"http.request.method": verb, "url.template": path},
            # Their words may quote what was sent.
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
                requests.add(1, {"endpoint": endpoint, "outcome": outcome})
                if sent_at is not None:
                    duration.record(
                        timedelta(seconds=time.monotonic() - sent_at), {"endpoint": endpoint}
                    )

    return observe
