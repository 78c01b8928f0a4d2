"""`telegent port-in start` and `status`: a port-in, of an onboarding or started alone."""

import asyncio
from typing import Annotated

import typer
from pydantic import TypeAdapter, ValidationError

from telegent_orchestrator._models import E164
from telegent_orchestrator.cli.connection import UNENCRYPTED, Connection, House
from telegent_orchestrator.cli.input import File, Secrets, Sets, request
from telegent_orchestrator.cli.live import clock_at, port_in_display
from telegent_orchestrator.cli.output import AsJson, Output
from telegent_orchestrator.cli.rendering import port_in_panel
from telegent_orchestrator.cli.results import Advice, Exit, Started, Stop
from telegent_orchestrator.cli.views import PortInView, port_in_view
from telegent_orchestrator.cli.watching import Watch, watched, within_patience
from telegent_orchestrator.client import PortInHandle
from telegent_orchestrator.port_in import PortInRequest

WORKFLOW_IDS = "port-in-"
"""How ids of port-ins begin; numbers begin with a plus sign."""

Number = Annotated[
    str,
    typer.Argument(
        metavar="NUMBER", help="Phone number such as +18015550142, or an id that `list` shows."
    ),
]


def start(
    context: typer.Context,
    file: File,
    watch: Watch = False,
    sets: Sets = None,
    secrets: Secrets = None,
    as_json: AsJson = False,
) -> None:
    """Start a port-in, or join the one of the same number."""
    with Output(as_json) as say:
        wanted = request(PortInRequest, file, sets, secrets)
        raise typer.Exit(asyncio.run(_start(context.obj, wanted, watch, say)))


def status(
    context: typer.Context, number: Number, watch: Watch = False, as_json: AsJson = False
) -> None:
    """Show how far a port-in is, who did what, and what to do next."""
    with Output(as_json) as say:
        raise typer.Exit(asyncio.run(_status(context.obj, number, watch, say)))


def port_in_of(number: str, house: House) -> PortInHandle:
    """The port-in of this number or with this id. Raises Stop when it is neither."""
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


def unknown(number: str, connection: Connection) -> Stop:
    """What to say when there is no such port-in."""
    there = connection.command("list", "--type", "port-in")
    return Stop(
        f"there is no port-in of {number} in this namespace, or the key for ids "
        "(--id-key-file, TELEGENT_ID_KEY_FILE) is not the worker's",
        Exit.USAGE,
        next_steps=[Advice(why="see which there are with:", commands=[there])],
    )


def watch_it(number: str, connection: Connection) -> Advice:
    """How to follow what comes of it."""
    command = connection.command("port-in", "status", number, "--watch")
    return Advice(why="watch it with:", commands=[command])


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
            return await _watch(handle, number, house, say)
    next_step = watch_it(number, connection)
    say.done(
        f"the port-in of {number} {'was there' if handle.joined else 'has started'}",
        Started(workflow_id=handle.id, joined=handle.joined, next=[next_step]),
    )
    return Exit.DONE


async def _status(connection: Connection, number: str, watch: bool, say: Output) -> Exit:
    async with connection.open(unknown(number, connection)) as house:
        handle = port_in_of(number, house)
        if watch:
            return await _watch(handle, number, house, say)
        view = await within_patience(port_in_view(handle, house))
    if say.as_json:
        say.document(view)
    else:
        name = f"port-in of {view.status.phone_number}"
        say.show(port_in_panel(name, view.status, len(view.status.timeline)))
        _summary(view, say)
    return view.state.exit


async def _watch(handle: PortInHandle, number: str, house: House, say: Output) -> Exit:
    began = clock_at((await handle.execution()).started_at)
    again = house.command("port-in", "status", number, "--watch")
    views = watched(lambda: port_in_view(handle, house), say.note, again)
    if say.as_json:
        async for view in views:
            say.document(view, one_line=True)
        return view.state.exit
    with port_in_display(say.console, began) as show:
        async for view in views:
            show(view.status)
    _summary(view, say)
    return view.state.exit


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
