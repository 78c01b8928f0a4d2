"""What Temporal's errors mean to the person who typed the command."""

import asyncio

from temporalio.api.errordetails.v1 import NamespaceNotFoundFailure
from temporalio.client import (
    WorkflowQueryFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.service import RPCError, RPCStatusCode

from telegent_orchestrator.cli.results import CommandError, ExitStatus, NextStep
from telegent_orchestrator.client import MessageRejectedError
from telegent_orchestrator.encryption import CodecError

NO_WORKER_MESSAGE = (
    "no worker answers in namespace {namespace!r} at {address}: start one (python -m worker)"
)


def to_command_error(
    error: Exception,
    *,
    not_found: CommandError | None,
    address: str,
    namespace: str,
    list_paused_command: str,
) -> CommandError | None:
    """How a command ends for this error; None when it is none of Temporal's: an error of ours.

    `not_found`: for when there is no such workflow.
    `list_paused_command`: the command that lists paused ones.
    """
    match error:
        case RPCError():
            return _from_rpc_error(error, not_found, address, namespace)
        case TimeoutError():
            return CommandError(
                NO_WORKER_MESSAGE.format(address=address, namespace=namespace),
                ExitStatus.UNREACHABLE,
            )
        case WorkflowUpdateRPCTimeoutOrCancelledError():
            return _from_update_timeout(address, namespace)
        case MessageRejectedError():
            return CommandError(f"refused: {error}", ExitStatus.FAILED)
        case WorkflowQueryFailedError():
            return CommandError(f"the worker cannot answer: {error}", ExitStatus.FAILED)
        case CodecError():
            return CommandError(
                f"{error}; give the worker's keys with --payload-keys-file "
                "(TELEGENT_PAYLOAD_KEYS_FILE)",
                ExitStatus.UNREACHABLE,
            )
        case ValueError() if "WorkflowExecutionStatus" in str(error):
            # So temporalio 1.35 says that a paused workflow answers nothing.
            return CommandError(
                "it is paused, or a line or port-in of it is: somebody must unpause it in Temporal",
                ExitStatus.NEEDS_OPERATOR,
                next_steps=[NextStep(reason="see which with:", commands=[list_paused_command])],
            )
    return None


def _from_update_timeout(address: str, namespace: str) -> CommandError:
    task = asyncio.current_task()
    interrupted = task is not None and task.cancelling() > 0
    return CommandError(
        (
            "stopped"
            if interrupted
            else NO_WORKER_MESSAGE.format(address=address, namespace=namespace)
        )
        + "; what was sent may still be taken: look at the status before you send it again",
        ExitStatus.INTERRUPTED if interrupted else ExitStatus.UNREACHABLE,
    )


def _from_rpc_error(
    error: RPCError, not_found: CommandError | None, address: str, namespace: str
) -> CommandError:
    message = error.message
    if error.status is RPCStatusCode.NOT_FOUND:
        details = error.grpc_status.details
        if any(detail.Is(NamespaceNotFoundFailure.DESCRIPTOR) for detail in details):
            return CommandError(
                f"Temporal at {address} has no namespace {namespace!r}: give another one with "
                "--namespace (TEMPORAL_NAMESPACE)",
                ExitStatus.UNREACHABLE,
            )
        if "already completed" in message:
            return CommandError("refused: it has ended already", ExitStatus.FAILED)
        return not_found or CommandError(f"Temporal does not find it: {message}", ExitStatus.USAGE)
    if error.status in (RPCStatusCode.PERMISSION_DENIED, RPCStatusCode.UNAUTHENTICATED):
        return CommandError(
            f"Temporal at {address} does not let us into namespace {namespace!r}: {message}; give "
            "--api-key-file (TEMPORAL_API_KEY), or --tls-cert-file and --tls-key-file",
            ExitStatus.UNREACHABLE,
        )
    if error.status is RPCStatusCode.INVALID_ARGUMENT and "search attribute" in message:
        return CommandError(
            f"namespace {namespace!r} lacks our search attributes ({message}); register them with: "
            "python -m worker search-attributes",
            ExitStatus.UNREACHABLE,
        )
    if error.status in (RPCStatusCode.CANCELLED, RPCStatusCode.DEADLINE_EXCEEDED):
        return CommandError(
            NO_WORKER_MESSAGE.format(address=address, namespace=namespace), ExitStatus.UNREACHABLE
        )
    return CommandError(f"Temporal at {address} refuses: {message}", ExitStatus.UNREACHABLE)
