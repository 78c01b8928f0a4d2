"""`tgo doctor`: checks the connection, the namespace, the workers and the keys."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta

import typer
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import (
    DescribeNamespaceRequest,
    DescribeTaskQueueRequest,
    GetWorkflowExecutionHistoryReverseRequest,
    ListWorkflowExecutionsRequest,
)
from temporalio.service import RPCError

from telegent_orchestrator import encryption, names
from telegent_orchestrator._models import WireModel
from telegent_orchestrator.cli.clock import read_server_time
from telegent_orchestrator.cli.connection import VARIABLES, Connection, Session
from telegent_orchestrator.cli.output import AsJson, Output
from telegent_orchestrator.cli.rendering import format_duration, sanitize
from telegent_orchestrator.cli.results import CommandError, ExitStatus
from telegent_orchestrator.client._failing_calls import find_failing_calls
from telegent_orchestrator.key_record import KeyRecord

MAX_CLOCK_DIFFERENCE = timedelta(seconds=5)
MAX_IDLE = timedelta(minutes=2)
"""A worker polls at least once a minute."""
MAX_WORKFLOWS = 20
RECENT_EVENTS = 12
"""Events of a workflow that contain the end of its latest call."""


class Check(WireModel):
    """One check: what was found, and if it is a problem, what to do."""

    name: str
    ok: bool
    found: str
    remedy: str = ""


class Diagnosis(WireModel):
    """What `doctor --json` prints."""

    healthy: bool
    checks: list[Check]


def doctor(context: typer.Context, as_json: AsJson = False) -> None:
    """Check the connection to Temporal and the workers: address, TLS, clock, keys and more."""
    with Output(as_json) as output:
        connection: Connection = context.obj
        checks = asyncio.run(_diagnose(connection))
        healthy = all(check.ok for check in checks)
        if as_json:
            output.document(Diagnosis(healthy=healthy, checks=checks))
        else:
            for check in checks:
                icon, style = ("✓", "green") if check.ok else ("✗", "bold red")
                output.show(sanitize(f"{icon} {check.name}: {check.found}", style))
                output.show(*[f"  {check.remedy}"] * bool(check.remedy and not check.ok))
        raise typer.Exit(ExitStatus.DONE if healthy else ExitStatus.UNREACHABLE)


async def _diagnose(connection: Connection) -> list[Check]:
    checks = [
        Check(name="settings", ok=False, found=warning, remedy="correct or unset it")
        for warning in connection.warnings
    ]
    try:
        async with connection.open(any_keys=True) as session:
            config = session.temporal.service_client.config
            tls = "TLS" if config.tls else "no TLS"
            where = f"{config.target_host}, {tls}, namespace {session.temporal.namespace!r}"
            checks.append(Check(name="Temporal", ok=True, found=where))
            checks += [check async for check in _check_session(session)]
    except CommandError as error:
        checks.append(
            Check(
                name="Temporal",
                ok=False,
                found=error.message,
                remedy="the other checks need a connection",
            )
        )
    return checks


async def _check_session(session: Session) -> AsyncIterator[Check]:
    steps: list[Callable[[Session], Awaitable[list[Check]]]] = [
        _check_namespace,
        _check_search_attributes,
        _check_clock,
        _check_workers,
        _check_keys,
        _check_credentials,
    ]
    for step in steps:
        try:
            for check in await step(session):
                yield check
        except RPCError as error:
            name = step.__name__.removeprefix("_check_").replace("_", " ")
            yield Check(name=name, ok=False, found=f"Temporal rejected the call: {error.message}")


async def _check_namespace(session: Session) -> list[Check]:
    namespace = session.temporal.namespace
    response = await session.temporal.workflow_service.describe_namespace(
        DescribeNamespaceRequest(namespace=namespace)
    )
    retention = response.config.workflow_execution_retention_ttl.ToTimedelta()
    found = f"{namespace} keeps ended workflows for {format_duration(retention.total_seconds())}"
    return [Check(name="namespace", ok=True, found=found)]


async def _check_search_attributes(session: Session) -> list[Check]:
    response = await session.temporal.operator_service.list_search_attributes(
        ListSearchAttributesRequest(namespace=session.temporal.namespace)
    )
    missing = [
        key.name for key in names.SEARCH_ATTRIBUTES if key.name not in response.custom_attributes
    ]
    return [
        Check(
            name="search attributes",
            ok=not missing,
            found=f"missing: {', '.join(missing)}" if missing else "all registered",
            remedy="register them with: python -m worker search-attributes",
        )
    ]


async def _check_clock(session: Session) -> list[Check]:
    read = await read_server_time(session.temporal)
    if read is None:
        found = "not compared with Temporal's: this client may not poll task queues"
        return [Check(name="clock", ok=True, found=found)]
    difference = read.difference
    ahead = format_duration(abs(difference).total_seconds())
    return [
        Check(
            name="clock",
            ok=abs(difference) <= MAX_CLOCK_DIFFERENCE,
            found=f"this machine's is at least {ahead} "
            f"{'ahead of' if difference > timedelta() else 'behind'} Temporal's"
            if difference
            else "agrees with Temporal's",
            remedy="compare both with a third one, and synchronize the wrong one (NTP)",
        )
    ]


async def _check_workers(session: Session) -> list[Check]:
    checks = []
    read = await read_server_time(session.temporal)
    now = read.server if read else datetime.now(UTC)
    for queue, kind in (
        (names.TASK_QUEUE, TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW),
        (names.API_TASK_QUEUE, TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY),
    ):
        response = await session.temporal.workflow_service.describe_task_queue(
            DescribeTaskQueueRequest(
                namespace=session.temporal.namespace,
                task_queue=TaskQueue(name=queue),
                task_queue_type=kind,
            )
        )
        seen = {
            poller.identity: poller.last_access_time.ToDatetime(UTC) for poller in response.pollers
        }
        builds = {
            poller.deployment_options.build_id or poller.worker_version_capabilities.build_id
            for poller in response.pollers
        }
        active = [identity for identity, at in seen.items() if now - at < MAX_IDLE]
        build = ", ".join(sorted(builds - {""}))
        checks.append(
            Check(
                name=f"workers on {queue}",
                ok=bool(active),
                found=f"{len(active)} polling{f', build {build}' if build else ''}"
                if active
                else "none is polling",
                remedy="start one: python -m worker",
            )
        )
    return checks


async def _check_keys(session: Session) -> list[Check]:
    """Compares our keys with those that the workers have recorded.

    Where there is no record, or this client may not read it, the payload keys are compared with
    those under which workflows are encrypted.
    """
    ours, workers = session.keys, session.worker_keys
    if workers is None:
        used = await _used_keys(session)
        workers = KeyRecord(ours.id_key, tuple(sorted(used)))
        same = used <= {*ours.payload_keys}
    else:
        same = ours.can_exchange_payloads(workers)
    return [
        _compare("payload keys", ours.shown_payload_keys, workers.shown_payload_keys, same),
        _compare("id key", ours.id_key, workers.id_key, ours.id_key == workers.id_key),
    ]


def _compare(name: str, ours: str, workers: str, same: bool) -> Check:
    option = f"--{name.replace(' ', '-')}-file"
    return Check(
        name=name,
        ok=same,
        found=ours if same else f"this command has {ours}, the workers have {workers}",
        remedy=f"give the worker's with {option} ({VARIABLES[option]})",
    )


async def _check_credentials(session: Session) -> list[Check]:
    """Whether calls wait because Telegent rejects the credentials, which only the workers have."""
    service, namespace = session.temporal.workflow_service, session.temporal.namespace
    running = await service.list_workflow_executions(
        ListWorkflowExecutionsRequest(
            namespace=namespace, query='ExecutionStatus = "Running"', page_size=MAX_WORKFLOWS
        )
    )
    rejected = 0
    for found in running.executions:
        calls = await find_failing_calls(session.temporal, found.execution.workflow_id)
        latest = await service.get_workflow_execution_history_reverse(
            GetWorkflowExecutionHistoryReverseRequest(
                namespace=namespace, execution=found.execution, maximum_page_size=RECENT_EVENTS
            )
        )
        # Reads are repeated by Temporal; a create is sent again by the workflow.
        failures = [
            *(call.failure for call in calls),
            *(
                event.activity_task_failed_event_attributes.failure.application_failure_info.type
                for event in latest.history.events
            ),
        ]
        rejected += names.CREDENTIALS_REJECTED_FAILURE in failures
    return [
        Check(
            name="Telegent credentials",
            ok=not rejected,
            found=f"Telegent rejects those of the workers: {rejected} workflows wait for it"
            if rejected
            else "no running workflow reports that they are rejected",
            remedy="correct TELEGENT_ACCOUNT_KEY and TELEGENT_ACCOUNT_SECRET of the workers, and "
            "restart these",
        )
    ]


async def _used_keys(session: Session) -> set[str]:
    """Labels of the keys in the memos of running workflows."""
    response = await session.temporal.workflow_service.list_workflow_executions(
        ListWorkflowExecutionsRequest(
            namespace=session.temporal.namespace,
            query=f'WorkflowType IN ("{names.ONBOARDING_WORKFLOW}", "{names.PORT_IN_WORKFLOW}") '
            'AND ExecutionStatus = "Running"',
            page_size=MAX_WORKFLOWS,
        )
    )
    return {
        ":".join(
            payload.metadata.get(name, b"").decode(errors="replace")
            for name in ("encryption-key-id", "encryption-key-fingerprint")
        )
        for execution in response.executions
        for payload in execution.memo.fields.values()
        if payload.metadata.get("encoding") == encryption.ENCODING
    }
