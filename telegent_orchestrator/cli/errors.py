"""What errors of Temporal and of the client mean to the user of a command."""

import asyncio
from dataclasses import dataclass

from temporalio.api.errordetails.v1 import NamespaceNotFoundFailure
from temporalio.client import WorkflowQueryFailedError, WorkflowUpdateRPCTimeoutOrCancelledError
from temporalio.service import RPCError, RPCStatusCode

from telegent_orchestrator.cli.results import CommandError, ExitStatus, NextStep
from telegent_orchestrator.client import MessageRejectedError, RequestConflictError
from telegent_orchestrator.client._calls import RequestTooLargeError
from telegent_orchestrator.encryption import CodecError


@dataclass(frozen=True)
class ErrorContext:
    """Where a command is connected, and the commands that its errors refer to.

    Attributes:
        address: Host and port of Temporal.
        namespace: The namespace.
        list_paused_command: Lists paused workflows.
        doctor_command: Checks the connection, the workers and the keys.
        keys_compared: Whether the keys are known to be those of the workers.
        not_found: The error if the workflow does not exist.
    """

    address: str
    namespace: str
    list_paused_command: str
    doctor_command: str
    keys_compared: bool
    not_found: CommandError | None = None

    @property
    def doctor_step(self) -> NextStep:
        """How to find out what is wrong with the connection."""
        return NextStep(
            reason="check the connection, the workers and the keys with:",
            commands=[self.doctor_command],
        )


def to_command_error(error: Exception, context: ErrorContext) -> CommandError | None:
    """The error that ends the command; None for an error that is a defect of this program."""
    match error:
        case RPCError():
            return _from_rpc_error(error, context)
        case TimeoutError():
            return _no_worker(context)
        case WorkflowUpdateRPCTimeoutOrCancelledError():
            return _from_update_timeout(context)
        case MessageRejectedError():
            return CommandError(f"rejected: {error}", ExitStatus.FAILED)
        case RequestConflictError() | RequestTooLargeError():
            return CommandError(str(error), ExitStatus.USAGE)
        case WorkflowQueryFailedError():
            return CommandError(f"the worker rejected the query: {error}", ExitStatus.FAILED)
        case CodecError():
            return CommandError(
                f"{error}; give the worker's keys with --payload-keys-file "
                "(TELEGENT_PAYLOAD_KEYS_FILE)",
                ExitStatus.UNREACHABLE,
                next_steps=[context.doctor_step],
            )
        case ValueError() if "WorkflowExecutionStatus" in str(error):
            # What temporalio 1.35 raises for the status of a paused workflow.
            return CommandError(
                "it is paused, or one of its lines or port-ins is: unpause it in the Temporal UI",
                ExitStatus.NEEDS_OPERATOR,
                next_steps=[
                    NextStep(
                        reason="list paused workflows with:",
                        commands=[context.list_paused_command],
                    )
                ],
            )
    return None


def _no_worker(context: ErrorContext) -> CommandError:
    return CommandError(
        _no_worker_message(context), ExitStatus.UNREACHABLE, next_steps=[context.doctor_step]
    )


def _no_worker_message(context: ErrorContext) -> str:
    cause = (
        "none is running, or it is overloaded"
        if context.keys_compared
        else "none is running, or its payload keys differ from those of this command"
    )
    return f"no worker responded in namespace {context.namespace!r} at {context.address}: {cause}"


def _from_update_timeout(context: ErrorContext) -> CommandError:
    task = asyncio.current_task()
    interrupted = task is not None and task.cancelling() > 0
    return CommandError(
        ("interrupted" if interrupted else _no_worker_message(context))
        + "; the message may still be accepted: check the status before you send it again",
        ExitStatus.INTERRUPTED if interrupted else ExitStatus.UNREACHABLE,
    )


def _from_rpc_error(error: RPCError, context: ErrorContext) -> CommandError:
    message = error.message
    where = f"Temporal at {context.address}"
    if error.status is RPCStatusCode.NOT_FOUND:
        details = error.grpc_status.details
        if any(detail.Is(NamespaceNotFoundFailure.DESCRIPTOR) for detail in details):
            return CommandError(
                f"{where} has no namespace {context.namespace!r}: give another one with "
                "--namespace (TEMPORAL_NAMESPACE)",
                ExitStatus.UNREACHABLE,
            )
        if "already completed" in message:
            return CommandError("rejected: it has already ended", ExitStatus.FAILED)
        return context.not_found or CommandError(f"not found: {message}", ExitStatus.USAGE)
    if error.status in (RPCStatusCode.PERMISSION_DENIED, RPCStatusCode.UNAUTHENTICATED):
        return CommandError(
            f"{where} denied access to namespace {context.namespace!r}: {message}; give "
            "--api-key-file (TEMPORAL_API_KEY), or --tls-cert-file and --tls-key-file",
            ExitStatus.UNREACHABLE,
        )
    if error.status is RPCStatusCode.INVALID_ARGUMENT and "search attribute" in message:
        return CommandError(
            f"namespace {context.namespace!r} lacks search attributes ({message}); register them "
            "with: python -m worker search-attributes",
            ExitStatus.UNREACHABLE,
        )
    if error.status in (RPCStatusCode.CANCELLED, RPCStatusCode.DEADLINE_EXCEEDED):
        return _no_worker(context)
    return CommandError(f"{where} rejected the call: {message}", ExitStatus.UNREACHABLE)
