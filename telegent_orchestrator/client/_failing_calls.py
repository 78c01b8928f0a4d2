"""Calls that a workflow makes and Temporal repeats, and why they fail. Needs no worker.

A workflow learns of the failures of a read only after many attempts; Temporal knows each at once.
"""

from temporalio.api.failure.v1 import Failure
from temporalio.client import Client
from temporalio.converter import DataConverter
from temporalio.exceptions import FailureError

from telegent_orchestrator import names
from telegent_orchestrator._models import WireModel
from telegent_orchestrator.client._calls import fetch_description


class FailingCall(WireModel):
    """A call whose last attempt failed and that is repeated.

    Attributes:
        workflow_id: The workflow that waits for it.
        line: The key of the line that it belongs to; empty if it belongs to none.
        activity: What is called, such as `list_products`.
        attempt: The number of the attempt that is under way or comes next.
        failure: The type of the last failure, such as `CredentialsRejected`.
        message: Why it failed; empty if this client lacks the key to read it.
    """

    workflow_id: str
    line: str = ""
    activity: str
    attempt: int
    failure: str
    message: str

    @property
    def description(self) -> str:
        """What fails, how often, and why, in one sentence."""
        why = ": ".join(filter(None, (names.NOT_EXECUTED_REASONS.get(self.failure), self.message)))
        return (
            f"{self.activity.replace('_', ' ')} fails and is repeated (attempt {self.attempt}): "
            f"{why or self.failure}"
        )


async def find_failing_calls(
    temporal: Client, workflow_id: str, line: str = ""
) -> list[FailingCall]:
    """The failing calls of the latest run with this workflow id, which belongs to `line`.

    What only waits for something to happen is left out: its attempts fail by design.

    Raises:
        RPCError: No workflow has this id.
    """
    calls = []
    for pending in (await fetch_description(temporal, workflow_id)).pending_activities:
        if not pending.HasField("last_failure"):
            continue
        failure, message = await _read_failure(pending.last_failure, temporal.data_converter)
        if failure != names.PENDING_FAILURE:
            calls.append(
                FailingCall(
                    workflow_id=workflow_id,
                    line=line,
                    activity=pending.activity_type.name,
                    attempt=pending.attempt,
                    failure=failure,
                    message=message,
                )
            )
    return sorted(calls, key=lambda call: call.activity)


async def _read_failure(failure: Failure, converter: DataConverter) -> tuple[str, str]:
    """Type and message of a failure, without what Temporal wraps around it.

    Types are never encrypted. A message that cannot be read must not fail the status.
    """
    innermost = failure
    while innermost.HasField("cause"):
        innermost = innermost.cause
    info = innermost.WhichOneof("failure_info") or "failure"
    kind = innermost.application_failure_info.type or info.removesuffix("_failure_info")
    try:
        error = await converter.decode_failure(failure)
    except Exception:
        return kind, ""
    while isinstance(error, FailureError) and isinstance(error.cause, FailureError):
        error = error.cause
    return kind, error.message if isinstance(error, FailureError) else str(error)
