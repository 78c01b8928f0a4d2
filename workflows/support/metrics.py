"""Metrics that workflows record for Prometheus; docs/how-to/observability.md explains each.

Temporal's meter is silent during a replay, so each event counts once. Labels have few values,
never an id, a number or a name.
"""

from datetime import timedelta
from enum import StrEnum
from typing import NamedTuple

from temporalio import workflow

from telegent_orchestrator.port_in import PortState
from telegent_orchestrator.reconcile import FindingKind


class LostResponseResolution(StrEnum):
    """How a write whose response was lost was resolved."""

    FOUND = "found"
    """It had been executed: the resource is adopted."""

    SENT_AGAIN = "sent_again"
    """It had not been executed, and was sent again."""

    ESCALATED = "escalated"
    """Neither can be shown: it is escalated to an operator."""


class CounterSpec(NamedTuple):
    """A counter: its name, to which Prometheus adds `_total`, and its description."""

    name: str
    description: str


LOST_RESPONSES = CounterSpec("telegent_lost_responses", "Writes whose outcome is unknown")
LOST_RESPONSES_RESOLVED = CounterSpec(
    "telegent_lost_responses_resolved", "How those writes were resolved"
)
STALLED_CALLS = CounterSpec("telegent_stalled_calls", "Calls that make no progress")
PORT_INS_ENDED = CounterSpec("telegent_port_ins_ended", "Port-ins that ended")
PORT_IN_REJECTIONS = CounterSpec("telegent_port_in_rejections", "Rejections of port-ins")
UNKNOWN_ORDER_STATUSES = CounterSpec(
    "telegent_unknown_order_statuses", "Unknown statuses of port-in orders"
)
EVENTS = CounterSpec("telegent_events", "Events whose delivery ended")
RECONCILE_FINDINGS = CounterSpec("telegent_reconcile_findings", "Findings of reconciliations")
USAGE_READINGS = CounterSpec("telegent_usage_readings", "Readings of usage that ended")
USAGE_THRESHOLDS = CounterSpec(
    "telegent_usage_thresholds_reached", "Numbers that have reached a share of their data limit"
)


def count_stalled_call(activity: str) -> None:
    """Counts a call that has made no progress for so long that an operator should know."""
    _count(STALLED_CALLS, activity=activity)


def count_lost_response(write: str) -> None:
    """Counts a write that may or may not have been executed."""
    _count(LOST_RESPONSES, write=write)


def count_lost_response_resolved(write: str, resolution: LostResponseResolution) -> None:
    """Counts the resolution of such a write."""
    _count(LOST_RESPONSES_RESOLVED, write=write, resolution=resolution)


def record_state_exit(state: PortState, duration: timedelta) -> None:
    """Records how long a port-in was in a state that it left."""
    _record_duration(
        "telegent_port_in_state_duration", "How long port-ins stayed in a state", state, duration
    )


def record_port_in_end(state: PortState, duration: timedelta, *, first_attempt: bool) -> None:
    """Records the end of a port-in.

    Args:
        state: The final state.
        duration: Time since its start.
        first_attempt: Whether it was never rejected.
    """
    _count(PORT_INS_ENDED, state=state, first_attempt="yes" if first_attempt else "no")
    _record_duration(
        "telegent_port_in_duration", "How long port-ins took, from start to end", state, duration
    )


def count_rejection(reason: str) -> None:
    """Counts a rejection of a port-in by the losing carrier or Telegent."""
    _count(PORT_IN_REJECTIONS, reason=reason)


def count_unknown_status() -> None:
    """Counts an order status that we do not know."""
    _count(UNKNOWN_ORDER_STATUSES)


def count_event(event_type: str, *, delivered: bool) -> None:
    """Counts the end of the delivery of an event to a receiver."""
    _count(EVENTS, type=event_type, result="delivered" if delivered else "failed")


def count_findings(kind: FindingKind, count: int) -> None:
    """Counts what a reconciliation has found."""
    workflow.metric_meter().create_counter(*RECONCILE_FINDINGS).add(count, {"kind": kind})


def count_usage_reading(*, completed: bool) -> None:
    """Counts the end of a reading of usage."""
    _count(USAGE_READINGS, result="completed" if completed else "failed")


def count_threshold(percent: int) -> None:
    """Counts a number that has reached a threshold for the first time in its billing period."""
    _count(USAGE_THRESHOLDS, threshold=str(percent))


def _count(spec: CounterSpec, **labels: str) -> None:
    workflow.metric_meter().create_counter(*spec).add(1, labels)


def _record_duration(name: str, description: str, state: PortState, duration: timedelta) -> None:
    meter = workflow.metric_meter()
    meter.create_histogram_timedelta(name, description, "duration").record(
        duration, {"state": state}
    )
