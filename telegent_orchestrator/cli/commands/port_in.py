"""`tgo port-in`: a port-in that was started alone or by an onboarding."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated

import typer
from pydantic import JsonValue

from telegent_orchestrator.cli.connection import UNENCRYPTED_WARNING, Connection, Session
from telegent_orchestrator.cli.input import (
    By,
    CorrectionSecretOptions,
    CorrectionSetOptions,
    File,
    PortInSecretOptions,
    PortInSetOptions,
    Reason,
    build_message,
    load_request,
)
from telegent_orchestrator.cli.live import monotonic_at, port_in_display
from telegent_orchestrator.cli.naming import Number, find_by_number, not_found, watch_hint
from telegent_orchestrator.cli.next_steps import port_in_next_steps
from telegent_orchestrator.cli.output import AsJson, AsJsonLines, Output
from telegent_orchestrator.cli.port_in_checks import check_port_in, describe_start
from telegent_orchestrator.cli.rendering import port_in_panel
from telegent_orchestrator.cli.results import (
    CommandError,
    ExitStatus,
    MessageResult,
    NextStep,
)
from telegent_orchestrator.cli.views import PortInView, port_in_view
from telegent_orchestrator.cli.watching import Watch, watch_views, with_timeout
from telegent_orchestrator.client import MessageRejectedError, PortInHandle
from telegent_orchestrator.client.executions import WorkflowKind
from telegent_orchestrator.port_in import (
    OperatorAction,
    OperatorDecision,
    PortInCancel,
    PortInCorrection,
    PortInNote,
    PortInRequest,
    PortState,
)

Action = Annotated[
    OperatorAction,
    typer.Argument(
        metavar="ACTION",
        show_choices=False,
        help="mark_done: whatever the order shows, the number has arrived: bind it\n\n"
        "retry_now: if the submit's outcome is unknown, submit again; after a rejection, send "
        "the data again as they are; if a cancel is not confirmed, request it again; while the "
        "carrier acts, poll the order now\n\n"
        "replace_data: like `port-in correct`, with --set, --secret or --file; also accepted "
        "when the carrier has rejected the order too often for `port-in correct`\n\n"
        "attach_order: continue with the order given by --order, for example when the "
        "response to the submit was lost\n\n"
        "restart: cancel the order, then submit a new one\n\n"
        "abandon: end the port-in, and leave the order at Telegent as it is",
    ),
]
Send = Callable[[PortInHandle], Awaitable[PortState | None]]


def start(
    context: typer.Context,
    file: File,
    watch: Watch = False,
    sets: PortInSetOptions = None,
    secrets: PortInSecretOptions = None,
    as_json: AsJsonLines = False,
) -> None:
    """Start a port-in, or join the one that is open or completed.

    Joining needs the same request, unless an onboarding has started it.
    """
    with Output(as_json) as output:
        request = load_request(PortInRequest, file, sets, secrets)
        for notice in describe_start(check_port_in(request.details)):
            output.notice(notice)
        raise typer.Exit(asyncio.run(_start(context.obj, request, watch, output)))


def status(
    context: typer.Context, number: Number, watch: Watch = False, as_json: AsJsonLines = False
) -> None:
    """Show the state of a port-in, its timeline, and what to do next."""
    with Output(as_json) as output:
        raise typer.Exit(asyncio.run(_status(context.obj, number, watch, output)))


def correct(
    context: typer.Context,
    number: Number,
    file: Annotated[
        str | None,
        typer.Argument(metavar="FILE", help="JSON file of new values, or `-` for standard input."),
    ] = None,
    sets: CorrectionSetOptions = None,
    secrets: CorrectionSecretOptions = None,
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Send missing or corrected data; fields that are left out keep their values."""
    with Output(as_json) as output:
        correction = load_request(PortInCorrection, file, sets, secrets, by=by)
        _send(context.obj, number, lambda port_in: port_in.correct(correction), output)


def cancel(
    context: typer.Context, number: Number, reason: Reason, by: By = None, as_json: AsJson = False
) -> None:
    """Request the cancellation of a port-in. It may still complete: check its status."""
    with Output(as_json) as output:
        command = build_message(PortInCancel, by=by, reason=reason)
        _send(context.obj, number, lambda port_in: port_in.cancel(command), output)


