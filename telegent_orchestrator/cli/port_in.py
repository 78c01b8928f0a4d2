"""`telegent port-in …`: about single port-ins, whether of an onboarding or started alone."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Annotated

import typer
from pydantic import JsonValue, TypeAdapter, ValidationError

from telegent_orchestrator._payload import E164
from telegent_orchestrator.cli.advice import advice_for_port_in
from telegent_orchestrator.cli.connection import Connection, House
from telegent_orchestrator.cli.live import port_in_display
from telegent_orchestrator.cli.onboarding import UNENCRYPTED, Started, Taken, Watch
from telegent_orchestrator.cli.outcome import Advice, Exit, Stop
from telegent_orchestrator.cli.output import AsJson, Output
from telegent_orchestrator.cli.panels import port_in_panel
from telegent_orchestrator.cli.requests import By, File, Reason, Secrets, Sets, message, request
from telegent_orchestrator.cli.views import PortInView, port_in_view
from telegent_orchestrator.cli.watching import watched, within_patience
from telegent_orchestrator.client import NotTakenError, PortInHandle
from telegent_orchestrator.port_in import (
    AttachOrder,
    OperatorResolve,
    PortInCancel,
    PortInCorrection,
    PortInRequest,
    PortState,
    Resolve,
)

app = typer.Typer(
    help="Bring a number from another carrier: start, watch, correct, decide.",
    no_args_is_help=True,
)
WORKFLOW_IDS = "port-in-"
WHOLE_TIMELINE = 1000

Number = Annotated[
    str,
    typer.Argument(
        metavar="NUMBER", help="Phone number such as +18015550142, or an id that `list` shows."
    ),
]
MaybeFile = Annotated[
    str | None,
    typer.Argument(metavar="[FILE]", help="JSON file with new values; `-`: standard input."),
]


@app.command()
def start(
    context: typer.Context,
    file: File,
    watch: Watch = False,
    sets: Sets = None,
    secrets: Secrets = None,
    as_json: AsJson = False,
) -> None:
    """Start a port-in, or join the one of the same number."""
    connection: Connection = context.obj
    with Output(as_json) as say:
        wanted = request(PortInRequest, file, sets, secrets)
        raise typer.Exit(asyncio.run(_start(connection, wanted, watch, say)))


@app.command()
def status(
    context: typer.Context, number: Number, watch: Watch = False, as_json: AsJson = False
) -> None:
    """Show how far a port-in is, who did what, and what to do next."""
    connection: Connection = context.obj
    with Output(as_json) as say:
        raise typer.Exit(asyncio.run(_status(connection, number, watch, say)))


@app.command()
def update(
    context: typer.Context,
    number: Number,
    file: MaybeFile = None,
    sets: Sets = None,
    secrets: Secrets = None,
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Send missing or corrected data; what is not given stays as it is."""
    with Output(as_json) as say:
        correction = request(PortInCorrection, file, sets, secrets, by=by)
        _send(context.obj, number, lambda port: port.correct(correction), say)


@app.command()
def cancel(
    context: typer.Context, number: Number, reason: Reason, by: By = None, as_json: AsJson = False
) -> None:
    """Ask to cancel. Completion may be faster: the status tells."""
    with Output(as_json) as say:
        wish = message(PortInCancel, by=by, reason=reason)
        _send(context.obj, number, lambda port: port.cancel(wish), say)


@app.command()
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


@app.command()
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


async def _start(connection: Connection, wanted: PortInRequest, watch: bool, say: Output) -> Exit:
    number = wanted.details.phone_number
    async with connection.open() as house:
        if not house.encrypts:
            say.note(UNENCRYPTED)
        handle = await house.orchestrator.start_port_in(wanted)
        if handle.joined:
            say.note(
                f"there is a port-in of {number} already: it is joined, and this request is not "
                "used"
            )
        if watch:
            return await _watch(handle, number, house, connection, say)
    say.done(
        f"the port-in of {number} {'was there' if handle.joined else 'has started'}",
        Started(workflow_id=handle.id, joined=handle.joined, next=[_watch_it(connection, number)]),
    )
    return Exit.DONE


