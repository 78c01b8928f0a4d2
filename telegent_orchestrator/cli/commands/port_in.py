"""`tgo port-in start` and `status`: a port-in, of an onboarding or started alone."""

import asyncio
from typing import Annotated

import typer
from pydantic import TypeAdapter, ValidationError

from telegent_orchestrator._models import E164
from telegent_orchestrator.cli.connection import UNENCRYPTED_WARNING, Connection, Session
from telegent_orchestrator.cli.input import File, SecretOptions, SetOptions, load_request
from telegent_orchestrator.cli.live import monotonic_at, port_in_display
from telegent_orchestrator.cli.output import AsJson, Output
from telegent_orchestrator.cli.rendering import port_in_panel
from telegent_orchestrator.cli.results import CommandError, ExitStatus, NextStep, StartResult
from telegent_orchestrator.cli.views import PortInView, port_in_view
from telegent_orchestrator.cli.watching import Watch, watch_views, with_timeout
from telegent_orchestrator.client import PortInHandle
from telegent_orchestrator.port_in import PortInRequest

WORKFLOW_ID_PREFIX = "port-in-"
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
    sets: SetOptions = None,
    secrets: SecretOptions = None,
    as_json: AsJson = False,
) -> None:
    """Start a port-in, or join the one of the same number."""
    with Output(as_json) as output:
        request = load_request(PortInRequest, file, sets, secrets)
        raise typer.Exit(asyncio.run(_start(context.obj, request, watch, output)))


def status(
    context: typer.Context, number: Number, watch: Watch = False, as_json: AsJson = False
) -> None:
    """Show how far a port-in is, who did what, and what to do next."""
    with Output(as_json) as output:
        raise typer.Exit(asyncio.run(_status(context.obj, number, watch, output)))


def find_port_in(number: str, session: Session) -> PortInHandle:
    """The port-in of this number or with this id. Raises CommandError when it is neither."""
    if number.startswith(WORKFLOW_ID_PREFIX):
        return session.orchestrator.port_in_by_id(number)
    try:
        return session.orchestrator.port_in(TypeAdapter(E164).validate_python(number))
    except ValidationError:
        raise CommandError(
            f"{number} is neither a phone number such as +18015550142 nor an id such as "
            f"{WORKFLOW_ID_PREFIX}…",
            ExitStatus.USAGE,
        ) from None


def not_found(number: str, connection: Connection) -> CommandError:
    """What to say when there is no such port-in."""
    list_command = connection.command("list", "--type", "port-in")
    return CommandError(
        f"there is no port-in of {number} in this namespace, or the key for ids "
        "(--id-key-file, TELEGENT_ID_KEY_FILE) is not the worker's",
        ExitStatus.USAGE,
        next_steps=[NextStep(reason="see which there are with:", commands=[list_command])],
    )


def watch_hint(number: str, connection: Connection) -> NextStep:
    """How to follow what comes of it."""
    command = connection.command("port-in", "status", number, "--watch")
    return NextStep(reason="watch it with:", commands=[command])


async def _start(
    connection: Connection, request: PortInRequest, watch: bool, output: Output
) -> ExitStatus:
    number = request.details.phone_number
    async with connection.open() as session:
        if not session.encrypts:
            output.notice(UNENCRYPTED_WARNING)
        handle = await session.orchestrator.start_port_in(request)
        if handle.joined:
            output.notice(
                f"there is a port-in of {number} already: it is joined, and this request is not "
                "used"
            )
        if watch:
            return await _watch(handle, number, session, output)
    next_step = watch_hint(number, connection)
    output.result(
        f"the port-in of {number} {'was there' if handle.joined else 'has started'}",
        StartResult(workflow_id=handle.id, joined=handle.joined, next=[next_step]),
    )
    return ExitStatus.DONE


async def _status(connection: Connection, number: str, watch: bool, output: Output) -> ExitStatus:
    async with connection.open(not_found(number, connection)) as session:
        handle = find_port_in(number, session)
        if watch:
            return await _watch(handle, number, session, output)
        view = await with_timeout(port_in_view(handle, session))
    if output.as_json:
        output.document(view)
    else:
        name = f"port-in of {view.status.phone_number}"
        output.show(port_in_panel(name, view.status, len(view.status.timeline)))
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
            show(view.status)
    _print_summary(view, output)
    return view.state.exit_status


def _print_summary(view: PortInView, output: Output) -> None:
    """How it stands in a sentence, when it is looked at next, and what to do next."""
    port = view.status
    output.show("", f"port-in of {port.phone_number}: {view.state.value}, {port.state.value}")
    if port.order_id:
        output.show(f"  order {port.order_id}, Telegent says: {port.vendor_message}")
    if view.next_poll_at:
        output.show(f"  next look at the order: {view.next_poll_at.astimezone():%Y-%m-%d %H:%M:%S}")
    if port.next_deadline:
        deadline = port.next_deadline.astimezone()
        output.show(f"  next deadline: {port.next_deadline_name}, {deadline:%Y-%m-%d %H:%M}")
    output.show(*(f"  {error}" for error in view.errors))
    output.show_next_steps(view.next)
