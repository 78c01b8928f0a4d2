"""Calls to Temporal that every client of this package makes."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, JsonValue
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflow.v1 import WorkflowExecutionInfo
from temporalio.api.workflowservice.v1 import (
    DescribeWorkflowExecutionRequest,
    DescribeWorkflowExecutionResponse,
)
from temporalio.client import (
    Client,
    WorkflowHandle,
    WorkflowQueryFailedError,
    WorkflowUpdateFailedError,
)
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.converter import DataConverter
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from telegent_orchestrator import names
from telegent_orchestrator._display import escape_markdown
from telegent_orchestrator._models import WireModel
from telegent_orchestrator.client._startable import RequestT, Startable
from telegent_orchestrator.onboarding import OnboardingRequest

ResultT = TypeVar("ResultT")
ModelT = TypeVar("ModelT", bound=BaseModel)
MAX_REQUEST_BYTES = 1_900_000
"""Temporal rejects payloads of more than 2 MiB; encryption and metadata add to the JSON."""
FINGERPRINTS_MEMO = "RequestFingerprints"
"""Memo of a workflow: a keyed hash of each field of the request that it was started with."""
MAX_NAMED_DIFFERENCES = 10
MAX_REPEATED_QUERIES, QUERY_AGAIN_DELAY = 20, 0.5
"""How often a query is repeated that a worker answers a moment later, and seconds before each."""
SET_BY_CLIENT = {"check_existing"}
"""Fields that a restart sets; the caller's request is the same with and without them."""


class RequestTooLargeError(ValueError):
    """A request is larger than Temporal accepts; the message names its largest part."""


class MessageRejectedError(Exception):
    """A correction, cancel, decision or resolution was rejected; the message says why."""


class RequestConflictError(Exception):
    """A workflow with this id exists, and it was started with another request.

    Attributes:
        differences: The fields that differ, such as `lines.phone` or `account.name`.
    """

    def __init__(self, workflow_id: str, differences: list[str]) -> None:
        named = ", ".join(differences[:MAX_NAMED_DIFFERENCES])
        more = len(differences) - MAX_NAMED_DIFFERENCES
        super().__init__(
            f"{workflow_id} exists and was started with another request; the requests differ in: "
            f"{named}{f' and {more} more' if more > 0 else ''}"
        )
        self.differences = differences


async def start_or_join(
    temporal: Client,
    startable: Startable[RequestT],
    request: RequestT,
    id_key: str,
    *,
    reuse_policy: WorkflowIDReusePolicy = WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
) -> bool:
    """Start a workflow unless one with its id exists.

    Args:
        temporal: The client to start it with.
        startable: Which workflow.
        request: Its argument.
        id_key: Key of the workflow id, and of the hashes that `check_same_request` compares later.
        reuse_policy: After which ends another workflow may start under this id.

    Returns:
        True if the workflow existed: it is open, or it ended in a way after which `reuse_policy`
        does not start another.

    Raises:
        RequestTooLargeError: Temporal would reject the request for its size.
    """
    check_size(request)
    try:
        await temporal.start_workflow(
            startable.workflow_type,
            request,
            id=startable.workflow_id(request, id_key),
            task_queue=names.TASK_QUEUE,
            # Not "use existing": its response does not tell a new workflow from an existing one.
            id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
            id_reuse_policy=reuse_policy,
            static_summary=escape_markdown(startable.summary(request)),
            static_details=startable.details,
            memo=fingerprints_memo(request, id_key) if startable.compared else None,
        )
    except WorkflowAlreadyStartedError:
        return True
    return False


async def start_again_or_join(
    temporal: Client, startable: Startable[RequestT], request: RequestT, id_key: str
) -> bool:
    """Start a workflow, also after one that has ended, or join the open one of the same request.

    Returns:
        True if the workflow was open.

    Raises:
        RequestConflictError: The open workflow has another request.
        RequestTooLargeError: Temporal would reject the request for its size.
    """
    joined = await start_or_join(
        temporal,
        startable,
        request,
        id_key,
        reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
    )
    if joined:
        workflow_id = startable.workflow_id(request, id_key)
        await check_same_request(temporal, workflow_id, request, id_key)
    return joined


def fingerprints_memo(request: WireModel, fingerprint_key: str) -> dict[str, dict[str, str]]:
    """The memo of a workflow with this request, which `check_same_request` compares later."""
    return {FINGERPRINTS_MEMO: _fingerprints(request, fingerprint_key)}


async def check_same_request(
    temporal: Client, workflow_id: str, request: WireModel, fingerprint_key: str
) -> None:
    """Check that an existing workflow was started with this request.

    Its memo has fingerprints of the request, unless another workflow or a program in another
    language started it. Then the request in its history is compared. Nothing is compared with a
    port-in that a line started, because its request has more than that of a caller.

    Raises:
        RequestConflictError: It was started with another request.
    """
    info = (await fetch_description(temporal, workflow_id)).workflow_execution_info
    existing = await _read_fingerprints(info, temporal.data_converter)
    started_by_line = bool(info.parent_execution.workflow_id)
    comparable = not started_by_line or isinstance(request, OnboardingRequest)
    if existing:
        differences = _differing(_fingerprints(request, fingerprint_key), existing)
    else:
        started_with = await read_request(temporal, workflow_id, type(request))
        differences = (
            request_differences(started_with, request) if started_with and comparable else []
        )
    if differences:
        raise RequestConflictError(workflow_id, differences)