async def _status(connection: Connection, number: str, watch: bool, say: Output) -> Exit:
    async with connection.open(_unknown(connection, number)) as house:
        handle = _port_in(house, number)
        if watch:
            return await _watch(handle, number, house, connection, say)
        view = await within_patience(port_in_view(handle, house, connection))
    if say.as_json:
        say.document(view)
    else:
        say.show(port_in_panel(f"port-in of {number}", view.status, WHOLE_TIMELINE))
        _summary(view, say)
    return view.state.exit


async def _watch(
    handle: PortInHandle, number: str, house: House, connection: Connection, say: Output
) -> Exit:
    execution = await handle.execution()
    began = time.monotonic() - (datetime.now(UTC) - execution.started_at).total_seconds()
    views = watched(
        lambda: port_in_view(handle, house, connection),
        say.note,
        again=connection.command("port-in", "status", number, "--watch"),
    )
    if say.as_json:
        async for view in views:
            say.document(view, one_line=True)
        return view.state.exit
    with port_in_display(say.console, began) as show:
        async for view in views:
            show(view.status)
    _summary(view, say)
    return view.state.exit


def _send(
    connection: Connection,
    number: str,
    send: Callable[[PortInHandle], Awaitable[PortState | None]],
    say: Output,
) -> None:
    taken = asyncio.run(_sent(connection, number, send))
    met = f" by a port-in that was {taken.met}" if taken.met else ""
    say.done(f"taken{met}", taken)


async def _sent(
    connection: Connection,
    number: str,
    send: Callable[[PortInHandle], Awaitable[PortState | None]],
) -> Taken:
    async with connection.open(_unknown(connection, number)) as house:
        port_in = _port_in(house, number)
        # Who cannot read what the worker encrypts would send secrets in the clear, so look first.
        await within_patience(port_in.status())
        try:
            met = await within_patience(send(port_in))
        except NotTakenError as error:
            now = await port_in.status()
            raise Stop(
                f"refused: {error}",
                Exit.FAILED,
                next_steps=advice_for_port_in(now, port_in.id, house.id_key, connection),
            ) from error
    return Taken(workflow_id=port_in.id, met=met, next=[_watch_it(connection, number)])


def _port_in(house: House, number: str) -> PortInHandle:
    if number.startswith(WORKFLOW_IDS):
        return house.orchestrator.port_in_by_id(number)
    try:
        return house.orchestrator.port_in(TypeAdapter(E164).validate_python(number))
    except ValidationError:
        raise Stop(
            f"{number} is neither a phone number such as +18015550142 nor an id such as "
            f"{WORKFLOW_IDS}…",
            Exit.USAGE,
        ) from None


def _summary(view: PortInView, say: Output) -> None:
    """How it stands in a sentence, when it is looked at next, and what to do next."""
    port = view.status
    say.show("", f"port-in of {port.phone_number}: {view.state.value}, {port.state.value}")
    if port.order_id:
        say.show(f"  order {port.order_id}, Telegent says: {port.vendor_words}")
    if view.next_look:
        say.show(f"  next look at the order: {view.next_look.astimezone():%Y-%m-%d %H:%M:%S}")
    if port.next_deadline:
        deadline = port.next_deadline.astimezone()
        say.show(f"  next deadline: {port.next_deadline_name}, {deadline:%Y-%m-%d %H:%M}")
    say.show(*(f"  {fault}" for fault in view.faults))
    say.advise(view.next)


def _watch_it(connection: Connection, number: str) -> Advice:
    command = connection.command("port-in", "status", number, "--watch")
    return Advice(why="watch it with:", commands=[command])


def _unknown(connection: Connection, number: str) -> Stop:
    return Stop(
        f"there is no port-in of {number} in this namespace, or the key for ids "
        "(--id-key-file, TELEGENT_ID_KEY_FILE) is not the worker's",
        Exit.USAGE,
        next_steps=[
            Advice(
                why="see which there are with:",
                commands=[connection.command("list", "--type", "port-in")],
            )
        ],
    )
