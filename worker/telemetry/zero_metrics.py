"""Counters that are there from the start.

Prometheus takes the first value that it sees of a series as its beginning: of a counter that
appears with 1 it would never count that one. What happens a few times a week would not show at all.
"""

from collections.abc import Iterator

from temporalio.common import MetricMeter

from activities.support.write_specs import WRITES, Kind
from telegent_orchestrator.events import EVENT_DELIVERY_WORKFLOW, EventType
from telegent_orchestrator.names import (
    LINE_WORKFLOW,
    ONBOARDING_WORKFLOW,
    PORT_IN_WORKFLOW,
    TASK_QUEUE,
)
from telegent_orchestrator.port_in import FINAL_STATES
from workflows.port_in.rejections import REJECTIONS
from workflows.support.metrics import (
    ANSWERS_LOST,
    ANSWERS_SETTLED,
    EVENTS,
    PORT_REJECTIONS,
    PORTS_ENDED,
    UNKNOWN_WORDS,
    Counted,
    Settled,
)

WRITERS = {
    Kind.SET: (),
    Kind.CREATE: (ONBOARDING_WORKFLOW, LINE_WORKFLOW),
    Kind.PURCHASE: (ONBOARDING_WORKFLOW, LINE_WORKFLOW),
    Kind.PORT_REQUEST: (PORT_IN_WORKFLOW,),
}
"""Which workflows may lose the answer to a write; a set is repeated until it has one."""


def count_from_zero(meter: MetricMeter, namespace: str) -> None:
    """Shows with 0 what workflows count, under the labels that Temporal's meter adds there."""
    for counted, workflow, labels in _series():
        where = {"namespace": namespace, "task_queue": TASK_QUEUE, "workflow_type": workflow}
        meter.create_counter(*counted).add(0, {**where, **labels})


def _series() -> Iterator[tuple[Counted, str, dict[str, str]]]:
    for write in WRITES.values():
        for workflow in WRITERS[write.kind]:
            yield ANSWERS_LOST, workflow, {"write": write.activity}
            for how in Settled:
                yield ANSWERS_SETTLED, workflow, {"write": write.activity, "how": how}
    for state in FINAL_STATES:
        for first in ("yes", "no"):
            yield PORTS_ENDED, PORT_IN_WORKFLOW, {"state": state, "first_attempt": first}
    for rejection in REJECTIONS:
        yield PORT_REJECTIONS, PORT_IN_WORKFLOW, {"reason": rejection.reason}
    yield UNKNOWN_WORDS, PORT_IN_WORKFLOW, {}
    for kind in EventType:
        for result in ("delivered", "failed"):
            yield EVENTS, EVENT_DELIVERY_WORKFLOW, {"type": kind, "result": result}
