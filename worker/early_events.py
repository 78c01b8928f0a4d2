"""Events that reach a worker with a query, before the workflow task that they belong to.

A query that waits for a worker while an activity completes may bring that event with it, for
example after a restart of the server. temporalio 1.35 then lets the workflow handle the event at
once, at the time of the task before. Replayed, it handles the event in its own task, at the time of
that one: what depends on the time may differ, and then the workflow is stuck with a nondeterminism
error.
"""

from google.protobuf.timestamp_pb2 import Timestamp
from temporalio.bridge.proto.workflow_activation import WorkflowActivation
from temporalio.bridge.proto.workflow_completion import WorkflowActivationCompletion
from temporalio.worker import WorkflowInstanceDetails

from telegent_orchestrator.names import QUERY_AGAIN
from worker.activations import Activate, ActivationRunner

JOBS_WITHOUT_EVENTS = ("query_workflow", "remove_from_cache")


class OrderedEventsRunner(ActivationRunner):
    """Rejects a query that brings such events; the workflow gets them with their task."""

    def wrap(self, activate: Activate, det: WorkflowInstanceDetails) -> Activate:
        """Fails such a query, whereupon the SDK discards the instance."""
        length, time = 0, Timestamp()

        def activate_in_order(act: WorkflowActivation) -> WorkflowActivationCompletion:
            nonlocal length, time
            # The start of a task would have brought a new time.
            early = act.history_length > length and act.timestamp == time
            length, time = act.history_length, act.timestamp
            if early and not act.is_replaying and _has_events(act):
                failed = WorkflowActivationCompletion()
                failed.failed.failure.message = QUERY_AGAIN
                return failed
            return activate(act)

        return activate_in_order


def _has_events(act: WorkflowActivation) -> bool:
    return any(job.WhichOneof("variant") not in JOBS_WITHOUT_EVENTS for job in act.jobs)
