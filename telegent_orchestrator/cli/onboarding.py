"""`telegent validate`, `start`, `status`, `resolve`, `cancel`: about onboardings."""

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

import typer

from telegent_orchestrator._payload import Payload
from telegent_orchestrator.cli.connection import Connection, House
from telegent_orchestrator.cli.live import display
from telegent_orchestrator.cli.outcome import Advice, Done, Exit, Stop
from telegent_orchestrator.cli.output import AsJson, Output
from telegent_orchestrator.cli.panels import onboarding_panel, result_rows
from telegent_orchestrator.cli.requests import By, File, Reason, Secrets, Sets, message, request
from telegent_orchestrator.cli.views import OnboardingView, onboarding_view
from telegent_orchestrator.cli.watching import watched, within_patience
from telegent_orchestrator.client import OnboardingHandle
from telegent_orchestrator.lines import LineRequest
from telegent_orchestrator.names import onboarding_id
from telegent_orchestrator.onboarding import OnboardingRequest
from telegent_orchestrator.port_in import PortInCorrection, PortInRequest
from telegent_orchestrator.progress import Answer, Resolution

Reference = Annotated[str, typer.Argument(metavar="REFERENCE", help="The onboarding's reference.")]
Watch = Annotated[
    bool,
    typer.Option(
        "--watch", help="Follow it until it has ended, or only people can move it (status 3)."
    ),
]
UNENCRYPTED = (
    "no payload keys are given: what is sent is stored in the clear in Temporal "
    "(--payload-keys-file)"
)


class What(StrEnum):
    """Kinds of files that can be checked."""

    ONBOARDING = "onboarding"
    PORT_IN = "port-in"
    CORRECTION = "correction"


MODELS: dict[What, type[OnboardingRequest | PortInRequest | PortInCorrection]] = {
    What.ONBOARDING: OnboardingRequest,
    What.PORT_IN: PortInRequest,
    What.CORRECTION: PortInCorrection,
}


class Checked(Payload):
    """What `validate --json` prints of a file."""

    valid: bool
    faults: list[str] = []


class Started(Done):
    """What `start --json` prints. `joined`: one was there, whose request is the one used."""

    joined: bool


class Taken(Done):
    """What is printed with `--json` of a message. `met`: the state of the port-in that it met."""

    met: str | None = None


def validate(
    file: File,
    what: Annotated[What, typer.Option("--as", help="What the file holds.")] = What.ONBOARDING,
    sets: Sets = None,
    secrets: Secrets = None,
    as_json: AsJson = False,
) -> None:
    """Check a file, and name every fault at once. Nothing is sent."""
    with Output(as_json) as say:
        try:
            request(MODELS[what], file, sets, secrets)
        except Stop as stop:
            if not (as_json and stop.faults):
                raise
            say.document(Checked(valid=False, faults=stop.faults))
            raise typer.Exit(stop.status) from None
        if as_json:
            say.document(Checked(valid=True))
        else:
            say.show(f"{file} is a valid {what.value}")


def start(
    context: typer.Context,
    file: File,
    watch: Watch = False,
    sets: Sets = None,
    secrets: Secrets = None,
    as_json: AsJson = False,
) -> None:
    """Start an onboarding, or join the one with the same reference."""
    connection: Connection = context.obj
    with Output(as_json) as say:
        wanted = request(OnboardingRequest, file, sets, secrets)
        raise typer.Exit(asyncio.run(_start(connection, wanted, watch, say)))


def status(
    context: typer.Context, reference: Reference, watch: Watch = False, as_json: AsJson = False
) -> None:
    """Show how far an onboarding is, and what to do next."""
    connection: Connection = context.obj
    with Output(as_json) as say:
        raise typer.Exit(asyncio.run(_status(connection, reference, watch, say)))


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
    connection: Connection = context.obj
    with Output(as_json) as say:
        resolution = message(
            Resolution,
            step=step,
            answer=answer.value,
            id=adopted,
            by=by,
            reason=reason,
        )
        asyncio.run(_resolve(connection, reference, resolution, line))
        say.done(
            "answered",
            Taken(workflow_id=onboarding_id(reference), next=[_watch_it(connection, reference)]),
        )


