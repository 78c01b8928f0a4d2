"""The metrics that a process serves for Prometheus: those of Temporal's SDK, and ours.

Durations are in seconds, and counters end in `_total`. Our metrics are described in docs/how-
to/observability.md.
"""

import logging

from temporalio.runtime import (
    LogForwardingConfig,
    LoggingConfig,
    PrometheusConfig,
    Runtime,
    TelemetryConfig,
    TelemetryFilter,
)

from worker.errors import WorkerError

HOUR, DAY = 3600.0, 86400.0
HISTOGRAM_BUCKETS = {
    "activity_schedule_to_start_latency": [0.1, 0.5, 1, 5, 10, 30, 60, 120, 300, 600, 1800],
    # Around the limits of one request to Telegent, 40 s, and of a whole call, 60 s.
    "telegent_request_duration": [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40],
    "telegent_rate_limit_wait": [0.01, 0.1, 0.5, 1, 2.5, 5, 10, 20, 40, 60],
    # Around the deadlines of port-ins.
    "telegent_port_in_state_duration": [
        *(1, 10, 60, 600, HOUR, 6 * HOUR),
        *(DAY * days for days in (1, 2, 3, 7, 14, 30)),
    ],
    "telegent_port_in_duration": [
        *(60, HOUR, 6 * HOUR),
        *(DAY * days for days in (1, 2, 3, 5, 7, 10, 14, 21, 30)),
    ],
}
"""Upper bounds of histograms in seconds: ours, and the SDK's of how long activities are queued."""


def create_runtime(metrics_address: str | None) -> Runtime:
    """Create the SDK's runtime, one for each process.

    Args:
        metrics_address: Where to serve `GET /metrics`; None for no metrics.

    Returns:
        A runtime whose meter accepts our metrics.

    Raises:
        WorkerError: The address cannot be listened on.
    """
    # Otherwise the SDK's native part would print lines in a format of its own.
    logs = LoggingConfig(
        TelemetryFilter(core_level="WARN", other_level="ERROR"),
        forwarding=LogForwardingConfig(
            logging.getLogger("temporalio.core"), append_target_to_name=False
        ),
    )
    metrics = metrics_address and PrometheusConfig(
        bind_address=metrics_address,
        counters_total_suffix=True,
        unit_suffix=True,
        durations_as_seconds=True,
        histogram_bucket_overrides=HISTOGRAM_BUCKETS,
    )
    try:
        return Runtime(
            telemetry=TelemetryConfig(
                logging=logs, metrics=metrics or None, attach_service_name=False
            )
        )
    except ValueError as error:
        raise WorkerError(
            f"metrics cannot be served at {metrics_address}: {error}; see TELEGENT_METRICS_HOST "
            "and TELEGENT_METRICS_PORT"
        ) from error
