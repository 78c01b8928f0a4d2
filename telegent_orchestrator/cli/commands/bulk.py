"""`tgo bulk`: thousands of onboardings from one file."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from telegent_orchestrator._models import WireModel
from telegent_orchestrator.bulk import (
    DEFAULT_WINDOW,
    MAX_WINDOW,
    BulkCancel,
    BulkCommand,
    BulkRow,
    bulk_id,
)
from telegent_orchestrator.bulk_rows import Format, InvalidRowsError, read_rows
from telegent_orchestrator.cli.bulk.panel import bulk_display, bulk_panel
from telegent_orchestrator.cli.bulk.portability import RowPortability, check_portability
from telegent_orchestrator.cli.bulk.report import ReportResult, write_report
from telegent_orchestrator.cli.bulk.view import BulkView, bulk_view
from telegent_orchestrator.cli.connection import UNENCRYPTED_WARNING, Connection, Session, read_text
from telegent_orchestrator.cli.input import By, Reason, build_message, current_user, read_json
from telegent_orchestrator.cli.live import monotonic_at
from telegent_orchestrator.cli.naming import not_found, watch_hint
from telegent_orchestrator.cli.output import AsJson, AsJsonLines, Output
from telegent_orchestrator.cli.port_in_checks import (
    CarrierRequirements,
    carrier_requirements,
    check_rows,
)
from telegent_orchestrator.cli.results import (
    CommandError,
    ExitStatus,
    MessageResult,
    NextStep,
    StartResult,
)
from telegent_orchestrator.cli.watching import Watch, watch_views, with_timeout
from telegent_orchestrator.client.bulk import BulkConflictError, BulkHandle
from telegent_orchestrator.client.executions import WorkflowKind

FORMATS = {
    ".csv": Format.CSV,
    ".tsv": Format.CSV,
    ".jsonl": Format.JSON_LINES,
    ".ndjson": Format.JSON_LINES,
}
RowsFile = Annotated[str, typer.Argument(metavar="FILE", help="`.csv`, or JSON Lines (`.jsonl`).")]
Common = Annotated[
    str | None,
    typer.Option("--common", metavar="FILE", help="JSON file with fields that all rows share."),
]
Reference = Annotated[str, typer.Argument(metavar="BULK", help="The bulk job's reference.")]
Send = Callable[[BulkHandle], Awaitable[int | None]]


class RowsValidation(WireModel):
    """What `bulk check --json` prints."""

    valid: bool
    rows: int = 0
    errors: list[str] = []
    warnings: list[str] = []
    carriers: list[CarrierRequirements] = []
    portability: list[RowPortability] | None = None


def check(
    context: typer.Context,
    file: RowsFile,
    common: Common = None,
    portability: Annotated[
        bool,
        typer.Option(
            "--portability",
            help="Also ask Telegent, through a worker, whether each number can be ported in.",
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Check every row, and report each error with its rows. No onboarding is started."""
    with Output(as_json) as output:
        try:
            rows, warnings = load_rows(file, common)
        except CommandError as error:
            if not (as_json and error.errors):
                raise
            output.document(RowsValidation(valid=False, errors=error.errors))
            raise typer.Exit(error.exit_status) from None
        for warning in () if as_json else warnings:
            output.notice(f"warning: {warning}")
        answers = None
        if portability:
            answers = asyncio.run(_check_portability(context.obj, rows, output))
        found = RowsValidation(
            valid=True,
            rows=len(rows),
            warnings=warnings,
            carriers=carrier_requirements(rows),
            portability=answers,
        )
        if as_json:
            output.document(found)
        else:
            _show_check(file, found, output)
        if not all(answer.portable for answer in answers or ()):
            raise typer.Exit(ExitStatus.FAILED)


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
        typer.Option(
            "--reference",
            help="The bulk job's reference. Default: derived from the file's name, and from its "
            "rows with the fields of --common.",
        ),
    ] = None,
    by: By = None,
    watch: Watch = False,
    as_json: AsJsonLines = False,
) -> None:
    """Onboard every row of a file, or join the bulk job with the same reference and rows."""
    with Output(as_json) as output:
        rows, warnings = load_rows(file, common)
        for warning in warnings:
            output.notice(f"warning: {warning}")
        status = _start(context.obj, Path(file).stem, rows, window, reference, by, watch, output)
        raise typer.Exit(asyncio.run(status))


