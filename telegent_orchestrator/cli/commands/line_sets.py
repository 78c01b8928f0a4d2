"""`tgo line bulk` and `bulk-status`: changes of many lines."""

import asyncio
from typing import Annotated

import typer

from telegent_orchestrator.cli.connection import UNENCRYPTED_WARNING, Connection, Session
from telegent_orchestrator.cli.input import By, LineChangeSetOptions, load_request
from telegent_orchestrator.cli.naming import not_found, watch_hint
from telegent_orchestrator.cli.output import AsJsonLines, Output
from telegent_orchestrator.cli.results import ExitStatus
from telegent_orchestrator.cli.views import LineChangeSetView, line_change_set_view
from telegent_orchestrator.cli.watching import Watch, watch_views, with_timeout
from telegent_orchestrator.client import LineChangeSetClient, LineChangeSetHandle
from telegent_orchestrator.client.executions import WorkflowKind
from telegent_orchestrator.line_change_sets import LineChangeSetRequest
from telegent_orchestrator.progress import StepState

Reference = Annotated[
    str, typer.Argument(metavar="REFERENCE", help="The `reference` that `tgo line bulk` was given.")
]


def bulk(
    context: typer.Context,
    file: Annotated[
        str | None,
        typer.Argument(
            metavar="FILE",
            help="JSON file, or `-` for standard input; without it, use --set.",
        ),
    ] = None,
    sets: LineChangeSetOptions = None,
    by: By = None,
    watch: Watch = False,
    as_json: AsJsonLines = False,
) -> None:
    """Change many lines: those that the JSON lists, or all of a subscriber or an account.

    The format: docs/how-to/line-changes.md.
    """
    with Output(as_json) as output:
        request = load_request(LineChangeSetRequest, file, sets, None, by=by)
        raise typer.Exit(asyncio.run(_start(context.obj, request, watch, output)))


def bulk_status(
    context: typer.Context, reference: Reference, watch: Watch = False, as_json: AsJsonLines = False
) -> None:
    """Show how many lines of a `tgo line bulk` are done, and which failed."""
    with Output(as_json) as output:
        raise typer.Exit(asyncio.run(_status(context.obj, reference, watch, output)))


async def _start(
    connection: Connection, request: LineChangeSetRequest, watch: bool, output: Output
) -> ExitStatus:
    async with connection.open() as session:
        session.require_same_id_key()
        if not session.encrypts:
            output.notice(UNENCRYPTED_WARNING)
        handle = await _client(session).start(request)
        if watch:
            return await _watch(handle, session, output)
    hint = watch_hint(connection, "line", "bulk-status", request.reference)
    return output.started(f"line changes {request.reference}", handle, hint)


async def _status(
    connection: Connection, reference: str, watch: bool, output: Output
) -> ExitStatus:
    missing = not_found(reference, WorkflowKind.LINE_CHANGE_SET, connection)
    async with connection.open(missing) as session:
        handle = _client(session).get(reference)
        if watch:
            return await _watch(handle, session, output)
        view = await with_timeout(line_change_set_view(handle))
    _show(view, output)
    return view.state.exit_status


async def _watch(handle: LineChangeSetHandle, session: Session, output: Output) -> ExitStatus:
    command = session.command("line", "bulk-status", handle.reference, "--watch")
    async for view in watch_views(lambda: line_change_set_view(handle), output.notice, command):
        _show(view, output, single_line=True)
    return view.state.exit_status


def _client(session: Session) -> LineChangeSetClient:
    return LineChangeSetClient(session.temporal, id_key=session.id_key)


def _show(view: LineChangeSetView, output: Output, *, single_line: bool = False) -> None:
    if output.as_json:
        output.document(view, single_line=single_line)
        return
    rows = view.status.rows
    counts = {state: view.status.count(state) for state in StepState}
    shown = ", ".join(f"{count} {state.value}" for state, count in counts.items() if count)
    output.show(f"line changes {view.status.reference}: {len(rows)} lines: {shown or 'none yet'}")
    output.show(
        *(f"  {row.phone_number}: {row.detail}" for row in rows if row.state is StepState.FAILED)
    )
