"""`tgo port-out`: a subscriber leaves to another carrier with the number."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated

import typer
from pydantic import JsonValue

from telegent_orchestrator.cli.connection import UNENCRYPTED_WARNING, Connection, Session
from telegent_orchestrator.cli.input import (
    By,
    PinOption,
    Reason,
    apply_secrets,
    build_message,
)
from telegent_orchestrator.cli.naming import Number, find_by_number, not_found, watch_hint
from telegent_orchestrator.cli.output import AsJson, AsJsonLines, Output
from telegent_orchestrator.cli.results import (
    CommandError,
    ExitStatus,
    MessageResult,
    NextStep,
)
from telegent_orchestrator.cli.views import PortOutView, port_out_view
from telegent_orchestrator.cli.watching import Watch, watch_views, with_timeout
from telegent_orchestrator.client import MessageRejectedError, RequestConflictError
from telegent_orchestrator.client.executions import WorkflowKind
from telegent_orchestrator.client.port_out import PortOutClient, PortOutHandle
from telegent_orchestrator.port_out import (
    ConfirmDeparture,
    PortOutCancel,
    PortOutPin,
    PortOutRequest,
    PortOutState,
    RevealPin,
)

Send = Callable[[PortOutHandle], Awaitable[PortOutState]]


def start(
    context: typer.Context,
    number: Annotated[
        str, typer.Argument(metavar="NUMBER", help="Phone number such as +18015550123.")
    ],
    authentication: Annotated[
        str,
        typer.Option(
            "--authentication",
            help="Id, in your records, of the proof that you authenticated the subscriber; no "
            "personal data.",
        ),
    ],
    subscription: Annotated[
        str | None,
        typer.Option(
            "--subscription",
            help="Telegent's id of the number's subscription. It is closed when the number has "
            "left, unless --keep-subscription is given.",
        ),
    ] = None,
    keep: Annotated[
        bool, typer.Option("--keep-subscription", help="Do not close the subscription.")
    ] = False,
    secrets: PinOption = None,
    by: By = None,
    watch: Watch = False,
    as_json: AsJsonLines = False,
) -> None:
    """Start a port-out: set a PIN, by default a random one, that the gaining carrier must quote."""
    with Output(as_json) as output:
        fields: dict[str, JsonValue] = {
            "phone_number": number,
            "authentication_reference": authentication,
            "subscription_id": subscription,
            "after_port_out": "keep" if keep else None,
        }
        apply_secrets(fields, secrets)
        request = build_message(PortOutRequest, by=by, **fields)
        raise typer.Exit(asyncio.run(_start(context.obj, request, watch, output)))


def status(
    context: typer.Context, number: Number, watch: Watch = False, as_json: AsJsonLines = False
) -> None:
    """Show the state of a port-out and its timeline, without the PIN."""
    with Output(as_json) as output:
        raise typer.Exit(asyncio.run(_status(context.obj, number, watch, output)))


def pin(
    context: typer.Context, number: Number, reason: Reason, by: By = None, as_json: AsJson = False
) -> None:
    """Show the PIN, to tell it to the subscriber. The timeline keeps who saw it, and why."""
    with Output(as_json) as output:
        message = build_message(RevealPin, by=by, reason=reason)
        revealed = asyncio.run(_reveal(context.obj, number, message))
        if output.as_json:
            output.document(revealed)
        else:
            output.show(revealed.pin)


def confirm_departure(
    context: typer.Context, number: Number, reason: Reason, by: By = None, as_json: AsJson = False
) -> None:
    """Confirm that the number has left, when Telegent does not show that."""
    with Output(as_json) as output:
        message = build_message(ConfirmDeparture, by=by, reason=reason)
        _send(context.obj, number, lambda port_out: port_out.confirm_departure(message), output)


def cancel(
    context: typer.Context, number: Number, reason: Reason, by: By = None, as_json: AsJson = False
) -> None:
    """Request to keep the number. It may still leave: check the status."""
    with Output(as_json) as output:
        message = build_message(PortOutCancel, by=by, reason=reason)
        _send(context.obj, number, lambda port_out: port_out.cancel(message), output)


def client_of(session: Session) -> PortOutClient:
    """The client for port-outs. Raises CommandError if the id key is not the worker's."""
    session.require_same_id_key()
    return PortOutClient(session.temporal, id_key=session.id_key)


