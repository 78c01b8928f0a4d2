"""`tgo bulk pause`, `resume`, `retry`, `cancel`: what people tell a bulk."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated

import typer

from telegent_orchestrator.bulk import BulkCancel, BulkCommand, bulk_id
from telegent_orchestrator.cli.commands.bulk import Reference, not_found, watch_hint
from telegent_orchestrator.cli.connection import Connection
from telegent_orchestrator.cli.input import By, Reason, build_message
from telegent_orchestrator.cli.output import AsJson, Output
from telegent_orchestrator.cli.results import MessageResult
from telegent_orchestrator.cli.watching import with_timeout
from telegent_orchestrator.client.bulk import BulkHandle

Send = Callable[[BulkHandle], Awaitable[int | None]]


def pause(
    context: typer.Context, bulk: Reference, reason: Reason, by: By = None, as_json: AsJson = False
) -> None:
    """Start no more rows for now. What runs goes on."""
    with Output(as_json) as output:
        command = build_message(BulkCommand, by=by, reason=reason)
        _send(context.obj, bulk, lambda handle: handle.pause(command), "paused", output)


def resume(
    context: typer.Context, bulk: Reference, reason: Reason, by: By = None, as_json: AsJson = False
) -> None:
    """Go on after a pause."""
    with Output(as_json) as output:
        command = build_message(BulkCommand, by=by, reason=reason)
        _send(context.obj, bulk, lambda handle: handle.resume(command), "resumed", output)


def retry(
    context: typer.Context, bulk: Reference, reason: Reason, by: By = None, as_json: AsJson = False
) -> None:
    """Start the rows again that have failed or were cancelled, and no others."""
    with Output(as_json) as output:
        command = build_message(BulkCommand, by=by, reason=reason)
        _send(
            context.obj,
            bulk,
            lambda handle: handle.retry(command),
            "these rows start again",
            output,
        )


def cancel(
    context: typer.Context,
    bulk: Reference,
    reason: Reason,
    cancel_running: Annotated[
        bool, typer.Option("--cancel-running", help="Cancel the rows that run, too.")
    ] = False,
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Start no more rows for ever. What runs goes on, unless --cancel-running."""
    with Output(as_json) as output:
        command = build_message(BulkCancel, by=by, reason=reason, cancel_running=cancel_running)
        _send(
            context.obj, bulk, lambda handle: handle.cancel(command), "starts no more rows", output
        )


def _send(connection: Connection, bulk: str, send: Send, result: str, output: Output) -> None:
    asyncio.run(_send_message(connection, bulk, send))
    document = MessageResult(workflow_id=bulk_id(bulk), next=[watch_hint(bulk, connection)])
    output.result(f"bulk {bulk}: {result}", document)


async def _send_message(connection: Connection, bulk: str, send: Send) -> None:
    async with connection.open(not_found(bulk, connection)) as session:
        handle = session.bulks.get(bulk)
        # Who cannot read what the worker encrypts would send in the clear, so look first.
        await with_timeout(handle.status())
        await with_timeout(send(handle))
