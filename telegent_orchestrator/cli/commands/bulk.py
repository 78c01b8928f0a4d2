"""`tgo bulk template`, `check`, `start`, `status`: thousands of onboardings from one file."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from telegent_orchestrator._models import WireModel
from telegent_orchestrator.bulk import DEFAULT_WINDOW, MAX_WINDOW, BulkRow
from telegent_orchestrator.bulk_rows import Format, InvalidRowsError, read_rows
from telegent_orchestrator.cli.bulk.panel import bulk_display, bulk_panel
from telegent_orchestrator.cli.bulk.view import BulkView, bulk_view
from telegent_orchestrator.cli.commands.bulk_template import template_csv, template_json_lines
from telegent_orchestrator.cli.connection import UNENCRYPTED_WARNING, Connection, Session, read_text
from telegent_orchestrator.cli.input import By, current_user, read_json
from telegent_orchestrator.cli.live import monotonic_at
from telegent_orchestrator.cli.output import AsJson, Output
from telegent_orchestrator.cli.results import CommandError, ExitStatus, NextStep, StartResult
from telegent_orchestrator.cli.watching import Watch, watch_views, with_timeout
from telegent_orchestrator.client.bulk import BulkConflictError, BulkHandle

FORMATS = {
    ".csv": Format.CSV,
    ".jsonl": Format.JSON_LINES,
    ".ndjson": Format.JSON_LINES,
}
RowsFile = Annotated[str, typer.Argument(metavar="FILE", help="`.csv`, or JSON Lines (`.jsonl`).")]
Common = Annotated[
    str | None,
    typer.Option("--common", metavar="FILE", help="JSON file with what all rows have as well."),
]
Reference = Annotated[str, typer.Argument(metavar="BULK", help="The bulk's reference.")]


class RowsValidation(WireModel):
    """What `bulk check --json` prints."""

    valid: bool
    rows: int = 0
    errors: list[str] = []


def template(
    form: Annotated[Format, typer.Argument(help="What to write.")] = Format.CSV,
) -> None:
    """Print a file to fill in: every column that a new number or a port-in can need."""
    print(template_csv() if form is Format.CSV else template_json_lines(), end="")


def check(file: RowsFile, common: Common = None, as_json: AsJson = False) -> None:
    """Check every row, and name every error with its rows. Nothing is sent."""
    with Output(as_json) as output:
        try:
            rows = load_rows(file, common)
        except CommandError as error:
            if not (as_json and error.errors):
                raise
            output.document(RowsValidation(valid=False, errors=error.errors))
            raise typer.Exit(error.exit_status) from None
        if as_json:
            output.document(RowsValidation(valid=True, rows=len(rows)))
        else:
            output.show(f"{file}: all {len(rows)} rows are valid")


def start(
    context: typer.Context,
    file: RowsFile,
    common: Common = None,
    window: Annotated[
        int,
        typer.Option(
            "--window",
            min=1,
            max=MAX_WINDOW,
            help="Rows that may be open at once. A port-in is open for days.",
        ),
    ] = DEFAULT_WINDOW,
    reference: Annotated[
        str | None,
        typer.Option("--id", help="The bulk's reference. By default from the file's name and rows"),
    ] = None,
    by: By = None,
    watch: Watch = False,
    as_json: AsJson = False,
) -> None:
    """Onboard every row of a file. The same file sent again joins what is there."""
    with Output(as_json) as output:
        rows = load_rows(file, common)
        status = _start(context.obj, Path(file).stem, rows, window, reference, by, watch, output)
        raise typer.Exit(asyncio.run(status))


def status(
    context: typer.Context, bulk: Reference, watch: Watch = False, as_json: AsJson = False
) -> None:
    """Show how many rows have ended and how, and what to do next."""
    with Output(as_json) as output:
        raise typer.Exit(asyncio.run(_status(context.obj, bulk, watch, output)))


def load_rows(file: str, common: str | None) -> list[BulkRow]:
    """The rows in the file. Raises CommandError with every error."""
    form = FORMATS.get(Path(file).suffix.lower())
    if form is None:
        raise CommandError(f"{file}: its name must end in {', '.join(FORMATS)}", ExitStatus.USAGE)
    text = read_text(Path(file), "the file of rows")
    common_fields = read_json(common) if common else None
    try:
        return read_rows(text, form, common_fields)
    except InvalidRowsError as error:
        count = len(error.errors)
        said = f"{file} has {count} error{'s' if count > 1 else ''}; nothing was sent"
        raise CommandError(said, ExitStatus.USAGE, errors=error.messages()) from None


def not_found(reference: str, connection: Connection) -> CommandError:
    """What to say when there is no such bulk."""
    list_command = connection.command("list", "--type", "bulk")
    return CommandError(
        f"there is no bulk {reference} in this namespace",
        ExitStatus.USAGE,
        next_steps=[NextStep(reason="see which there are with:", commands=[list_command])],
    )


def watch_hint(reference: str, connection: Connection) -> NextStep:
    """How to follow what comes of it."""
    command = connection.command("bulk", "status", reference, "--watch")
    return NextStep(reason="watch it with:", commands=[command])


async def _start(
    connection: Connection,
    name: str,
    rows: list[BulkRow],
    window: int,
    reference: str | None,
    by: str | None,
    watch: bool,
    output: Output,
) -> ExitStatus:
    async with connection.open() as session:
        if not session.encrypts:
            output.notice(UNENCRYPTED_WARNING)
        reference = reference or session.bulks.derive_reference(name, rows)
        try:
            handle = await session.bulks.start(
                reference, rows, by=by or current_user(), window=window
            )
        except BulkConflictError as error:
            raise CommandError(f"{error}: give another --id", ExitStatus.USAGE) from None
        if handle.joined:
            output.notice(
                f"bulk {reference} is there already: it is joined, and nothing done twice"
            )
        if watch:
            return await _watch(handle, session, output)
    said = "was there" if handle.joined else f"has started with {len(rows)} rows"
    next_steps = [watch_hint(reference, connection)]
    document = StartResult(workflow_id=handle.id, joined=handle.joined, next=next_steps)
    output.result(f"bulk {reference} {said}", document)
    return ExitStatus.DONE


async def _status(
    connection: Connection, reference: str, watch: bool, output: Output
) -> ExitStatus:
    async with connection.open(not_found(reference, connection)) as session:
        handle = session.bulks.get(reference)
        if watch:
            return await _watch(handle, session, output)
        view = await with_timeout(bulk_view(handle, session))
    if output.as_json:
        output.document(view)
    else:
        lasted = (view.ended_at or datetime.now(UTC)) - view.started_at
        output.show(bulk_panel(view.status, lasted.total_seconds()))
        _print_summary(view, output)
    return view.state.exit_status


async def _watch(handle: BulkHandle, session: Session, output: Output) -> ExitStatus:
    watch_command = session.command("bulk", "status", handle.reference, "--watch")
    views = watch_views(lambda: bulk_view(handle, session), output.notice, watch_command)
    if output.as_json:
        async for view in views:
            output.document(view, single_line=True)
        return view.state.exit_status
    with bulk_display(output.console, monotonic_at((await handle.status()).started_at)) as shown:
        async for view in views:
            shown(view.status)
    _print_summary(view, output)
    return view.state.exit_status


def _print_summary(view: BulkView, output: Output) -> None:
    output.show("", f"bulk {view.reference}: {view.status.state.value}")
    for row in view.failed:
        said = row.detail or row.state.value
        output.show(f"  row {row.row} ({row.reference}): {said}")
    if more := view.status.counts.unsuccessful - len(view.failed):
        output.show(f"  and {more} rows more: see the report")
    output.show_next_steps(view.next)
