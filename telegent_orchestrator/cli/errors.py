"""What Temporal's errors mean to the person who typed the command."""

import asyncio

from temporalio.api.errordetails.v1 import NamespaceNotFoundFailure
from temporalio.client import (
    WorkflowQueryFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.service import RPCError, RPCStatusCode

from telegent_orchestrator.cli.results import Advice, Exit, Stop
from telegent_orchestrator.client import NotTakenError
from telegent_orchestrator.encryption import CodecError

NO_WORKER = (
    "no worker answers in namespace {namespace!r} at {address}: start one (python -m worker)"
)


def as_stop(
    error: Exception, *, unknown: Stop | None, address: str, namespace: str, paused: str
) -> Stop | None:
    """How a command ends for this error; None when it is none of Temporal's: a fault of ours.

    `unknown`: for when there is no such workflow. `paused`: the command that lists paused ones.
    """
    match error:
        case RPCError():
            return _refused(error, unknown, address, namespace)
        case TimeoutError():
            return Stop(NO_WORKER.format(address=address, namespace=namespace), Exit.UNREACHABLE)
        case WorkflowUpdateRPCTimeoutOrCancelledError():
            return _unanswered(address, namespace)
        case NotTakenError():
            return Stop(f"refused: {error}", Exit.FAILED)
        case WorkflowQueryFailedError():
            return Stop(f"the worker cannot answer: {error}", Exit.FAILED)
        case CodecError():
            return Stop(
                f"{error}; give the worker's keys with --payload-keys-file "
                "(TELEGENT_PAYLOAD_KEYS_FILE)",
                Exit.UNREACHABLE,
            )
        case ValueError() if "WorkflowExecutionStatus" in str(error):
            # So temporalio 1.35 says that a paused workflow answers nothing.
            return Stop(
                "it is paused, or a line or port-in of it is: somebody must unpause it in Temporal",
                Exit.NEEDS_PERSON,
                next_steps=[Advice(why="see which with:", commands=[paused])],
            )
    return None


def _unanswered(address: str, namespace: str) -> Stop:
    task = asyncio.current_task()
    by_hand = task is not None and task.cancelling() > 0
    return Stop(
        ("stopped" if by_hand else NO_WORKER.format(address=address, namespace=namespace))
        + "; what was sent may still be taken: look at the status before you send it again",
        Exit.INTERRUPTED if by_hand else Exit.UNREACHABLE,
    )


def _refused(error: RPCError, unknown: Stop | None, address: str, namespace: str) -> Stop:
    said = error.message
    if error.status is RPCStatusCode.NOT_FOUND:
        details = error.grpc_status.details
        if any(detail.Is(NamespaceNotFoundFailure.DESCRIPTOR) for detail in details):
            return Stop(
                f"Temporal at {address} has no namespace {namespace!r}: give another one with "
                "--namespace (TEMPORAL_NAMESPACE)",
                Exit.UNREACHABLE,
            )
        if "already completed" in said:
            return Stop("refused: it has ended already", Exit.FAILED)
        return unknown or Stop(f"Temporal does not find it: {said}", Exit.USAGE)
    if error.status in (RPCStatusCode.PERMISSION_DENIED, RPCStatusCode.UNAUTHENTICATED):
        return Stop(
            f"Temporal at {address} does not let us into namespace {namespace!r}: {said}; give "
            "--api-key-file (TEMPORAL_API_KEY), or --tls-cert-file and --tls-key-file",
            Exit.UNREACHABLE,
        )
    if error.status is RPCStatusCode.INVALID_ARGUMENT and "search attribute" in said:
        return Stop(
            f"namespace {namespace!r} lacks our search attributes ({said}); register them with: "
            "python -m worker search-attributes",
            Exit.UNREACHABLE,
        )
    if error.status in (RPCStatusCode.CANCELLED, RPCStatusCode.DEADLINE_EXCEEDED):
        return Stop(NO_WORKER.format(address=address, namespace=namespace), Exit.UNREACHABLE)
    return Stop(f"Temporal at {address} refuses: {said}", Exit.UNREACHABLE)
