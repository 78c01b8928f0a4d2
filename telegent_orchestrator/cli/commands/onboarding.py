"""`tgo start`, `status`, `resolve` and `cancel`: an onboarding."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

import typer

from telegent_orchestrator.cli.connection import UNENCRYPTED_WARNING, Connection, Session
from telegent_orchestrator.cli.input import (
    By,
    File,
    Reason,
    SecretOptions,
    SetOptions,
    build_message,
    load_request,
)
from telegent_orchestrator.cli.live import display, monotonic_at
from telegent_orchestrator.cli.naming import not_found, watch_hint
from telegent_orchestrator.cli.output import AsJson, AsJsonLines, Output
from telegent_orchestrator.cli.rendering import describe_line_change, onboarding_panel, result_rows
from telegent_orchestrator.cli.results import (
    CommandError,
    ExitStatus,
    MessageResult,
    NextStep,
)
from telegent_orchestrator.cli.views import OnboardingView, onboarding_view
from telegent_orchestrator.cli.watching import Watch, watch_views, with_timeout
from telegent_orchestrator.client import OnboardingHandle
from telegent_orchestrator.client.executions import WorkflowKind
from telegent_orchestrator.lines import LineRequest
from telegent_orchestrator.names import onboarding_id
from telegent_orchestrator.onboarding import OnboardingRequest
from telegent_orchestrator.progress import Resolution, ResolutionAction

UNENCRYPTED_HINT = "stored unencrypted in Temporal's history: no personal data"
Reference = Annotated[str, typer.Argument(metavar="REFERENCE", help="The onboarding's reference.")]


def start(
    context: typer.Context,
    file: File,
    watch: Watch = False,
    sets: SetOptions = None,
    secrets: SecretOptions = None,
    as_json: AsJsonLines = False,
) -> None:
    """Start an onboarding, or join the one with the same reference and the same request."""
    with Output(as_json) as output:
        request = load_request(OnboardingRequest, file, sets, secrets)
        raise typer.Exit(asyncio.run(_start(context.obj, request, watch, output)))


def status(
    context: typer.Context, reference: Reference, watch: Watch = False, as_json: AsJsonLines = False
) -> None:
    """Show the steps of an onboarding, what it waits for, and what to do next."""
    with Output(as_json) as output:
        raise typer.Exit(asyncio.run(_status(context.obj, reference, watch, output)))


def resolve(
    context: typer.Context,
    reference: Reference,
    step: Annotated[
        str, typer.Argument(metavar="STEP", help="Name of the step, as `status` shows it.")
    ],
    action: Annotated[
        ResolutionAction,
        typer.Argument(
            metavar="ACTION",
            help="adopt: it exists, use the resource given by --id\n\n"
            "retry: it does not exist at Telegent, create it\n\n"
            "abandon: fail the step",
        ),
    ],
    reason: Reason,
    line: Annotated[
        str | None, typer.Option("--line", help="Key of the line whose step it is.")
    ] = None,
    adopted_id: Annotated[
        str | None,
        typer.Option(
            "--id",
            help="Needed for adopt: Telegent's id of the resource; for a number, the number "
            "itself.",
        ),
    ] = None,
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Resolve the escalation of a step that needs an operator."""
    with Output(as_json) as output:
        resolution = build_message(
            Resolution, step=step, action=action.value, id=adopted_id, by=by, reason=reason
        )
        asyncio.run(_resolve(context.obj, reference, resolution, line))
        output.result("resolved", _message_result(reference, context.obj))


def cancel(
    context: typer.Context,
    reference: Reference,
    reason: Annotated[str, typer.Option("--reason", help=f"Why; {UNENCRYPTED_HINT}.")] = "",
    by: Annotated[str, typer.Option("--by", help=f"Team that does this; {UNENCRYPTED_HINT}.")] = "",
    as_json: AsJson = False,
) -> None:
    """Cancel an onboarding and its lines and roll them back; port-ins continue.

    Some resources stay, such as accounts and packages; `status` lists them.
    To cancel its port-ins, use `tgo port-in cancel`.
    """
    with Output(as_json) as output:
        text = ": ".join(filter(None, (by, reason)))
        asyncio.run(_cancel(context.obj, reference, text))
        output.result("cancel requested", _message_result(reference, context.obj))


