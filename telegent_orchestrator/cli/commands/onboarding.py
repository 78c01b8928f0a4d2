"""`tgo start` and `status`: an onboarding from its request to its end."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

import typer

from telegent_orchestrator.cli.connection import UNENCRYPTED_WARNING, Connection, Session
from telegent_orchestrator.cli.input import File, SecretOptions, SetOptions, load_request
from telegent_orchestrator.cli.live import display, monotonic_at
from telegent_orchestrator.cli.output import AsJson, Output
from telegent_orchestrator.cli.rendering import onboarding_panel, result_rows
from telegent_orchestrator.cli.results import CommandError, ExitStatus, NextStep, StartResult
from telegent_orchestrator.cli.views import OnboardingView, onboarding_view
from telegent_orchestrator.cli.watching import Watch, watch_views, with_timeout
from telegent_orchestrator.client import OnboardingHandle
from telegent_orchestrator.lines import LineRequest
from telegent_orchestrator.onboarding import OnboardingRequest

Reference = Annotated[str, typer.Argument(metavar="REFERENCE", help="The onboarding's reference.")]


def start(
    context: typer.Context,
    file: File,
    watch: Watch = False,
    sets: SetOptions = None,
    secrets: SecretOptions = None,
    as_json: AsJson = False,
) -> None:
    """Start an onboarding, or join the one with the same reference."""
    with Output(as_json) as output:
        request = load_request(OnboardingRequest, file, sets, secrets)
        raise typer.Exit(asyncio.run(_start(context.obj, request, watch, output)))


def status(
    context: typer.Context, reference: Reference, watch: Watch = False, as_json: AsJson = False
) -> None:
    """Show how far an onboarding is, and what to do next."""
    with Output(as_json) as output:
        raise typer.Exit(asyncio.run(_status(context.obj, reference, watch, output)))


def not_found(reference: str, connection: Connection) -> CommandError:
    """What to say when there is no such onboarding."""
    list_command = connection.command("list", "--type", "onboarding")
    return CommandError(
        f"there is no onboarding {reference} (nor that line of it) in this namespace",
        ExitStatus.USAGE,
        next_steps=[NextStep(reason="see which there are with:", commands=[list_command])],
    )


def watch_hint(reference: str, connection: Connection) -> NextStep:
    """How to follow what comes of it."""
    command = connection.command("status", reference, "--watch")
    return NextStep(reason="watch it with:", commands=[command])


async def _start(
    connection: Connection, request: OnboardingRequest, watch: bool, output: Output
) -> ExitStatus:
    reference = request.reference
    async with connection.open() as session:
        if not session.encrypts:
            output.notice(UNENCRYPTED_WARNING)
        handle = await session.orchestrator.start_onboarding(request)
        if handle.joined:
            output.notice(
                f"there is an onboarding {reference} already: it is joined, and this request is "
                "not used"
            )
        if watch:
            return await _watch(handle, reference, session, output, request.lines)
    next_step = watch_hint(reference, connection)
    output.result(
        f"onboarding {reference} {'was there' if handle.joined else 'has started'}",
        StartResult(workflow_id=handle.id, joined=handle.joined, next=[next_step]),
    )
    return ExitStatus.DONE


async def _status(
    connection: Connection, reference: str, watch: bool, output: Output
) -> ExitStatus:
    async with connection.open(not_found(reference, connection)) as session:
        handle = session.orchestrator.onboarding(reference)
        if watch:
            return await _watch(handle, reference, session, output)
        view = await with_timeout(onboarding_view(handle, session))
    if output.as_json:
        output.document(view)
    else:
        lasted = (view.ended_at or datetime.now(UTC)) - view.started_at
        output.show(onboarding_panel(view.progress, lasted.total_seconds()))
        _print_summary(view, output)
    return view.state.exit_status


async def _watch(
    handle: OnboardingHandle,
    reference: str,
    session: Session,
    output: Output,
    lines: Sequence[LineRequest] = (),
) -> ExitStatus:
    started = monotonic_at((await handle.execution()).started_at)
    watch_command = session.command("status", reference, "--watch")
    views = watch_views(lambda: onboarding_view(handle, session), output.notice, watch_command)
    if output.as_json:
        async for view in views:
            output.document(view, single_line=True)
        return view.state.exit_status
    with display(output.console, started, lines) as shown:
        async for view in views:
            shown.show(view.progress)
    _print_summary(view, output)
    return view.state.exit_status


def _print_summary(view: OnboardingView, output: Output) -> None:
    """How it stands in a sentence, what there is, what went wrong, and what to do next."""
    progress = view.progress
    output.show("", f"onboarding {view.reference}: {view.state.value}")
    if result := progress.onboarding.result:
        output.show(*result_rows(result.lines))
    undone = [
        progress.onboarding.compensation,
        *(line.compensation for line in progress.lines.values()),
    ]
    output.show(*(f"  taken back: {thing}" for part in undone for thing in part.rolled_back))
    output.show(*(f"  left: {thing}" for part in undone for thing in part.retained))
    output.show(*(f"  {error}" for error in view.errors))
    output.show_next_steps(view.next)
