"""What workflows measure for Prometheus; what each means: docs/how-to/observability.md.

Temporal's meter is silent while a history is replayed, so each thing counts once. Labels are words
from short lists, never an id, a number or a name.
"""

from datetime import timedelta
from enum import StrEnum
from typing import NamedTuple

from temporalio import workflow

from telegent_orchestrator.port_in import PortState


class Settled(StrEnum):
    """What became of a write whose answer was lost."""

    FOUND = "found"
    """It had happened: what it made is used."""

    MADE_AGAIN = "made_again"
    """It had not happened, and was made once more."""

    PERSON = "person"
    """Neither can be shown: a person is asked."""


class Counted(NamedTuple):
    """A counter: its name, to which Prometheus adds `_total`, and what it counts."""

    name: str
    what: str


ANSWERS_LOST = Counted("telegent_answers_lost", "Writes whose outcome is unknown")
ANSWERS_SETTLED = Counted("telegent_answers_lost_settled", "What became of those writes")
PORTS_ENDED = Counted("telegent_ports_ended", "Port-ins that ended")
PORT_REJECTIONS = Counted("telegent_port_rejections", "Rejections of port-ins")
UNKNOWN_WORDS = Counted("telegent_port_unknown_words", "Status words that are not known")
EVENTS = Counted("telegent_events", "Events whose delivery ended")


def answer_lost(write: str) -> None:
    """A write to the vendor may have happened or not."""
    _count(ANSWERS_LOST, write=write)


def lost_answer_settled(write: str, how: Settled) -> None:
    """It is known what became of such a write, or a person is asked."""
    _count(ANSWERS_SETTLED, write=write, how=how)


def port_left(state: PortState, after: timedelta) -> None:
    """A port-in left a state."""
    _time("telegent_port_state_duration", "How long port-ins stayed in a state", state, after)


def port_ended(state: PortState, after: timedelta, *, first_attempt: bool) -> None:
    """A port-in ended, so long after it was started; `first_attempt`: it was never rejected."""
    _count(PORTS_ENDED, state=state, first_attempt="yes" if first_attempt else "no")
    _time("telegent_port_duration", "How long port-ins took, from start to end", state, after)


def port_rejected(reason: str) -> None:
    """The losing carrier, or the vendor for it, rejected a port-in."""
    _count(PORT_REJECTIONS, reason=reason)


def unknown_word() -> None:
    """The vendor used a status word that we do not know."""
    _count(UNKNOWN_WORDS)


def event_delivered(kind: str, *, taken: bool) -> None:
    """The delivery of an event to a receiver ended."""
    _count(EVENTS, type=kind, result="delivered" if taken else "failed")


def _count(counted: Counted, **labels: str) -> None:
    workflow.metric_meter().create_counter(*counted).add(1, labels)


def _time(name: str, what: str, state: PortState, duration: timedelta) -> None:
    meter = workflow.metric_meter()
    meter.create_histogram_timedelta(name, what, "duration").record(duration, {"state": state})
