"""Create counters with the value 0 at start.

Prometheus takes the first value of a series as its start: it would not count the first increment of
a counter that appears with 1, and events that happen a few times a week would not show.
"""

from collections.abc import Iterator, Sequence
from itertools import chain

from temporalio.common import MetricMeter

from activities.support.write_specs import WRITE_SPECS, WriteKind
from telegent_orchestrator.events import EVENT_DELIVERY_WORKFLOW, EventType
from telegent_orchestrator.line_changes import LINE_CHANGE_WORKFLOW
from telegent_orchestrator.names import (
    LINE_WORKFLOW,
    ONBOARDING_WORKFLOW,
    PORT_IN_WORKFLOW,
    TASK_QUEUE,
)
from telegent_orchestrator.port_in import FINAL_STATES
from telegent_orchestrator.port_out import PORT_OUT_WORKFLOW
from telegent_orchestrator.reconcile import RECONCILE_WORKFLOW, FindingKind
from telegent_orchestrator.usage import USAGE_WORKFLOW
from workflows.port_in.rejections import REJECTIONS
from workflows.support.metrics import (
    EVENTS,
    LOST_RESPONSES,
    LOST_RESPONSES_RESOLVED,
    PORT_IN_REJECTIONS,
    PORT_INS_ENDED,
    RECONCILE_FINDINGS,
    STALLED_CALLS,
    UNKNOWN_ORDER_STATUSES,
    USAGE_READINGS,
    USAGE_THRESHOLDS,
    CounterSpec,
    LostResponseResolution,
)

WORKFLOWS_BY_WRITE_KIND = {
    WriteKind.IDEMPOTENT: (),
    WriteKind.CREATE: (ONBOARDING_WORKFLOW, LINE_WORKFLOW),
    WriteKind.PURCHASE: (ONBOARDING_WORKFLOW, LINE_WORKFLOW, LINE_CHANGE_WORKFLOW),
    WriteKind.PORT_REQUEST: (PORT_IN_WORKFLOW,),
}
"""The workflows that may lose the response of a write. An idempotent write is retried until it
succeeds."""

VENDOR_WORKFLOWS = (
    ONBOARDING_WORKFLOW,
    LINE_WORKFLOW,
    PORT_IN_WORKFLOW,
    PORT_OUT_WORKFLOW,
    LINE_CHANGE_WORKFLOW,
)

Series = tuple[CounterSpec, str, dict[str, str]]
"""A counter, the workflow that counts, and its own labels."""


def initialize_counters(
    meter: MetricMeter, namespace: str, usage_thresholds: Sequence[int]
) -> None:
    """Create the workflows' counters, with the labels that Temporal's meter adds in workflows."""
    for counter, workflow, labels in chain(_series(), _scheduled_series(usage_thresholds)):
        workflow_labels = {
            "namespace": namespace,
            "task_queue": TASK_QUEUE,
            "workflow_type": workflow,
        }
        meter.create_counter(*counter).add(0, {**workflow_labels, **labels})


def _scheduled_series(usage_thresholds: Sequence[int]) -> Iterator[Series]:
    for finding in FindingKind:
        yield RECONCILE_FINDINGS, RECONCILE_WORKFLOW, {"kind": finding}
    for result in ("completed", "failed"):
        yield USAGE_READINGS, USAGE_WORKFLOW, {"result": result}
    for threshold in usage_thresholds:
        yield USAGE_THRESHOLDS, USAGE_WORKFLOW, {"threshold": str(threshold)}


def _series() -> Iterator[Series]:
    for write in WRITE_SPECS.values():
        if write.kind is WriteKind.IDEMPOTENT:
            for workflow in VENDOR_WORKFLOWS:
                yield STALLED_CALLS, workflow, {"activity": write.activity}
        for workflow in WORKFLOWS_BY_WRITE_KIND[write.kind]:
            yield LOST_RESPONSES, workflow, {"write": write.activity}
            for resolution in LostResponseResolution:
                yield (
                    LOST_RESPONSES_RESOLVED,
                    workflow,
                    {"write": write.activity, "resolution": resolution},
                )
    for state in FINAL_STATES:
        for first in ("yes", "no"):
            yield PORT_INS_ENDED, PORT_IN_WORKFLOW, {"state": state, "first_attempt": first}
    for rejection in REJECTIONS:
        yield PORT_IN_REJECTIONS, PORT_IN_WORKFLOW, {"reason": rejection.reason}
    yield UNKNOWN_ORDER_STATUSES, PORT_IN_WORKFLOW, {}
    for kind in EventType:
        for result in ("delivered", "failed"):
            yield EVENTS, EVENT_DELIVERY_WORKFLOW, {"type": kind, "result": result}
