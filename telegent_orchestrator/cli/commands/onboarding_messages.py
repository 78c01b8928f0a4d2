"""`tgo resolve` and `cancel`: what people tell an onboarding."""

import asyncio
from typing import Annotated

import typer

from telegent_orchestrator.cli.commands.onboarding import Reference, not_found, watch_hint
from telegent_orchestrator.cli.connection import Connection
from telegent_orchestrator.cli.input import By, Reason, build_message
from telegent_orchestrator.cli.output import AsJson, Output
from telegent_orchestrator.cli.results import CommandError, ExitStatus, MessageResult
from telegent_orchestrator.cli.watching import with_timeout
from telegent_orchestrator.names import onboarding_id
from telegent_orchestrator.progress import Resolution, ResolutionAction

UNENCRYPTED_HINT = "it stays in Temporal's history, unencrypted: no personal data"


def resolve(
    context: typer.Context,
    reference: Reference,
    step: Annotated[str, typer.Argument(metavar="STEP", help="Step that asks, as shown.")],
    action: Annotated[
        ResolutionAction,
        typer.Argument(
            help="adopt: use what exists under --id; retry: make the call once more; abandon: "
            "fail the step."
        ),
    ],
    reason: Reason,
    line: Annotated[str | None, typer.Option("--line", help="Key of the line that asks.")] = None,
    adopted_id: Annotated[
        str | None, typer.Option("--id", help="Id at Telegent of what exists; with adopt.")
    ] = None,
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Answer a step that waits for a person."""
    with Output(as_json) as output:
        resolution = build_message(
            Resolution, step=step, action=action.value, id=adopted_id, by=by, reason=reason
        )
        asyncio.run(_resolve(context.obj, reference, resolution, line))
        output.result("answered", _message_result(reference, context.obj))


def cancel(
    context: typer.Context,
    reference: Reference,
    reason: Annotated[str, typer.Option("--reason", help=f"Why; {UNENCRYPTED_HINT}.")] = "",
    by: Annotated[str, typer.Option("--by", help=f"Who does this; {UNENCRYPTED_HINT}.")] = "",
    as_json: AsJson = False,
) -> None:
    """Cancel an onboarding and its lines, and take back what can be. Port-ins go on."""
    with Output(as_json) as output:
        said = ": ".join(filter(None, (by, reason)))
        asyncio.run(_cancel(context.obj, reference, said))
        output.result("asked to cancel", _message_result(reference, context.obj))


async def _resolve(
    connection: Connection, reference: str, resolution: Resolution, line: str | None
) -> None:
    async with connection.open(not_found(reference, connection)) as session:
        onboarding = session.orchestrator.onboarding(reference)
        await with_timeout(onboarding.resolve(resolution, line=line))


async def _cancel(connection: Connection, reference: str, reason: str) -> None:
    async with connection.open(not_found(reference, connection)) as session:
        onboarding = session.orchestrator.onboarding(reference)
        # Temporal itself takes this silently.
        if (await onboarding.execution()).ended_at:
            raise CommandError("refused: it has ended already", ExitStatus.FAILED)
        await onboarding.cancel(reason=reason)


def _message_result(reference: str, connection: Connection) -> MessageResult:
    return MessageResult(
        workflow_id=onboarding_id(reference), next=[watch_hint(reference, connection)]
    )
