"""`telegent resolve` and `cancel`: what people tell an onboarding."""

import asyncio
from typing import Annotated

import typer

from telegent_orchestrator.cli.commands.onboarding import Reference, unknown, watch_it
from telegent_orchestrator.cli.connection import Connection
from telegent_orchestrator.cli.input import By, Reason, message
from telegent_orchestrator.cli.output import AsJson, Output
from telegent_orchestrator.cli.results import Exit, Stop, Taken
from telegent_orchestrator.cli.watching import within_patience
from telegent_orchestrator.names import onboarding_id
from telegent_orchestrator.progress import Answer, Resolution

IN_THE_CLEAR = "it stays in Temporal's history, unencrypted: no personal data"


def resolve(
    context: typer.Context,
    reference: Reference,
    step: Annotated[str, typer.Argument(metavar="STEP", help="Step that asks, as shown.")],
    answer: Annotated[
        Answer,
        typer.Argument(
            help="adopt: use what exists under --id; retry: make the call once more; abandon: "
            "fail the step."
        ),
    ],
    reason: Reason,
    line: Annotated[str | None, typer.Option("--line", help="Key of the line that asks.")] = None,
    adopted: Annotated[
        str | None, typer.Option("--id", help="Id at Telegent of what exists; with adopt.")
    ] = None,
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Answer a step that waits for a person."""
    with Output(as_json) as say:
        resolution = message(
            Resolution, step=step, answer=answer.value, id=adopted, by=by, reason=reason
        )
        asyncio.run(_resolve(context.obj, reference, resolution, line))
        say.done("answered", _taken(reference, context.obj))


def cancel(
    context: typer.Context,
    reference: Reference,
    reason: Annotated[str, typer.Option("--reason", help=f"Why; {IN_THE_CLEAR}.")] = "",
    by: Annotated[str, typer.Option("--by", help=f"Who does this; {IN_THE_CLEAR}.")] = "",
    as_json: AsJson = False,
) -> None:
    """Cancel an onboarding and its lines, and take back what can be. Port-ins go on."""
    with Output(as_json) as say:
        said = ": ".join(filter(None, (by, reason)))
        asyncio.run(_cancel(context.obj, reference, said))
        say.done("asked to cancel", _taken(reference, context.obj))


async def _resolve(
    connection: Connection, reference: str, resolution: Resolution, line: str | None
) -> None:
    async with connection.open(unknown(reference, connection)) as house:
        onboarding = house.orchestrator.onboarding(reference)
        await within_patience(onboarding.resolve(resolution, line=line))


async def _cancel(connection: Connection, reference: str, reason: str) -> None:
    async with connection.open(unknown(reference, connection)) as house:
        onboarding = house.orchestrator.onboarding(reference)
        # Temporal itself takes this silently.
        if (await onboarding.execution()).ended_at:
            raise Stop("refused: it has ended already", Exit.FAILED)
        await onboarding.cancel(reason=reason)


def _taken(reference: str, connection: Connection) -> Taken:
    return Taken(workflow_id=onboarding_id(reference), next=[watch_it(reference, connection)])
