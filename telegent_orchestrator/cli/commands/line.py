"""`tgo line`: change a line after its onboarding."""

import asyncio
import re
from collections.abc import Callable
from typing import Annotated

import typer
from pydantic import JsonValue, TypeAdapter, ValidationError

from telegent_orchestrator._models import E164
from telegent_orchestrator.cli.commands.onboarding import UNENCRYPTED_HINT, onboarding_not_found
from telegent_orchestrator.cli.connection import UNENCRYPTED_WARNING, Connection, Session
from telegent_orchestrator.cli.input import By, Reason, build_message
from telegent_orchestrator.cli.naming import is_workflow_id, not_found, watch_hint
from telegent_orchestrator.cli.output import AsJson, AsJsonLines, Output
from telegent_orchestrator.cli.rendering import line_change_panel
from telegent_orchestrator.cli.results import (
    CommandError,
    ExitStatus,
    MessageResult,
    NextStep,
)
from telegent_orchestrator.cli.views import LineChangeView, line_change_view
from telegent_orchestrator.cli.watching import Watch, watch_views, with_timeout
from telegent_orchestrator.client import LineChangeClient, LineChangeHandle, RequestConflictError
from telegent_orchestrator.client.executions import WorkflowKind
from telegent_orchestrator.line_changes import LineChangeRequest
from telegent_orchestrator.progress import Resolution, ResolutionAction
from telegent_orchestrator.renewal_changes import RenewalChangeRequest

LINE_OF_ONBOARDING = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*):([a-z0-9-]+)")

Line = Annotated[
    str,
    typer.Argument(
        metavar="LINE",
        help="Phone number such as +18015550123, or REFERENCE:KEY of a line of an onboarding, "
        "such as family-2041:child-sim.",
    ),
]
AnyLine = Annotated[
    str,
    typer.Argument(
        metavar="LINE",
        help="Phone number such as +18015550123, REFERENCE:KEY of a line of an onboarding, such "
        "as family-2041:child-sim, or an id that `list` shows.",
    ),
]
AtRenewal = Annotated[
    bool,
    typer.Option(
        "--at-renewal", help="Show the change of the plan that waits for the renewal of the line."
    ),
]
LINE_CHANGE, RENEWAL_CHANGE = WorkflowKind.LINE_CHANGE, WorkflowKind.RENEWAL_CHANGE


def suspend(
    context: typer.Context,
    line: Line,
    reason: Reason,
    by: By = None,
    watch: Watch = False,
    as_json: AsJsonLines = False,
) -> None:
    """Take a line out of service. It keeps its number, SIM and subscription."""
    change_line(context.obj, line, {"kind": "suspend"}, reason, by, watch, as_json)


def restore(
    context: typer.Context,
    line: Line,
    reason: Reason,
    by: By = None,
    watch: Watch = False,
    as_json: AsJsonLines = False,
) -> None:
    """Put a suspended line back into service."""
    change_line(context.obj, line, {"kind": "restore"}, reason, by, watch, as_json)


def end(
    context: typer.Context,
    line: Line,
    reason: Reason,
    park: Annotated[
        bool,
        typer.Option(
            "--park",
            help="Park the number instead of cancelling it. A cancelled number can be won back "
            "for 30 days; a parked one is kept, and Telegent may charge for it.",
        ),
    ] = False,
    remove_relations: Annotated[
        bool,
        typer.Option(
            "--remove-relations",
            help="Also end the AI Guardian relations of the subscriber, who may have other lines.",
        ),
    ] = False,
    free_sim: Annotated[
        bool, typer.Option("--free-sim", help="Also release the SIM for another number.")
    ] = False,
    by: By = None,
    watch: Watch = False,
    as_json: AsJsonLines = False,
) -> None:
    """End a line: its subscription, its filters, and then its number."""
    change: dict[str, JsonValue] = {
        "kind": "end",
        "number": "park" if park else "cancel",
        "remove_relations": remove_relations,
        "free_sim": free_sim,
    }
    change_line(context.obj, line, change, reason, by, watch, as_json)


def close_subscription(
    context: typer.Context,
    line: Line,
    reason: Reason,
    subscription: Annotated[
        str, typer.Option("--subscription", help="Telegent's id of the subscription.")
    ],
    by: By = None,
    watch: Watch = False,
    as_json: AsJsonLines = False,
) -> None:
    """Close one subscription of a number that has several, or that is not in service any more."""
    change: dict[str, JsonValue] = {"kind": "close_subscription", "subscription_id": subscription}
    change_line(context.obj, line, change, reason, by, watch, as_json)