def status(
    context: typer.Context, bulk: Reference, watch: Watch = False, as_json: AsJsonLines = False
) -> None:
    """Show the rows by state, those that need an operator, and what to do next."""
    with Output(as_json) as output:
        raise typer.Exit(asyncio.run(_status(context.obj, bulk, watch, output)))


def pause(
    context: typer.Context, bulk: Reference, reason: Reason, by: By = None, as_json: AsJson = False
) -> None:
    """Start no more rows for now. Running rows continue."""
    with Output(as_json) as output:
        command = build_message(BulkCommand, by=by, reason=reason)
        _send(context.obj, bulk, lambda handle: handle.pause(command), "paused", output)


def resume(
    context: typer.Context, bulk: Reference, reason: Reason, by: By = None, as_json: AsJson = False
) -> None:
    """Continue to start rows after a pause."""
    with Output(as_json) as output:
        command = build_message(BulkCommand, by=by, reason=reason)
        _send(context.obj, bulk, lambda handle: handle.resume(command), "resumed", output)


def retry(
    context: typer.Context, bulk: Reference, reason: Reason, by: By = None, as_json: AsJson = False
) -> None:
    """Start failed and cancelled rows again."""
    with Output(as_json) as output:
        command = build_message(BulkCommand, by=by, reason=reason)
        _send(
            context.obj,
            bulk,
            lambda handle: handle.retry(command),
            "retrying failed and cancelled rows",
            output,
        )


