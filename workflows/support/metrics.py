"""What workflows measure for Prometheus; what each means: docs/how-to/observability.md.

Temporal's meter is silent while a history is replayed, so each thing counts once. Labels are words
from short lists, never an id, a number or a name.
"""

from datetime import timedelta
from enum import StrEnum
from typing import NamedTuple

from temporalio import workflow

from telegent_orchestrator.port_in import PortState


class LostResponseResolution(StrEnum):
    """What became of a write whose answer was lost."""

    FOUND = "found"
    """It had happened: what it made is used."""

    CREATED_AGAIN = "created_again"
    """It had not happened, and was made once more."""

    ESCALATED = "escalated"
    """Neither can be shown: a person is asked."""


class CounterSpec(NamedTuple):
    """A counter: its name, to which Prometheus adds `_total`, and what it counts."""

    name: str
    description: str


LOST_RESPONSES = CounterSpec("telegent_lost_responses", "Writes whose outcome is unknown")
LOST_RESPONSES_RESOLVED = CounterSpec(
    "telegent_lost_responses_resolved", "What became of those writes"
)
STALLED_CALLS = CounterSpec("telegent_stalled_calls", "Calls without progress for long")
PORT_INS_ENDED = CounterSpec("telegent_port_ins_ended", "Port-ins that ended")
PORT_IN_REJECTIONS = CounterSpec("telegent_port_in_rejections", "Rejections of port-ins")
UNKNOWN_ORDER_STATUSES = CounterSpec(
    "telegent_unknown_order_statuses", "Status words that are not known"
)
EVENTS = CounterSpec("telegent_events", "Events whose delivery ended")


def count_stalled_call(activity: str) -> None:
    """A call has made no progress for so long that an operator should know."""
    _count(STALLED_CALLS, activity=activity)


def count_lost_response(write: str) -> None:
    """A write to the vendor may have happened or not."""
    _count(LOST_RESPONSES, write=write)


def count_lost_response_resolved(write: str, resolution: LostResponseResolution) -> None:
    """It is known what became of such a write, or a person is asked."""
    _count(LOST_RESPONSES_RESOLVED, write=write, resolution=resolution)


def record_state_exit(state: PortState, duration: timedelta) -> None:
    """A port-in left a state."""
    _record_duration(
        "telegent_port_in_state_duration", "How long port-ins stayed in a state", state, duration
    )


def record_port_in_end(state: PortState, duration: timedelta, *, first_attempt: bool) -> None:
    """A port-in ended, so long duration it was started; `first_attempt`: it was never rejected."""
    _count(PORT_INS_ENDED, state=state, first_attempt="yes" if first_attempt else "no")
    _record_duration(
        "telegent_port_in_duration", "How long port-ins took, from start to end", state, duration
    )


def count_rejection(reason: str) -> None:
    """The losing carrier, or the vendor for it, rejected a port-in."""
    _count(PORT_IN_REJECTIONS, reason=reason)


def count_unknown_status() -> None:
    """The vendor used a status word that we do not know."""
    _count(UNKNOWN_ORDER_STATUSES)


def count_event(event_type: str, *, delivered: bool) -> None:
    """The delivery of an event to a receiver ended."""
    _count(EVENTS, type=event_type, result="delivered" if delivered else "failed")


def _count(spec: CounterSpec, **labels: str) -> None:
    workflow.metric_meter().create_counter(*spec).add(1, labels)


def _record_duration(name: str, description: str, state: PortState, duration: timedelta) -> None:
    meter = workflow.metric_meter()
    meter.create_histogram_timedelta(name, description, "duration").record(
        duration, {"state": state}
    )
