"""`tgo port-out bulk` and `bulk-status`: the port-outs of a file."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from temporalio.service import RPCError, RPCStatusCode

from telegent_orchestrator._models import WireModel
from telegent_orchestrator.bulk_rows import InvalidRowsError
from telegent_orchestrator.cli.commands.port_out import client_of
from telegent_orchestrator.cli.connection import UNENCRYPTED_WARNING, Connection, read_text
from telegent_orchestrator.cli.input import By, current_user
from telegent_orchestrator.cli.output import AsJson, Output
from telegent_orchestrator.cli.results import CommandError, ExitStatus, NextStep
from telegent_orchestrator.client import RequestConflictError
from telegent_orchestrator.client.executions import ExecutionStatus
from telegent_orchestrator.client.port_out import PortOutClient
from telegent_orchestrator.port_out import PortOutRequest, PortOutState
from telegent_orchestrator.port_out_rows import read_port_outs

RowsFile = Annotated[
    str,
    typer.Argument(
        metavar="FILE",
        help="CSV with the columns phone_number and authentication_reference, and if needed "
        "subscription_id (it is closed when the number has left) and after_port_out "
        "(close_subscription or keep). PINs are random.",
    ),
]
StartedFile = Annotated[
    str,
    typer.Argument(metavar="FILE", help="The CSV file that `tgo port-out bulk` was given."),
]
CONCURRENT_STARTS = 20
NOT_FAILED = (ExecutionStatus.RUNNING, ExecutionStatus.PAUSED, ExecutionStatus.COMPLETED)
PAUSED = "its workflow is paused: unpause it in the Temporal UI"


class PortOutRow(WireModel):
    """One port-out of a file. `state`: `started`, `joined`, or as its workflow is."""

    phone_number: str
    workflow_id: str
    state: str
    needs_operator: bool = False
    failed: bool = False
    detail: str = ""


class PortOutRows(WireModel):
    """What `--json` prints."""

    rows: list[PortOutRow]
    next: list[NextStep] = []

    @property
    def exit_status(self) -> ExitStatus:
        """Failed if a row has, else whether one needs an operator."""
        if any(row.failed for row in self.rows):
            return ExitStatus.FAILED
        waiting = any(row.needs_operator for row in self.rows)
        return ExitStatus.NEEDS_OPERATOR if waiting else ExitStatus.DONE


def bulk(context: typer.Context, file: RowsFile, by: By = None, as_json: AsJson = False) -> None:
    """Start the port-outs of a file; those that are open with the same request are joined."""
    with Output(as_json) as output:
        requests = _read(file, by)
        rows = asyncio.run(_start_all(context.obj, requests, output))
        command = context.obj.command("port-out", "bulk-status", file)
        hint = NextStep(reason="see how they are with:", commands=[command])
        raise typer.Exit(_show(PortOutRows(rows=rows, next=[hint]), output))


def bulk_status(context: typer.Context, file: StartedFile, as_json: AsJson = False) -> None:
    """Show the latest port-out of each number of a file."""
    with Output(as_json) as output:
        requests = _read(file, None)
        rows = asyncio.run(_read_all(context.obj, requests))
        raise typer.Exit(_show(PortOutRows(rows=rows), output))


def _read(file: str, by: str | None) -> list[PortOutRequest]:
    try:
        return read_port_outs(read_text(Path(file), "the file"), by or current_user())
    except InvalidRowsError as error:
        raise CommandError(
            f"{file} is invalid; nothing was started", ExitStatus.USAGE, errors=error.messages()
        ) from None


async def _start_all(
    connection: Connection, requests: list[PortOutRequest], output: Output
) -> list[PortOutRow]:
    async with connection.open() as session:
        client, slots = client_of(session), asyncio.Semaphore(CONCURRENT_STARTS)
        if not session.encrypts:
            output.notice(UNENCRYPTED_WARNING)

        async def start(request: PortOutRequest) -> PortOutRow:
            async with slots:
                return await _start_one(client, request)

        return list(await asyncio.gather(*map(start, requests)))


async def _start_one(client: PortOutClient, request: PortOutRequest) -> PortOutRow:
    try:
        handle = await client.start(request)
    except RequestConflictError as error:
        row = PortOutRow(
            phone_number=request.phone_number,
            workflow_id=client.get(request.phone_number).id,
            state="not started",
            failed=True,
            detail=str(error),
        )
    else:
        row = PortOutRow(
            phone_number=request.phone_number,
            workflow_id=handle.id,
            state="joined" if handle.joined else "started",
        )
    return row


async def _read_all(connection: Connection, requests: list[PortOutRequest]) -> list[PortOutRow]:
    async with connection.open() as session:
        client, slots = client_of(session), asyncio.Semaphore(CONCURRENT_STARTS)

        async def read(request: PortOutRequest) -> PortOutRow:
            async with slots:
                return await _read_one(client, request.phone_number)

        return list(await asyncio.gather(*map(read, requests)))


async def _read_one(client: PortOutClient, phone_number: str) -> PortOutRow:
    handle = client.get(phone_number)
    try:
        execution = await handle.execution()
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        return PortOutRow(
            phone_number=phone_number, workflow_id=handle.id, state="not started", failed=True
        )
    paused = execution.status is ExecutionStatus.PAUSED
    overdue = execution.port_state == PortOutState.ISSUE_OVERDUE.search_attribute_value
    return PortOutRow(
        phone_number=phone_number,
        workflow_id=handle.id,
        state=execution.port_state or execution.status.value,
        needs_operator=execution.needs_operator or paused or overdue,
        failed=execution.status not in NOT_FAILED,
        detail=PAUSED if paused else execution.reason if execution.needs_operator else "",
    )


def _show(result: PortOutRows, output: Output) -> ExitStatus:
    if output.as_json:
        output.document(result)
        return result.exit_status
    for row in result.rows:
        failed = "failed, " if row.failed else ""
        detail = f": {row.detail}" if row.detail else ""
        output.show(f"{row.phone_number}: {failed}{row.state}{detail}")
    output.show_next_steps(result.next)
    return result.exit_status
