"""`tgo port-in correct`, `cancel`, `attach`, `decide`: what people tell a port-in."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated

import typer
from pydantic import JsonValue

from telegent_orchestrator.cli.commands.port_in import Number, find_port_in, not_found, watch_hint
from telegent_orchestrator.cli.connection import Connection
from telegent_orchestrator.cli.input import (
    By,
    Reason,
    SecretOptions,
    SetOptions,
    build_message,
    load_request,
)
from telegent_orchestrator.cli.next_steps import port_in_next_steps
from telegent_orchestrator.cli.output import AsJson, Output
from telegent_orchestrator.cli.results import CommandError, ExitStatus, MessageResult
from telegent_orchestrator.cli.watching import with_timeout
from telegent_orchestrator.client import MessageRejectedError, PortInHandle
from telegent_orchestrator.port_in import (
    AttachOrder,
    OperatorAction,
    OperatorDecision,
    PortInCancel,
    PortInCorrection,
    PortState,
)

Send = Callable[[PortInHandle], Awaitable[PortState | None]]


def correct(
    context: typer.Context,
    number: Number,
    file: Annotated[
        str | None,
        typer.Argument(metavar="[FILE]", help="JSON file with new values; `-`: standard input."),
    ] = None,
    sets: SetOptions = None,
    secrets: SecretOptions = None,
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Send missing or corrected data; what is not given stays as it is."""
    with Output(as_json) as output:
        correction = load_request(PortInCorrection, file, sets, secrets, by=by)
        _send(context.obj, number, lambda port: port.correct(correction), output)


def cancel(
    context: typer.Context, number: Number, reason: Reason, by: By = None, as_json: AsJson = False
) -> None:
    """Ask to cancel. Completion may be faster: the status tells."""
    with Output(as_json) as output:
        command = build_message(PortInCancel, by=by, reason=reason)
        _send(context.obj, number, lambda port: port.cancel(command), output)


def attach(
    context: typer.Context,
    number: Number,
    order_id: Annotated[str, typer.Argument(metavar="ORDER", help="Telegent's id of the order.")],
    reason: Reason,
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Name the order of a submit that was never answered."""
    with Output(as_json) as output:
        order = build_message(AttachOrder, order_id=order_id, by=by, reason=reason)
        _send(context.obj, number, lambda port: port.attach_order(order), output)


def decide(
    context: typer.Context,
    number: Number,
    action: Annotated[
        OperatorAction,
        typer.Argument(help="What to do; replace_data takes --set, --secret or --file."),
    ],
    reason: Reason,
    file: Annotated[
        str | None, typer.Option("--file", help="JSON file of a correction; for replace_data.")
    ] = None,
    sets: SetOptions = None,
    secrets: SecretOptions = None,
    order_id: Annotated[
        str | None, typer.Option("--order", help="Telegent's id of the order; for attach_order.")
    ] = None,
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Decide as an operator, where data alone do not help."""
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
        _send(context.obj, number, lambda port: port.resolve(decision), output)


def _send(connection: Connection, number: str, send: Send, output: Output) -> None:
    result = asyncio.run(_send_message(connection, number, send))
    output.result(
        f"taken by a port-in that was {result.state_before}" if result.state_before else "taken",
        result,
    )


async def _send_message(connection: Connection, number: str, send: Send) -> MessageResult:
    async with connection.open(not_found(number, connection)) as session:
        port_in = find_port_in(number, session)
        # Who cannot read what the worker encrypts would send secrets in the clear, so look first.
        await with_timeout(port_in.status())
        try:
            state_before = await with_timeout(send(port_in))
        except MessageRejectedError as error:
            now = await port_in.status()
            raise CommandError(
                f"refused: {error}",
                ExitStatus.FAILED,
                next_steps=port_in_next_steps(now, port_in.id, session),
            ) from error
    return MessageResult(
        workflow_id=port_in.id, state_before=state_before, next=[watch_hint(number, connection)]
    )