def decide(
    context: typer.Context,
    number: Number,
    action: Action,
    reason: Reason,
    file: Annotated[
        str | None, typer.Option("--file", help="JSON file of a correction; for replace_data.")
    ] = None,
    sets: CorrectionSetOptions = None,
    secrets: CorrectionSecretOptions = None,
    order_id: Annotated[
        str | None, typer.Option("--order", help="Telegent's order id; for attach_order.")
    ] = None,
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Decide as an operator, when a correction is not enough."""
    with Output(as_json) as output:
        data: JsonValue = None
        if action is OperatorAction.REPLACE_DATA:
            correction = load_request(PortInCorrection, file, sets, secrets, by=by)
            data = correction.model_dump(mode="json", exclude_none=True)
        elif file or sets or secrets:
            raise CommandError(
                f"{action.value} takes no data: only replace_data does", ExitStatus.USAGE
            )
        decision = build_message(
            OperatorDecision,
            action=action.value,
            order_id=order_id,
            correction=data,
            by=by,
            reason=reason,
        )
        _send(context.obj, number, lambda port_in: port_in.decide(decision), output)


def note(
    context: typer.Context,
    number: Number,
    text: Annotated[
        str, typer.Argument(metavar="TEXT", help="The note: no secrets, no personal data.")
    ],
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Add a note to the timeline of an open port-in, for example a ticket id."""
    with Output(as_json) as output:
        message = build_message(PortInNote, note=text, by=by)
        _send(context.obj, number, lambda port_in: port_in.add_note(message), output)


def _find(number: str, session: Session) -> PortInHandle:
    orchestrator = session.orchestrator
    return find_by_number(
        number, WorkflowKind.PORT_IN, session, orchestrator.port_in, orchestrator.port_in_by_id
    )


def _watch_hint(number: str, connection: Connection) -> NextStep:
    return watch_hint(connection, "port-in", "status", number)


async def _start(
    connection: Connection, request: PortInRequest, watch: bool, output: Output
) -> ExitStatus:
    number = request.details.phone_number
    async with connection.open() as session:
        session.require_same_id_key()
        if not session.encrypts:
            output.notice(UNENCRYPTED_WARNING)
        handle = await session.orchestrator.start_port_in(request)
        if handle.joined:
            output.notice(f"a port-in of {number} exists: joined it")
        if watch:
            return await _watch(handle, number, session, output)
    return output.started(f"port-in of {number}", handle, _watch_hint(number, connection))


async def _status(connection: Connection, number: str, watch: bool, output: Output) -> ExitStatus:
    async with connection.open(not_found(number, WorkflowKind.PORT_IN, connection)) as session:
        handle = _find(number, session)
        if watch:
            return await _watch(handle, number, session, output)
        view = await with_timeout(port_in_view(handle, session))
    if output.as_json:
        output.document(view)
    else:
        name = f"port-in of {view.status.phone_number}"
        entries = len(view.status.timeline)
        output.show(port_in_panel(name, view.status, entries, view.failing_calls))
        _print_summary(view, output)
    return view.state.exit_status


async def _watch(handle: PortInHandle, number: str, session: Session, output: Output) -> ExitStatus:
    started = monotonic_at((await handle.execution()).started_at)
    watch_command = session.command("port-in", "status", number, "--watch")
    views = watch_views(lambda: port_in_view(handle, session), output.notice, watch_command)
    if output.as_json:
        async for view in views:
            output.document(view, single_line=True)
        return view.state.exit_status
    with port_in_display(output.console, started) as show:
        async for view in views:
            show(view.status, view.failing_calls)
    _print_summary(view, output)
    return view.state.exit_status


def _print_summary(view: PortInView, output: Output) -> None:
    """State, order, eSIM, next poll, next deadline, errors, and what to do next."""
    port = view.status
    output.show("", f"port-in of {port.phone_number}: {view.state.value}, {port.state.value}")
    if port.order_id:
        output.show(f"  order {port.order_id}, Telegent says: {port.vendor_message}")
    if port.activation_code:
        output.show(f"  eSIM {port.activation_code}")
    if view.next_poll_at:
        output.show(f"  next poll of the order: {view.next_poll_at.astimezone():%Y-%m-%d %H:%M:%S}")
    if port.next_deadline:
        deadline = port.next_deadline.astimezone()
        output.show(f"  next deadline: {port.next_deadline_name}, {deadline:%Y-%m-%d %H:%M}")
    output.show(*(f"  {error}" for error in view.errors))
    output.show_next_steps(view.next)


def _send(connection: Connection, number: str, send: Send, output: Output) -> None:
    result = asyncio.run(_send_message(connection, number, send))
    state = f" in state {result.state_before}" if result.state_before else ""
    output.result(f"accepted by the port-in{state}", result)


async def _send_message(connection: Connection, number: str, send: Send) -> MessageResult:
    async with connection.open(not_found(number, WorkflowKind.PORT_IN, connection)) as session:
        port_in = _find(number, session)
        # Query first: without the worker's keys this fails, before a secret is sent unencrypted.
        await with_timeout(port_in.status())
        try:
            state_before = await with_timeout(send(port_in))
        except MessageRejectedError as error:
            status = await port_in.status()
            raise CommandError(
                f"rejected: {error}",
                ExitStatus.FAILED,
                next_steps=port_in_next_steps(status, port_in.id, session),
            ) from error
    return MessageResult(
        workflow_id=port_in.id, state_before=state_before, next=[_watch_hint(number, connection)]
    )