def onboarding_not_found(reference: str, connection: Connection) -> CommandError:
    """The error if there is no such onboarding."""
    return not_found(f"{reference} (or no such line of it)", WorkflowKind.ONBOARDING, connection)


def _watch_hint(reference: str, connection: Connection) -> NextStep:
    return watch_hint(connection, "status", reference)


async def _start(
    connection: Connection, request: OnboardingRequest, watch: bool, output: Output
) -> ExitStatus:
    reference = request.reference
    async with connection.open() as session:
        session.require_same_id_key()
        if not session.encrypts:
            output.notice(UNENCRYPTED_WARNING)
        handle = await session.orchestrator.start_onboarding(request)
        if handle.joined:
            output.notice(f"onboarding {reference} exists with the same request: joined it")
        if watch:
            return await _watch(handle, session, output, request.lines)
    return output.started(f"onboarding {reference}", handle, _watch_hint(reference, connection))


async def _status(
    connection: Connection, reference: str, watch: bool, output: Output
) -> ExitStatus:
    async with connection.open(onboarding_not_found(reference, connection)) as session:
        handle = session.orchestrator.onboarding(reference)
        if watch:
            return await _watch(handle, session, output)
        view = await with_timeout(onboarding_view(handle, session))
    if output.as_json:
        output.document(view)
    else:
        elapsed = (view.ended_at or datetime.now(UTC)) - view.started_at
        output.show(onboarding_panel(view.progress, elapsed.total_seconds()))
        _print_summary(view, output)
    return view.state.exit_status


async def _watch(
    handle: OnboardingHandle,
    session: Session,
    output: Output,
    lines: Sequence[LineRequest] = (),
) -> ExitStatus:
    started = monotonic_at((await handle.execution()).started_at)
    watch_command = session.command("status", handle.reference, "--watch")
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


async def _resolve(
    connection: Connection, reference: str, resolution: Resolution, line: str | None
) -> None:
    async with connection.open(onboarding_not_found(reference, connection)) as session:
        onboarding = session.orchestrator.onboarding(reference)
        await with_timeout(onboarding.resolve(resolution, line=line))


async def _cancel(connection: Connection, reference: str, reason: str) -> None:
    async with connection.open(onboarding_not_found(reference, connection)) as session:
        onboarding = session.orchestrator.onboarding(reference)
        # Temporal accepts a cancel of an ended workflow without an error.
        if (await onboarding.execution()).ended_at:
            raise CommandError("rejected: it has already ended", ExitStatus.FAILED)
        await onboarding.cancel(reason=reason)


def _message_result(reference: str, connection: Connection) -> MessageResult:
    return MessageResult(
        workflow_id=onboarding_id(reference), next=[_watch_hint(reference, connection)]
    )


def _print_summary(view: OnboardingView, output: Output) -> None:
    """State, results, what was rolled back, errors, and what to do next."""
    progress = view.progress
    output.show("", f"onboarding {view.reference}: {view.state.value}")
    if result := progress.onboarding.result:
        output.show(*result_rows(result.lines))
    output.show(
        *(f"  {key}: {describe_line_change(change)}" for key, change in progress.changes.items())
    )
    reports = [
        progress.onboarding.compensation,
        *(line.compensation for line in progress.lines.values()),
    ]
    output.show(*(f"  rolled back: {item}" for report in reports for item in report.rolled_back))
    output.show(*(f"  retained: {item}" for report in reports for item in report.retained))
    output.show(*(f"  {error}" for error in view.errors))
    output.show_next_steps(view.next)