def _find(number: str, session: Session) -> PortOutHandle:
    client = PortOutClient(session.temporal, id_key=session.id_key)
    return find_by_number(number, WorkflowKind.PORT_OUT, session, client.get, client.get_by_id)


def _watch_hint(number: str, connection: Connection) -> NextStep:
    return watch_hint(connection, "port-out", "status", number)


async def _start(
    connection: Connection, request: PortOutRequest, watch: bool, output: Output
) -> ExitStatus:
    number = request.phone_number
    async with connection.open() as session:
        if not session.encrypts:
            output.notice(UNENCRYPTED_WARNING)
        try:
            handle = await client_of(session).start(request)
        except RequestConflictError as error:
            raise CommandError(
                f"another port-out of {number} is open: {error}",
                ExitStatus.USAGE,
                next_steps=[_watch_hint(number, connection)],
            ) from None
        if watch:
            return await _watch(handle, number, session, output)
    return output.started(f"port-out of {number}", handle, _watch_hint(number, connection))


async def _status(connection: Connection, number: str, watch: bool, output: Output) -> ExitStatus:
    async with connection.open(not_found(number, WorkflowKind.PORT_OUT, connection)) as session:
        handle = _find(number, session)
        if watch:
            return await _watch(handle, number, session, output)
        view = await with_timeout(port_out_view(handle, session))
    _show(view, output)
    return view.state.exit_status


async def _watch(
    handle: PortOutHandle, number: str, session: Session, output: Output
) -> ExitStatus:
    command = session.command("port-out", "status", number, "--watch")
    views = watch_views(lambda: port_out_view(handle, session), output.notice, command)
    async for view in views:
        _show(view, output, single_line=True)
    return view.state.exit_status


def _show(view: PortOutView, output: Output, *, single_line: bool = False) -> None:
    if output.as_json:
        output.document(view, single_line=single_line)
        return
    port = view.status
    output.show(f"port-out of {port.phone_number}: {view.state.value}, {port.state.value}")
    output.show(
        *(
            f"  {entry.at:%Y-%m-%d %H:%M} {entry.by}: {entry.event} {entry.vendor_message}".rstrip()
            for entry in port.timeline
        )
    )
    output.show(*(f"  {call.description}" for call in view.failing_calls))
    output.show(*(f"  {error}" for error in view.errors))
    output.show_next_steps(view.next)


async def _reveal(connection: Connection, number: str, message: RevealPin) -> PortOutPin:
    async with connection.open(not_found(number, WorkflowKind.PORT_OUT, connection)) as session:
        try:
            return await with_timeout(_find(number, session).reveal_pin(message))
        except MessageRejectedError as error:
            raise CommandError(f"rejected: {error}", ExitStatus.FAILED) from error


def _send(connection: Connection, number: str, send: Send, output: Output) -> None:
    result = asyncio.run(_send_message(connection, number, send))
    output.result(f"accepted by the port-out in state {result.state_before}", result)


async def _send_message(connection: Connection, number: str, send: Send) -> MessageResult:
    async with connection.open(not_found(number, WorkflowKind.PORT_OUT, connection)) as session:
        port_out = _find(number, session)
        try:
            state = await with_timeout(send(port_out))
        except MessageRejectedError as error:
            raise CommandError(
                f"rejected: {error}",
                ExitStatus.FAILED,
                next_steps=[_watch_hint(number, connection)],
            ) from error
    return MessageResult(
        workflow_id=port_out.id, state_before=state, next=[_watch_hint(number, connection)]
    )