def cancel(
    context: typer.Context,
    bulk: Reference,
    reason: Reason,
    cancel_running: Annotated[
        bool, typer.Option("--cancel-running", help="Also cancel the rows that are running.")
    ] = False,
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Start no more rows. Running rows continue, unless --cancel-running is given."""
    with Output(as_json) as output:
        command = build_message(BulkCancel, by=by, reason=reason, cancel_running=cancel_running)
        _send(
            context.obj,
            bulk,
            lambda handle: handle.cancel(command),
            "no more rows are started",
            output,
        )


def report(
    context: typer.Context,
    bulk: Reference,
    csv_file: Annotated[
        str | None,
        typer.Option("--csv", metavar="FILE", help="Write a CSV file, one line per row."),
    ] = None,
    html_file: Annotated[
        str | None, typer.Option("--html", metavar="FILE", help="Write an HTML page with charts.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write the outcome of each row to a CSV file, an HTML page, or both.

    They contain phone numbers.
    """
    with Output(as_json) as output:
        if not (csv_file or html_file):
            raise CommandError("give --csv FILE, --html FILE, or both", ExitStatus.USAGE)
        result = asyncio.run(_report(context.obj, bulk, csv_file, html_file))
        if as_json:
            output.document(result)
        else:
            output.show(*(f"wrote {file}" for file in result.files))


def load_rows(file: str, common: str | None) -> tuple[list[BulkRow], list[str]]:
    """The rows in the file, and warnings. Raises CommandError with every error."""
    file_format = FORMATS.get(Path(file).suffix.lower())
    if file_format is None:
        raise CommandError(f"{file}: its name must end in {', '.join(FORMATS)}", ExitStatus.USAGE)
    text = read_text(Path(file), "the file of rows")
    common_fields = read_json(common) if common else None
    try:
        rows = read_rows(text, file_format, common_fields)
        return rows, check_rows(rows)
    except InvalidRowsError as error:
        count = f"{len(error.errors)} error{'s' if len(error.errors) > 1 else ''}"
        at_least = "at least " if error.truncated else ""
        raise CommandError(
            f"{file} has {at_least}{count}; nothing was sent",
            ExitStatus.USAGE,
            errors=error.messages(),
        ) from None


def _watch_hint(reference: str, connection: Connection) -> NextStep:
    return watch_hint(connection, "bulk", "status", reference)


def _show_check(file: str, found: RowsValidation, output: Output) -> None:
    output.show(f"{file}: all {found.rows} rows are valid")
    if found.portability is not None:
        portable = sum(bool(answer.portable) for answer in found.portability)
        output.show("", f"{portable} of {len(found.portability)} numbers can be ported:")
        output.show(*(f"  {answer.description}" for answer in found.portability))
    for carrier in found.carriers:
        unknown = "" if carrier.known else ", which our reference data does not have,"
        numbers = f"{len(carrier.rows)} number{'s' * (len(carrier.rows) > 1)}"
        output.show("", f"{carrier.carrier}{unknown} asks for ({numbers}):")
        output.show(*(f"  - {item}" for item in carrier.asks_for))


async def _check_portability(
    connection: Connection, rows: list[BulkRow], output: Output
) -> list[RowPortability]:
    async with connection.open() as session:
        if not session.encrypts:
            output.notice(UNENCRYPTED_WARNING)
        return await check_portability(session, rows, output.notice)


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
        session.require_same_id_key()
        if not session.encrypts:
            output.notice(UNENCRYPTED_WARNING)
        reference = reference or session.bulks.derive_reference(name, rows)
        try:
            handle = await session.bulks.start(
                reference, rows, by=by or current_user(), window=window
            )
        except BulkConflictError as error:
            raise CommandError(f"{error}: give another --reference", ExitStatus.USAGE) from None
        if handle.joined:
            output.notice(f"bulk {reference} exists with the same rows: joined it")
        if watch:
            return await _watch(handle, session, output)
    text = "joined" if handle.joined else f"started with {len(rows)} rows"
    next_steps = [_watch_hint(reference, connection)]
    document = StartResult(workflow_id=handle.id, joined=handle.joined, next=next_steps)
    output.result(f"bulk {reference} {text}", document)
    return ExitStatus.DONE


async def _status(
    connection: Connection, reference: str, watch: bool, output: Output
) -> ExitStatus:
    async with connection.open(not_found(reference, WorkflowKind.BULK, connection)) as session:
        handle = session.bulks.get(reference)
        if watch:
            return await _watch(handle, session, output)
        view = await with_timeout(bulk_view(handle, session))
    if output.as_json:
        output.document(view)
    else:
        elapsed = (view.ended_at or datetime.now(UTC)) - view.started_at
        output.show(bulk_panel(view.status, elapsed.total_seconds()))
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
    output.show("", f"bulk {view.reference}: {view.state.value}, {view.status.state.value}")
    for row in view.failed:
        output.show(f"  row {row.row} ({row.reference}): {row.detail or row.state.value}")
    if more := view.status.counts.unsuccessful - len(view.failed):
        output.show(f"  and {more} more rows: see the report")
    output.show_next_steps(view.next)


def _send(connection: Connection, bulk: str, send: Send, result: str, output: Output) -> None:
    asyncio.run(_send_message(connection, bulk, send))
    document = MessageResult(workflow_id=bulk_id(bulk), next=[_watch_hint(bulk, connection)])
    output.result(f"bulk {bulk}: {result}", document)


async def _send_message(connection: Connection, bulk: str, send: Send) -> None:
    async with connection.open(not_found(bulk, WorkflowKind.BULK, connection)) as session:
        handle = session.bulks.get(bulk)
        # Query first: without the worker's keys this fails, before anything is sent unencrypted.
        await with_timeout(handle.status())
        await with_timeout(send(handle))


async def _report(
    connection: Connection, reference: str, csv_file: str | None, html_file: str | None
) -> ReportResult:
    async with connection.open(not_found(reference, WorkflowKind.BULK, connection)) as session:
        handle = session.bulks.get(reference)
        status = await handle.status()
        rows = [row async for row in handle.rows()]
    return write_report(status, rows, csv_file, html_file)