def win_back(
    context: typer.Context,
    line: Line,
    reason: Reason,
    package: Annotated[
        str | None,
        typer.Option("--package", help="Also start a subscription with this package (its id)."),
    ] = None,
    account: Annotated[
        str | None,
        typer.Option(
            "--account",
            help="Telegent's id of the account; needed if your Telegent account key has several.",
        ),
    ] = None,
    parked: Annotated[
        bool, typer.Option("--parked", help="The number was parked, not cancelled.")
    ] = False,
    by: By = None,
    watch: Watch = False,
    as_json: AsJsonLines = False,
) -> None:
    """Bring back an ended line: number parked, or cancelled in the last 30 days."""
    change: dict[str, JsonValue] = {
        "kind": "win_back",
        "number": "parked" if parked else "cancelled",
        "package_id": package,
        "account_id": account,
    }
    change_line(context.obj, line, change, reason, by, watch, as_json)


def status(
    context: typer.Context,
    line: AnyLine,
    at_renewal: AtRenewal = False,
    watch: Watch = False,
    as_json: AsJsonLines = False,
) -> None:
    """Show the latest change of a line, whether it is in service, and what to do next."""
    kind = RENEWAL_CHANGE if at_renewal else LINE_CHANGE
    with Output(as_json) as output:
        raise typer.Exit(asyncio.run(_status(context.obj, line, kind, watch, output)))


def cancel(
    context: typer.Context,
    line: AnyLine,
    reason: Annotated[str, typer.Option("--reason", help=f"Why; {UNENCRYPTED_HINT}.")] = "",
    by: Annotated[str, typer.Option("--by", help=f"Team that does this; {UNENCRYPTED_HINT}.")] = "",
    as_json: AsJson = False,
) -> None:
    """Cancel the change of the plan that waits for the renewal of a line."""
    with Output(as_json) as output:
        text = ": ".join(filter(None, (by, reason)))
        output.result("cancel requested", asyncio.run(_cancel(context.obj, line, text)))