def cancel(context: typer.Context, reference: Reference, as_json: AsJson = False) -> None:
    """Cancel an onboarding and its lines, and take back what can be. Port-ins go on."""
    connection: Connection = context.obj
    with Output(as_json) as say:
        asyncio.run(_cancel(connection, reference))
        say.done(
            "asked to cancel",
            Taken(workflow_id=onboarding_id(reference), next=[_watch_it(connection, reference)]),
        )


async def _start(
    connection: Connection, wanted: OnboardingRequest, watch: bool, say: Output
) -> Exit:
    async with connection.open() as house:
        if not house.encrypts:
            say.note(UNENCRYPTED)
        handle = await house.orchestrator.start_onboarding(wanted)
        if handle.joined:
            say.note(
                f"there is an onboarding {wanted.reference} already: it is joined, and this "
                "request is not used"
            )
        if watch:
            return await _watch(handle, wanted.reference, house, connection, say, wanted.lines)
    say.done(
        f"onboarding {wanted.reference} {'was there' if handle.joined else 'has started'}",
        Started(
            workflow_id=handle.id,
            joined=handle.joined,
            next=[_watch_it(connection, wanted.reference)],
        ),
    )
    return Exit.DONE


async def _status(connection: Connection, reference: str, watch: bool, say: Output) -> Exit:
    async with connection.open(_unknown(connection, reference)) as house:
        handle = house.orchestrator.onboarding(reference)
        if watch:
            return await _watch(handle, reference, house, connection, say)
        view = await within_patience(onboarding_view(handle, house, connection))
    if say.as_json:
        say.document(view)
    else:
        say.show(onboarding_panel(view.progress, _age(view.started_at, view.ended_at)))
        _summary(view, say)
    return view.state.exit


async def _watch(
    handle: OnboardingHandle,
    reference: str,
    house: House,
    connection: Connection,
    say: Output,
    lines: Sequence[LineRequest] = (),
) -> Exit:
    began = time.monotonic() - _age((await handle.execution()).started_at)
    views = watched(
        lambda: onboarding_view(handle, house, connection),
        say.note,
        again=connection.command("status", reference, "--watch"),
    )
    if say.as_json:
        async for view in views:
            say.document(view, one_line=True)
        return view.state.exit
    with display(say.console, began, lines) as shown:
        async for view in views:
            shown.show(view.progress)
    _summary(view, say)
    return view.state.exit


async def _resolve(
    connection: Connection, reference: str, resolution: Resolution, line: str | None
) -> None:
    async with connection.open(_unknown(connection, reference)) as house:
        onboarding = house.orchestrator.onboarding(reference)
        await within_patience(onboarding.resolve(resolution, line=line))


async def _cancel(connection: Connection, reference: str) -> None:
    async with connection.open(_unknown(connection, reference)) as house:
        onboarding = house.orchestrator.onboarding(reference)
        if (await onboarding.execution()).ended_at:
            raise Stop("refused: it has ended already", Exit.FAILED)
        await onboarding.cancel()


def _summary(view: OnboardingView, say: Output) -> None:
    """How it stands in a sentence, what there is, what went wrong, and what to do next."""
    say.show("", f"onboarding {view.reference}: {view.state.value}")
    result = view.progress.onboarding.result
    if result:
        say.show(*result_rows(result.lines))
    for undone in (
        view.progress.onboarding.undone,
        *(line.undone for line in view.progress.lines.values()),
    ):
        say.show(*(f"  taken back: {thing}" for thing in undone.taken_back))
        say.show(*(f"  left: {thing}" for thing in undone.left))
    say.show(*(f"  {fault}" for fault in view.faults))
    say.advise(view.next)


def _taken(connection: Connection, reference: str) -> Taken:
    return Taken(workflow_id=onboarding_id(reference), next=[_watch_it(connection, reference)])


def _watch_it(connection: Connection, reference: str) -> Advice:
    return Advice(
        why="watch it with:", commands=[connection.command("status", reference, "--watch")]
    )


def _age(started_at: datetime, ended_at: datetime | None = None) -> float:
    return ((ended_at or datetime.now(UTC)) - started_at).total_seconds()


def _unknown(connection: Connection, reference: str) -> Stop:
    return Stop(
        f"there is no onboarding {reference} (nor that line of it) in this namespace",
        Exit.USAGE,
        next_steps=[
            Advice(
                why="see which there are with:",
                commands=[connection.command("list", "--type", "onboarding")],
            )
        ],
    )
