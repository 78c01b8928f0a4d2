"""Activations with events of a task that has not started are failed, and no others.

`tests/resilience/test_early_events.py` shows that the SDK sends them.
"""

from typing import Any
from unittest.mock import Mock

import pytest
from temporalio.bridge.proto.workflow_activation import WorkflowActivation
from temporalio.bridge.proto.workflow_completion import WorkflowActivationCompletion

from telegent_orchestrator.names import QUERY_AGAIN
from worker.early_events import OrderedEventsRunner


def activation(
    job: str, *, seconds: int, history_length: int, replaying: bool = False
) -> WorkflowActivation:
    made = WorkflowActivation(history_length=history_length, is_replaying=replaying)
    made.timestamp.FromSeconds(seconds)
    getattr(made.jobs.add(), job).SetInParent()
    return made


TASK: dict[str, Any] = {"job": "initialize_workflow", "seconds": 1, "history_length": 3}


@pytest.mark.parametrize(
    ("second", "failed"),
    [
        ({"job": "resolve_activity", "seconds": 1, "history_length": 8}, True),
        ({"job": "signal_workflow", "seconds": 1, "history_length": 5}, True),
        ({"job": "resolve_activity", "seconds": 2, "history_length": 9}, False),
        ({"job": "do_update", "seconds": 1, "history_length": 3}, False),
        ({"job": "query_workflow", "seconds": 1, "history_length": 8}, False),
        (
            {"job": "resolve_activity", "seconds": 1, "history_length": 8, "replaying": True},
            False,
        ),
    ],
)
def test_events_without_the_start_of_a_task_are_failed(
    second: dict[str, Any], failed: bool
) -> None:
    runner, handled = Mock(), WorkflowActivationCompletion(run_id="handled")
    activate = runner.create_instance.return_value.activate
    activate.return_value = handled
    instance = OrderedEventsRunner(runner).create_instance(Mock())

    assert instance.activate(activation(**TASK)) is handled
    completion = instance.activate(activation(**second))

    assert (completion.failed.failure.message == QUERY_AGAIN) == failed
    assert activate.call_count == (1 if failed else 2)
