"""`telegent start` and `status`: an onboarding from its request to its end."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

import typer

from telegent_orchestrator.cli.connection import UNENCRYPTED, Connection, House
from telegent_orchestrator.cli.input import File, Secrets, Sets, request
from telegent_orchestrator.cli.live import clock_at, display
from telegent_orchestrator.cli.output import AsJson, Output
from telegent_orchestrator.cli.rendering import onboarding_panel, result_rows
from telegent_orchestrator.cli.results import Advice, Exit, Started, Stop
from telegent_orchestrator.cli.views import OnboardingView, onboarding_view
from telegent_orchestrator.cli.watching import Watch, watched, within_patience
from telegent_orchestrator.client import OnboardingHandle
from telegent_orchestrator.lines import LineRequest
from telegent_orchestrator.onboarding import OnboardingRequest

Reference = Annotated[str, typer.Argument(metavar="REFERENCE", help="The onboarding's reference.")]


def start(
    context: typer.Context,
    file: File,
    watch: Watch = False,
    sets: Sets = None,
    secrets: Secrets = None,
    as_json: AsJson = False,
) -> None:
    """Start an onboarding, or join the one with the same reference."""
    with Output(as_json) as say:
        wanted = request(OnboardingRequest, file, sets, secrets)
        raise typer.Exit(asyncio.run(_start(context.obj, wanted, watch, say)))


def status(
    context: typer.Context, reference: Reference, watch: Watch = False, as_json: AsJson = False
) -> None:
    """Show how far an onboarding is, and what to do next."""
    with Output(as_json) as say:
        raise typer.Exit(asyncio.run(_status(context.obj, reference, watch, say)))


def unknown(reference: str, connection: Connection) -> Stop:
    """What to say when there is no such onboarding."""
    there = connection.command("list", "--type", "onboarding")
    return Stop(
        f"there is no onboarding {reference} (nor that line of it) in this namespace",
        Exit.USAGE,
        next_steps=[Advice(why="see which there are with:", commands=[there])],
    )


def watch_it(reference: str, connection: Connection) -> Advice:
    """How to follow what comes of it."""
    command = connection.command("status", reference, "--watch")
    return Advice(why="watch it with:", commands=[command])


async def _start(
    connection: Connection, wanted: OnboardingRequest, watch: bool, say: Output
) -> Exit:
    reference = wanted.reference
    async with connection.open() as house:
        if not house.encrypts:
            say.note(UNENCRYPTED)
        handle = await house.orchestrator.start_onboarding(wanted)
        if handle.joined:
            say.note(
                f"there is an onboarding {reference} already: it is joined, and this request is "
                "not used"
            )
        if watch:
            return await _watch(handle, reference, house, say, wanted.lines)
    next_step = watch_it(reference, connection)
    say.done(
        f"onboarding {reference} {'was there' if handle.joined else 'has started'}",
        Started(workflow_id=handle.id, joined=handle.joined, next=[next_step]),
    )
    return Exit.DONE


async def _status(connection: Connection, reference: str, watch: bool, say: Output) -> Exit:
    async with connection.open(unknown(reference, connection)) as house:
        handle = house.orchestrator.onboarding(reference)
        if watch:
            return await _watch(handle, reference, house, say)
        view = await within_patience(onboarding_view(handle, house))
    if say.as_json:
        say.document(view)
    else:
        lasted = (view.ended_at or datetime.now(UTC)) - view.started_at
        say.show(onboarding_panel(view.progress, lasted.total_seconds()))
        _summary(view, say)
    return view.state.exit


async def _watch(
    handle: OnboardingHandle,
    reference: str,
    house: House,
    say: Output,
    lines: Sequence[LineRequest] = (),
) -> Exit:
    began = clock_at((await handle.execution()).started_at)
    again = house.command("status", reference, "--watch")
    views = watched(lambda: onboarding_view(handle, house), say.note, again)
    if say.as_json:
        async for view in views:
            say.document(view, one_line=True)
        return view.state.exit
    with display(say.console, began, lines) as shown:
        async for view in views:
            shown.show(view.progress)
    _summary(view, say)
    return view.state.exit


def _summary(view: OnboardingView, say: Output) -> None:
    """How it stands in a sentence, what there is, what went wrong, and what to do next."""
    progress = view.progress
    say.show("", f"onboarding {view.reference}: {view.state.value}")
    if result := progress.onboarding.result:
        say.show(*result_rows(result.lines))
    undone = [progress.onboarding.undone, *(line.undone for line in progress.lines.values())]
    say.show(*(f"  taken back: {thing}" for part in undone for thing in part.taken_back))
    say.show(*(f"  left: {thing}" for part in undone for thing in part.left))
    say.show(*(f"  {fault}" for fault in view.faults))
    say.advise(view.next)
