"""`telegent port-in update`, `cancel`, `attach`, `decide`: what people tell a port-in."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated

import typer
from pydantic import JsonValue

from telegent_orchestrator.cli.commands.port_in import Number, port_in_of, unknown, watch_it
from telegent_orchestrator.cli.connection import Connection
from telegent_orchestrator.cli.input import By, Reason, Secrets, Sets, message, request
from telegent_orchestrator.cli.next_steps import advice_for_port_in
from telegent_orchestrator.cli.output import AsJson, Output
from telegent_orchestrator.cli.results import Exit, Stop, Taken
from telegent_orchestrator.cli.watching import within_patience
from telegent_orchestrator.client import NotTakenError, PortInHandle
from telegent_orchestrator.port_in import (
    AttachOrder,
    OperatorResolve,
    PortInCancel,
    PortInCorrection,
    PortState,
    Resolve,
)

Send = Callable[[PortInHandle], Awaitable[PortState | None]]


def update(
    context: typer.Context,
    number: Number,
    file: Annotated[
        str | None,
        typer.Argument(metavar="[FILE]", help="JSON file with new values; `-`: standard input."),
    ] = None,
    sets: Sets = None,
    secrets: Secrets = None,
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Send missing or corrected data; what is not given stays as it is."""
    with Output(as_json) as say:
        correction = request(PortInCorrection, file, sets, secrets, by=by)
        _send(context.obj, number, lambda port: port.correct(correction), say)


def cancel(
    context: typer.Context, number: Number, reason: Reason, by: By = None, as_json: AsJson = False
) -> None:
    """Ask to cancel. Completion may be faster: the status tells."""
    with Output(as_json) as say:
        wish = message(PortInCancel, by=by, reason=reason)
        _send(context.obj, number, lambda port: port.cancel(wish), say)


def attach(
    context: typer.Context,
    number: Number,
    order_id: Annotated[str, typer.Argument(metavar="ORDER", help="Telegent's id of the order.")],
    reason: Reason,
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Name the order of a submit that was never answered."""
    with Output(as_json) as say:
        order = message(AttachOrder, order_id=order_id, by=by, reason=reason)
        _send(context.obj, number, lambda port: port.attach_order(order), say)


def decide(
    context: typer.Context,
    number: Number,
    action: Annotated[
        Resolve, typer.Argument(help="What to do; replace_data takes --set, --secret or --file.")
    ],
    reason: Reason,
    file: Annotated[
        str | None, typer.Option("--file", help="JSON file of a correction; for replace_data.")
    ] = None,
    sets: Sets = None,
    secrets: Secrets = None,
    order_id: Annotated[
        str | None, typer.Option("--order", help="Telegent's id of the order; for attach_order.")
    ] = None,
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Decide as an operator, where data alone do not help."""
    with Output(as_json) as say:
        data: JsonValue = None
        if action is Resolve.REPLACE_DATA:
            correction = request(PortInCorrection, file, sets, secrets, by=by)
            data = correction.model_dump(mode="json", exclude_none=True)
        elif file or sets or secrets:
            raise Stop(f"{action.value} takes no data: only replace_data does", Exit.USAGE)
        decision = message(
            OperatorResolve,
            action=action.value,
            order_id=order_id,
            correction=data,
            by=by,
            reason=reason,
        )
        _send(context.obj, number, lambda port: port.decide(decision), say)


def _send(connection: Connection, number: str, send: Send, say: Output) -> None:
    taken = asyncio.run(_sent(connection, number, send))
    say.done(f"taken by a port-in that was {taken.met}" if taken.met else "taken", taken)


async def _sent(connection: Connection, number: str, send: Send) -> Taken:
    async with connection.open(unknown(number, connection)) as house:
        port_in = port_in_of(number, house)
        # Who cannot read what the worker encrypts would send secrets in the clear, so look first.
        await within_patience(port_in.status())
        try:
            met = await within_patience(send(port_in))
        except NotTakenError as error:
            now = await port_in.status()
            raise Stop(
                f"refused: {error}",
                Exit.FAILED,
                next_steps=advice_for_port_in(now, port_in.id, house),
            ) from error
    return Taken(workflow_id=port_in.id, met=met, next=[watch_it(number, connection)])
