"""`telegent bulk pause`, `resume`, `retry`, `cancel`: what people tell a bulk."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated

import typer

from telegent_orchestrator.bulk import BulkCancel, BulkWish, bulk_id
from telegent_orchestrator.cli.commands.bulk import Reference, unknown, watch_it
from telegent_orchestrator.cli.connection import Connection
from telegent_orchestrator.cli.input import By, Reason, message
from telegent_orchestrator.cli.output import AsJson, Output
from telegent_orchestrator.cli.results import Taken
from telegent_orchestrator.cli.watching import within_patience
from telegent_orchestrator.client.bulk import BulkHandle

Send = Callable[[BulkHandle], Awaitable[int | None]]


def pause(
    context: typer.Context, bulk: Reference, reason: Reason, by: By = None, as_json: AsJson = False
) -> None:
    """Start no more rows for now. What runs goes on."""
    with Output(as_json) as say:
        wish = message(BulkWish, by=by, reason=reason)
        _send(context.obj, bulk, lambda handle: handle.pause(wish), "paused", say)


def resume(
    context: typer.Context, bulk: Reference, reason: Reason, by: By = None, as_json: AsJson = False
) -> None:
    """Go on after a pause."""
    with Output(as_json) as say:
        wish = message(BulkWish, by=by, reason=reason)
        _send(context.obj, bulk, lambda handle: handle.resume(wish), "resumed", say)


def retry(
    context: typer.Context, bulk: Reference, reason: Reason, by: By = None, as_json: AsJson = False
) -> None:
    """Start the rows again that have failed or were cancelled, and no others."""
    with Output(as_json) as say:
        wish = message(BulkWish, by=by, reason=reason)
        _send(context.obj, bulk, lambda handle: handle.retry(wish), "these rows start again", say)


def cancel(
    context: typer.Context,
    bulk: Reference,
    reason: Reason,
    running_too: Annotated[
        bool, typer.Option("--running-too", help="Cancel the rows that run, too.")
    ] = False,
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Start no more rows for ever. What runs goes on, unless --running-too."""
    with Output(as_json) as say:
        wish = message(BulkCancel, by=by, reason=reason, running_too=running_too)
        _send(context.obj, bulk, lambda handle: handle.cancel(wish), "starts no more rows", say)


def _send(connection: Connection, bulk: str, send: Send, taken: str, say: Output) -> None:
    asyncio.run(_sent(connection, bulk, send))
    document = Taken(workflow_id=bulk_id(bulk), next=[watch_it(bulk, connection)])
    say.done(f"bulk {bulk}: {taken}", document)


async def _sent(connection: Connection, bulk: str, send: Send) -> None:
    async with connection.open(unknown(bulk, connection)) as house:
        handle = house.bulks.of(bulk)
        # Who cannot read what the worker encrypts would send in the clear, so look first.
        await within_patience(handle.status())
        await within_patience(send(handle))
