"""What workflows measure for Prometheus; what each means: docs/observability.md.

Temporal's meter is silent while a history is replayed, so each thing counts once. Labels are words
from short lists, never an id, a number or a name.
"""

from datetime import timedelta
from enum import StrEnum

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


def answer_lost(write: str) -> None:
    """A write to the vendor may have happened or not."""
    _count("telegent_answers_lost", "Writes whose outcome is unknown", write=write)


def lost_answer_settled(write: str, how: Settled) -> None:
    """It is known what became of such a write, or a person is asked."""
    _count(
        "telegent_answers_lost_settled",
        "What became of writes whose outcome was unknown",
        write=write,
        how=how,
    )


def port_left(state: PortState, after: timedelta) -> None:
    """A port-in left a state."""
    _time("telegent_port_state_duration", "How long port-ins stayed in a state", after, state=state)


def port_ended(state: PortState, after: timedelta, *, first_attempt: bool) -> None:
    """A port-in ended, so long after it was started; `first_attempt`: it was never rejected."""
    _time(
        "telegent_port_duration",
        "How long port-ins took from their start to their end",
        after,
        state=state,
        first_attempt="yes" if first_attempt else "no",
    )


def port_rejected(reason: str) -> None:
    """The losing carrier, or the vendor for it, rejected a port-in."""
    _count("telegent_port_rejections", "Rejections of port-ins", reason=reason)


def unknown_word() -> None:
    """The vendor used a status word that we do not know."""
    _count("telegent_port_unknown_words", "Status words of orders that are not known")


def event_delivered(kind: str, *, taken: bool) -> None:
    """The delivery of an event to a receiver ended."""
    _count(
        "telegent_events",
        "Events whose delivery ended",
        type=kind,
        result="delivered" if taken else "failed",
    )


def _count(name: str, what: str, **labels: str) -> None:
    workflow.metric_meter().create_counter(name, what).add(1, labels)


def _time(name: str, what: str, duration: timedelta, **labels: str) -> None:
    meter = workflow.metric_meter()
    meter.create_histogram_timedelta(name, what, "duration").record(duration, labels)
