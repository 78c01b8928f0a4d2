"""`tgo plan`: what a start would create, use, change and refuse, before anything is sent."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime

import typer
from rich.table import Table
from temporalio.client import WorkflowFailureError

from telegent_orchestrator._models import PLACEHOLDER
from telegent_orchestrator.cli.connection import UNENCRYPTED_WARNING, Connection
from telegent_orchestrator.cli.input import File, SecretOptions, SetOptions, load_request
from telegent_orchestrator.cli.output import AsJson, Output
from telegent_orchestrator.cli.rendering import format_duration, sanitize
from telegent_orchestrator.cli.results import CommandError, ExitStatus, NextStep
from telegent_orchestrator.cli.watching import with_timeout
from telegent_orchestrator.filter_changes import FilterEdits
from telegent_orchestrator.line_changes import (
    ChangeFilters,
    ChangeLimits,
    ChangePlan,
    End,
    LineChange,
)
from telegent_orchestrator.onboarding import OnboardingRequest
from telegent_orchestrator.plan import (
    LineChangeOffer,
    OnboardingPlan,
    PlanAction,
    PlannedResource,
    PlanOutcome,
)

ACTION_STYLES = {
    PlanAction.CREATE: "green",
    PlanAction.USE: "",
    PlanAction.CHANGE: "cyan",
    PlanAction.REFUSE: "bold red",
    PlanAction.ESCALATE: "bold yellow",
    PlanAction.UNKNOWN: "yellow",
}
OUTCOMES = {
    PlanOutcome.START: "a start would begin it",
    PlanOutcome.START_AGAIN: "it ended incomplete: a start would begin a second run",
    PlanOutcome.JOIN: "it exists with the same request: a start would send nothing",
    PlanOutcome.REFUSE: "a start would be refused, and send nothing",
}


def plan(
    context: typer.Context,
    file: File,
    sets: SetOptions = None,
    secrets: SecretOptions = None,
    as_json: AsJson = False,
) -> None:
    """Show what `tgo start` would create, and what exists already. Sends only reads.

    Exit status 1, not 3, if a start would be refused or need an operator, or
    if it cannot be determined what exists.
    """
    with Output(as_json) as output:
        request = load_request(OnboardingRequest, file, sets, secrets)
        made = asyncio.run(_plan(context.obj, request, output))
        if as_json:
            output.document(made)
        else:
            _show(made, output)
            output.show_next_steps([_offer(each, context.obj) for each in made.line_changes])
        raise typer.Exit(ExitStatus.DONE if made.acceptable else ExitStatus.FAILED)


async def _plan(
    connection: Connection, request: OnboardingRequest, output: Output
) -> OnboardingPlan:
    async with connection.open() as session:
        if not session.encrypts:
            output.notice(UNENCRYPTED_WARNING)
        handle = await session.orchestrator.start_plan(request)
        watched = handle.watch(
            on_unavailable=lambda _: output.notice(
                "Temporal or its worker does not respond; still trying …"
            )
        )
        reported = set[str]()
        # The first progress comes as soon as a worker responds.
        progress = await with_timeout(anext(watched, None))
        while progress:
            for call in progress.failing_calls:
                why = f"{call.failure} {call.message}"
                if why not in reported:
                    output.notice(call.description)
                reported.add(why)
            progress = await anext(watched, None)
        try:
            return await handle.result()
        except WorkflowFailureError as error:
            cause: BaseException = error
            while cause.__cause__:
                cause = cause.__cause__
            raise CommandError(f"there is no plan: {cause}", ExitStatus.FAILED) from None


def _show(made: OnboardingPlan, output: Output) -> None:
    output.show(f"onboarding {made.reference}: {OUTCOMES[made.outcome]}", _table(made.resources))
    output.show(*_totals(made))
    output.show(*(sanitize(f"error: {error}", "red") for error in made.errors))
    output.show(*(sanitize(f"warning: {warning}", "yellow") for warning in made.warnings))


def _offer(offer: LineChangeOffer, connection: Connection) -> NextStep:
    """How to change a line that is in service to what the request says."""
    reason = f"line {offer.line} is in service"
    if offer.change:
        reason += "; change it with:"
    if offer.not_covered:
        reason += f" (no line change sets {', '.join(offer.not_covered)})"
    words = line_change_words(offer.change)
    if not words:
        return NextStep(reason=reason)
    name, *options = words
    command = ("line", name, offer.phone_number, *options, "--reason", PLACEHOLDER)
    return NextStep(reason=reason, commands=[connection.command(*command)])


def line_change_words(change: LineChange | None) -> list[str]:
    """The command of `tgo line` that makes a change, and its options; empty if there is none."""
    match change:
        case End():
            return ["end"]
        case ChangeLimits():
            return ["limits", *_limit_options(change)]
        case ChangePlan():
            product = ["--product-type", change.product_type.value] if change.product_type else []
            return ["plan", "--package", change.package_id, *product, *_limit_options(change)]
        case ChangeFilters():
            calls = _filter_options("call", change.call_filter)
            return ["filters", *calls, *_filter_options("message", change.message_filter)]
    return []


def _filter_options(name: str, edits: FilterEdits | None) -> list[str]:
    options = list[str]()
    values = edits.model_dump(mode="json", exclude_defaults=True) if edits else {}
    for edit, value in values.items():
        option = f"--{name}-{edit}"
        if value is True:
            options.append(option)
        else:
            for each in value if isinstance(value, list) else [value]:
                options += [option, each]
    return options


def _limit_options(change: ChangeLimits | ChangePlan) -> list[str]:
    options = list[str]()
    if limits := change.data_limits:
        for name, value in limits.model_dump(mode="json", exclude_none=True).items():
            options += [f"--{name.replace('_', '-')}", str(value)]
    if renewal := change.renewal:
        options += ["--renew-every", renewal.every, "--renew-day", str(renewal.day)]
        options += ["--reset-now"] * renewal.reset_now
    return options


def _table(resources: list[PlannedResource]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for heading in ("Line", "Resource", "Name", "Action"):
        table.add_column(heading)
    table.add_column("Requests", justify="right")
    table.add_column("Monthly", justify="right")
    table.add_column("Id or reason")
    for each in resources:
        table.add_row(
            sanitize(each.line),
            each.kind.value,
            sanitize("" if each.line else each.name),
            sanitize(each.action.value, ACTION_STYLES[each.action]),
            str(each.requests or ""),
            "" if each.monthly_price is None else f"{each.monthly_price:.2f}",
            sanitize("; ".join(filter(None, (each.id, each.detail)))),
        )
    return table


def _totals(made: OnboardingPlan) -> Iterator[str]:
    yield f"requests: {made.requests}, without tokens and polls of orders"
    if made.monthly_price is not None:
        yield f"monthly price of the packages: {made.monthly_price:.2f}"
    if made.earliest_at and made.capacity and made.requests:
        seconds = max(0.0, (made.earliest_at - datetime.now(UTC)).total_seconds())
        yield (
            f"earliest: in {format_duration(seconds)}, at "
            f"{made.capacity.requests_per_minute:g} requests a minute with "
            f"{made.capacity.waiting} calls waiting; a port-in then takes days"
        )