async def fetch_description(
    temporal: Client, workflow_id: str
) -> DescribeWorkflowExecutionResponse:
    """What Temporal shows of the latest run with this workflow id.

    Not with `WorkflowHandle.describe`: temporalio 1.35 cannot read the status of a paused workflow.

    Raises:
        RPCError: No workflow has this id.
    """
    return await temporal.workflow_service.describe_workflow_execution(
        DescribeWorkflowExecutionRequest(
            namespace=temporal.namespace, execution=WorkflowExecution(workflow_id=workflow_id)
        ),
        retry=True,
    )


async def _read_fingerprints(
    info: WorkflowExecutionInfo, converter: DataConverter
) -> dict[str, str]:
    payload = info.memo.fields.get(FINGERPRINTS_MEMO)
    if payload is None:
        return {}
    fingerprints: dict[str, str]
    [fingerprints] = await converter.decode([payload], [dict[str, str]])
    return fingerprints


async def read_request(
    temporal: Client, workflow_id: str, request_type: type[ModelT]
) -> ModelT | None:
    """The request that the latest run with this workflow id was started with.

    None if it is not readable as one, for example because another release started it.
    """
    history = temporal.get_workflow_handle(workflow_id).fetch_history_events(page_size=1)
    started = (await anext(history)).workflow_execution_started_event_attributes
    try:
        [request] = await temporal.data_converter.decode(started.input.payloads, [request_type])
    except (ValueError, KeyError):
        # temporalio raises KeyError for an encoding that this client cannot read.
        return None
    return request if isinstance(request, request_type) else None


def request_differences(request: WireModel, other: WireModel) -> list[str]:
    """The fields in which two requests differ, named as in `RequestConflictError`."""
    return _differing(dict(_compared_fields(request)), dict(_compared_fields(other)))


def check_size(request: BaseModel) -> None:
    """Check that Temporal can store a request.

    Raises:
        RequestTooLargeError: It is too large.
    """
    size = len(request.model_dump_json().encode())
    if size <= MAX_REQUEST_BYTES:
        return
    parts = request.model_dump(mode="json")
    largest = max(parts, key=lambda name: len(json.dumps(parts[name])))
    raise RequestTooLargeError(
        f"the request has {size / 1e6:.1f} MB of JSON and Temporal accepts "
        f"{MAX_REQUEST_BYTES / 1e6:.1f} MB: its largest part is `{largest}`; shorten it, or split "
        "the request"
    )


async def query(temporal: Client, workflow_id: str, result_type: type[ResultT]) -> ResultT:
    """Send the status query to the latest run with this workflow id."""
    handle = temporal.get_workflow_handle(workflow_id)
    repeats = MAX_REPEATED_QUERIES
    while True:
        try:
            status: ResultT = await handle.query(names.STATUS_QUERY, result_type=result_type)
        except WorkflowQueryFailedError as error:
            if names.QUERY_AGAIN not in str(error) or not repeats:
                raise
        else:
            return status
        repeats -= 1
        await asyncio.sleep(QUERY_AGAIN_DELAY)


async def query_if_exists(
    temporal: Client, workflow_id: str, result_type: type[ResultT]
) -> ResultT | None:
    """Send the status query; None if no workflow has this id."""
    try:
        return await query(temporal, workflow_id, result_type)
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        return None


async def update(
    handle: WorkflowHandle[Any, Any],
    name: str,
    message: WireModel,
    result_type: type[ResultT] | None,
) -> ResultT:
    """Send an update and wait for its result.

    Raises:
        MessageRejectedError: The workflow rejected the message.
    """
    try:
        result: ResultT = await handle.execute_update(name, message, result_type=result_type)
    except WorkflowUpdateFailedError as error:
        cause = error.cause
        reason = cause.message if isinstance(cause, ApplicationError) else str(cause)
        raise MessageRejectedError(reason) from error
    return result


def _fingerprints(request: WireModel, key: str) -> dict[str, str]:
    """A hash of each field, keyed because secrets could be guessed from a plain hash.

    Defaults are left out, so that a field that a later version adds changes nothing.
    """
    return {
        path: hmac.new(key.encode(), repr(value).encode(), hashlib.sha256).hexdigest()[:16]
        for path, value in _compared_fields(request)
    }


def _compared_fields(request: WireModel) -> Iterator[tuple[str, JsonValue]]:
    return _fields(request.model_dump(mode="json", exclude_defaults=True, exclude=SET_BY_CLIENT))


def _differing(one: Mapping[str, object], other: Mapping[str, object]) -> list[str]:
    return [name for name in sorted({*one, *other}) if one.get(name) != other.get(name)]


def _fields(values: Mapping[str, JsonValue]) -> Iterator[tuple[str, JsonValue]]:
    """The fields of a request to the second level, items of lists by their `key`."""
    for name, value in values.items():
        match value:
            case dict():
                yield from ((f"{name}.{inner}", value[inner]) for inner in value)
            case [dict(), *_]:
                for index, item in enumerate(value):
                    key = item.get("key", index) if isinstance(item, dict) else index
                    yield f"{name}.{key}", item
            case _:
                yield name, value