def resolve(
    context: typer.Context,
    line: AnyLine,
    step: Annotated[
        str, typer.Argument(metavar="STEP", help="Name of the step, as `status` shows it.")
    ],
    action: Annotated[
        ResolutionAction,
        typer.Argument(
            metavar="ACTION",
            help="retry: send the change once more\n\n"
            "adopt: treat the change as done; needs --id\n\n"
            "abandon: fail the change",
        ),
    ],
    reason: Reason,
    adopted_id: Annotated[
        str | None,
        typer.Option(
            "--id",
            help="Needed for adopt: the new ICCID (swap-sim), the new number (change-number), "
            "Telegent's id of a new subscription or filter; if the change creates nothing, the "
            "line's phone number.",
        ),
    ] = None,
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Resolve the escalation of a line change."""
    with Output(as_json) as output:
        resolution = build_message(
            Resolution, step=step, action=action.value, id=adopted_id, by=by, reason=reason
        )
        output.result("resolved", asyncio.run(_resolve(context.obj, line, resolution)))


async def find_number(line: str, session: Session) -> str:
    """The phone number of a line. Raises CommandError if it has none."""
    # Workflow ids are computed with it.
    session.require_same_id_key()
    if of_onboarding := LINE_OF_ONBOARDING.fullmatch(line):
        reference, key = of_onboarding.groups()
        number = await with_timeout(_client(session).number_of(reference, key))
        if number is None:
            raise CommandError(f"the line {line} has no number yet", ExitStatus.FAILED)
        return number
    try:
        return TypeAdapter(E164).validate_python(line)
    except ValidationError:
        raise CommandError(
            f"{line} is neither a phone number such as +18015550123 nor a line of an onboarding "
            "such as family-2041:first",
            ExitStatus.USAGE,
        ) from None


def _not_found(line: str, connection: Connection, kind: WorkflowKind = LINE_CHANGE) -> CommandError:
    if of_onboarding := LINE_OF_ONBOARDING.fullmatch(line):
        return onboarding_not_found(of_onboarding[1], connection)
    return not_found(line, kind, connection)


def _client(session: Session) -> LineChangeClient:
    return LineChangeClient(session.temporal, id_key=session.id_key)


async def _find(line: str, session: Session, kind: WorkflowKind = LINE_CHANGE) -> LineChangeHandle:
    changes = _client(session)
    if is_workflow_id(line, LINE_CHANGE) or is_workflow_id(line, RENEWAL_CHANGE):
        return changes.get_by_id(line)
    number = await find_number(line, session)
    return changes.get(number) if kind is LINE_CHANGE else changes.get_at_renewal(number)


def _status_command(line: str, kind: WorkflowKind) -> list[str]:
    return ["line", "status", line, *["--at-renewal"] * (kind is RENEWAL_CHANGE)]


def _watch_hint(line: str, connection: Connection, kind: WorkflowKind = LINE_CHANGE) -> NextStep:
    return watch_hint(connection, *_status_command(line, kind))


def change_line(
    connection: Connection,
    line: str,
    change: dict[str, JsonValue],
    reason: str,
    by: str | None,
    watch: bool,
    as_json: bool,
    renewal_day: int | None = None,
) -> None:
    """Start a change of a line: now, or with `renewal_day` at its renewal."""

    def build(number: str) -> LineChangeRequest | RenewalChangeRequest:
        values = {"phone_number": number, "change": change, "by": by, "reason": reason}
        if renewal_day is None:
            return build_message(LineChangeRequest, **values)
        return build_message(RenewalChangeRequest, renewal_day=renewal_day, **values)

    with Output(as_json) as output:
        raise typer.Exit(asyncio.run(_start(connection, line, build, watch, output)))


async def _start(
    connection: Connection,
    line: str,
    build: Callable[[str], LineChangeRequest | RenewalChangeRequest],
    watch: bool,
    output: Output,
) -> ExitStatus:
    async with connection.open(_not_found(line, connection)) as session:
        request = build(await find_number(line, session))
        kind = RENEWAL_CHANGE if isinstance(request, RenewalChangeRequest) else LINE_CHANGE
        if not session.encrypts:
            output.notice(UNENCRYPTED_WARNING)
        try:
            if isinstance(request, RenewalChangeRequest):
                handle = await _client(session).start_at_renewal(request)
            else:
                handle = await _client(session).start(request)
        except RequestConflictError as error:
            raise CommandError(
                f"another change of {line} is open: {error}",
                ExitStatus.USAGE,
                next_steps=[_watch_hint(line, connection, kind)],
            ) from None
        if watch:
            return await _watch(handle, _status_command(line, kind), session, output)
    what = f"{request.change.kind} of {line}"
    return output.started(what, handle, _watch_hint(line, connection, kind))


async def _status(
    connection: Connection, line: str, kind: WorkflowKind, watch: bool, output: Output
) -> ExitStatus:
    async with connection.open(_not_found(line, connection, kind)) as session:
        handle = await _find(line, session, kind)
        if watch:
            return await _watch(handle, _status_command(line, kind), session, output)
        view = await with_timeout(line_change_view(handle, session))
    if output.as_json:
        output.document(view)
    else:
        _show(view, output)
    return view.state.exit_status


async def _watch(
    handle: LineChangeHandle, status: list[str], session: Session, output: Output
) -> ExitStatus:
    watch_command = session.command(*status, "--watch")
    async for view in watch_views(
        lambda: line_change_view(handle, session), output.notice, watch_command
    ):
        if output.as_json:
            output.document(view, single_line=True)
        else:
            _show(view, output)
    return view.state.exit_status


def _show(view: LineChangeView, output: Output) -> None:
    output.show(line_change_panel(view.status, view.failing_calls))
    if view.status.activation_code:
        # Outside of the panel, so that it can be copied.
        output.show(f"  eSIM {view.status.activation_code}")
    output.show_next_steps(view.next)


async def _cancel(connection: Connection, line: str, reason: str) -> MessageResult:
    async with connection.open(_not_found(line, connection, RENEWAL_CHANGE)) as session:
        handle = await _find(line, session, RENEWAL_CHANGE)
        # Temporal accepts a cancel of an ended workflow without an error.
        if (await handle.execution()).ended_at:
            raise CommandError("rejected: it has already ended", ExitStatus.FAILED)
        await handle.cancel(reason=reason)
    return MessageResult(
        workflow_id=handle.id, next=[_watch_hint(line, connection, RENEWAL_CHANGE)]
    )


async def _resolve(connection: Connection, line: str, resolution: Resolution) -> MessageResult:
    async with connection.open(_not_found(line, connection)) as session:
        handle = await _find(line, session)
        await with_timeout(handle.resolve(resolution))
    return MessageResult(workflow_id=handle.id, next=[_watch_hint(line, connection)])
