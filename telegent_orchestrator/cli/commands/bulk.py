"""`telegent bulk template`, `check`, `start`, `status`: thousands of onboardings from one file."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from telegent_orchestrator._models import Payload
from telegent_orchestrator.bulk import MOST_OPEN, WINDOW, BulkRow
from telegent_orchestrator.bulk_rows import Format, RowsRefusedError, read_rows
from telegent_orchestrator.cli.bulk.panel import bulk_display, bulk_panel
from telegent_orchestrator.cli.bulk.view import BulkView, bulk_view
from telegent_orchestrator.cli.commands.bulk_template import template_csv, template_json_lines
from telegent_orchestrator.cli.connection import UNENCRYPTED, Connection, House, read_text
from telegent_orchestrator.cli.input import By, me, read_json
from telegent_orchestrator.cli.live import clock_at
from telegent_orchestrator.cli.output import AsJson, Output
from telegent_orchestrator.cli.results import Advice, Exit, Started, Stop
from telegent_orchestrator.cli.watching import Watch, watched, within_patience
from telegent_orchestrator.client.bulk import BulkHandle, OtherBulkError

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


class CheckedRows(Payload):
    """What `bulk check --json` prints."""

    valid: bool
    rows: int = 0
    faults: list[str] = []


def template(
    form: Annotated[Format, typer.Argument(help="What to write.")] = Format.CSV,
) -> None:
    """Print a file to fill in: every column that a new number or a port-in can need."""
    print(template_csv() if form is Format.CSV else template_json_lines(), end="")


def check(file: RowsFile, common: Common = None, as_json: AsJson = False) -> None:
    """Check every row, and name every fault with its rows. Nothing is sent."""
    with Output(as_json) as say:
        try:
            rows = rows_in(file, common)
        except Stop as stop:
            if not (as_json and stop.faults):
                raise
            say.document(CheckedRows(valid=False, faults=stop.faults))
            raise typer.Exit(stop.status) from None
        if as_json:
            say.document(CheckedRows(valid=True, rows=len(rows)))
        else:
            say.show(f"{file}: all {len(rows)} rows are valid")


def start(
    context: typer.Context,
    file: RowsFile,
    common: Common = None,
    window: Annotated[
        int,
        typer.Option(
            "--window",
            min=1,
            max=MOST_OPEN,
            help="Rows that may be open at once. A port-in is open for days.",
        ),
    ] = WINDOW,
    reference: Annotated[
        str | None,
        typer.Option("--id", help="The bulk's reference. By default from the file's name and rows"),
    ] = None,
    by: By = None,
    watch: Watch = False,
    as_json: AsJson = False,
) -> None:
    """Onboard every row of a file. The same file sent again joins what is there."""
    with Output(as_json) as say:
        rows = rows_in(file, common)
        status = _start(context.obj, Path(file).stem, rows, window, reference, by, watch, say)
        raise typer.Exit(asyncio.run(status))


def status(
    context: typer.Context, bulk: Reference, watch: Watch = False, as_json: AsJson = False
) -> None:
    """Show how many rows have ended and how, and what to do next."""
    with Output(as_json) as say:
        raise typer.Exit(asyncio.run(_status(context.obj, bulk, watch, say)))


def rows_in(file: str, common: str | None) -> list[BulkRow]:
    """The rows in the file. Raises Stop with every fault."""
    form = FORMATS.get(Path(file).suffix.lower())
    if form is None:
        raise Stop(f"{file}: its name must end in {', '.join(FORMATS)}", Exit.USAGE)
    text = read_text(Path(file), "the file of rows")
    shared = read_json(common) if common else None
    try:
        return read_rows(text, form, shared)
    except RowsRefusedError as error:
        count = len(error.faults)
        said = f"{file} has {count} fault{'s' if count > 1 else ''}; nothing was sent"
        raise Stop(said, Exit.USAGE, faults=error.sentences()) from None


def unknown(reference: str, connection: Connection) -> Stop:
    """What to say when there is no such bulk."""
    there = connection.command("list", "--type", "bulk")
    return Stop(
        f"there is no bulk {reference} in this namespace",
        Exit.USAGE,
        next_steps=[Advice(why="see which there are with:", commands=[there])],
    )


def watch_it(reference: str, connection: Connection) -> Advice:
    """How to follow what comes of it."""
    command = connection.command("bulk", "status", reference, "--watch")
    return Advice(why="watch it with:", commands=[command])


async def _start(
    connection: Connection,
    name: str,
    rows: list[BulkRow],
    window: int,
    reference: str | None,
    by: str | None,
    watch: bool,
    say: Output,
) -> Exit:
    async with connection.open() as house:
        if not house.encrypts:
            say.note(UNENCRYPTED)
        reference = reference or house.bulks.reference_for(name, rows)
        try:
            handle = await house.bulks.start(reference, rows, by=by or me(), window=window)
        except OtherBulkError as error:
            raise Stop(f"{error}: give another --id", Exit.USAGE) from None
        if handle.joined:
            say.note(f"bulk {reference} is there already: it is joined, and nothing done twice")
        if watch:
            return await _watch(handle, house, say)
    said = "was there" if handle.joined else f"has started with {len(rows)} rows"
    next_steps = [watch_it(reference, connection)]
    document = Started(workflow_id=handle.id, joined=handle.joined, next=next_steps)
    say.done(f"bulk {reference} {said}", document)
    return Exit.DONE


async def _status(connection: Connection, reference: str, watch: bool, say: Output) -> Exit:
    async with connection.open(unknown(reference, connection)) as house:
        handle = house.bulks.of(reference)
        if watch:
            return await _watch(handle, house, say)
        view = await within_patience(bulk_view(handle, house))
    if say.as_json:
        say.document(view)
    else:
        lasted = (view.ended_at or datetime.now(UTC)) - view.started_at
        say.show(bulk_panel(view.status, lasted.total_seconds()))
        _summary(view, say)
    return view.state.exit


async def _watch(handle: BulkHandle, house: House, say: Output) -> Exit:
    again = house.command("bulk", "status", handle.reference, "--watch")
    views = watched(lambda: bulk_view(handle, house), say.note, again)
    if say.as_json:
        async for view in views:
            say.document(view, one_line=True)
        return view.state.exit
    with bulk_display(say.console, clock_at((await handle.status()).started_at)) as shown:
        async for view in views:
            shown(view.status)
    _summary(view, say)
    return view.state.exit


def _summary(view: BulkView, say: Output) -> None:
    say.show("", f"bulk {view.reference}: {view.status.state.value}")
    for row in view.failed:
        said = row.detail or row.state.value
        say.show(f"  row {row.row} ({row.reference}): {said}")
    if more := view.status.counts.not_well - len(view.failed):
        say.show(f"  and {more} rows more: see the report")
    say.advise(view.next)
