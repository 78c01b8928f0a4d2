"""Steps, lines, port-ins, results and lists as Rich renderables."""

from collections.abc import Sequence
from datetime import UTC, datetime

from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from telegent_orchestrator._display import replace_unprintable
from telegent_orchestrator.client import FailingCall, OnboardingProgress
from telegent_orchestrator.line_changes import LineChangeStatus
from telegent_orchestrator.lines import LineRequest, LineResult
from telegent_orchestrator.port_in import NEEDS_OPERATOR_STATES, PortInStatus, TimelineEntry
from telegent_orchestrator.progress import Step, StepState

STATE_STYLES = {
    StepState.WAITING: ("·", "dim"),
    StepState.RUNNING: ("▶", "cyan"),
    StepState.NEEDS_OPERATOR: ("!", "bold yellow"),
    StepState.DONE: ("✓", "green"),
    StepState.FAILED: ("✗", "bold red"),
    StepState.SKIPPED: ("-", "dim"),
}
MAX_ENTRIES = 5
"""Entries of a timeline that are shown in a view of several port-ins."""
BASE_LINE_STEPS = 2
"""Steps of every line: number and subscription."""


def onboarding_panel(
    progress: OnboardingProgress, seconds: float, lines: Sequence[LineRequest] = ()
) -> RenderableType:
    """Progress bar, steps, why steps wait, lines, and port-ins.

    Args:
        progress: The onboarding.
        seconds: The time since its start.
        lines: The lines of the request, to count the steps of lines that have not started.
    """
    return Group(
        _progress_bar(progress, seconds, lines),
        Columns([_step(step) for step in progress.onboarding.steps], padding=(0, 3)),
        *_waiting_reasons(progress),
        _lines_table(progress),
        *(
            # One that waits also shows its remedy, and all must fit into a terminal.
            port_in_panel(
                f"port-in of {key}", port, 1 if port.state in NEEDS_OPERATOR_STATES else MAX_ENTRIES
            )
            for key, port in progress.ports.items()
        ),
    )


def port_in_panel(
    name: str,
    port: PortInStatus,
    max_entries: int = MAX_ENTRIES,
    failing_calls: Sequence[FailingCall] = (),
) -> RenderableType:
    """State, what an operator must do, the latest entries of the timeline, and what fails."""
    needs_operator = port.state in NEEDS_OPERATOR_STATES
    rows = [
        Text.assemble((f"{_format_time(entry.at)}  ", "dim"), sanitize(format_entry(entry)))
        for entry in port.timeline[-max_entries:]
    ]
    if needs_operator and port.reason:
        rows.append(sanitize(f"{port.reason}: {port.remedy}", "yellow"))
    if needs_operator and port.fields_to_correct:
        rows.append(sanitize(f"to correct: {', '.join(port.fields_to_correct)}", "yellow"))
    if port.attention:
        rows.append(sanitize(f"attention: {port.attention}", "yellow"))
    rows += [sanitize(f"warning: {warning}", "yellow") for warning in port.warnings]
    rows += [sanitize(call.description, "yellow") for call in failing_calls]
    return Panel(
        Group(*rows),
        title=sanitize(f"{name}: {port.state.value}"),
        title_align="left",
        border_style="yellow" if needs_operator else "green" if port.state.final else "cyan",
    )


def line_change_panel(
    change: LineChangeStatus, failing_calls: Sequence[FailingCall] = ()
) -> RenderableType:
    """The steps, whether the line is in service, who changed it and why, and what fails."""
    rows: list[RenderableType] = [
        Text.assemble(_step(step), sanitize(f"  {step.detail}" if step.detail else ""))
        for step in change.steps
    ]
    rows.append(sanitize(f"{change.phone_number}: {describe_line_change(change)}"))
    if change.vendor_status:
        rows.append(sanitize(f"Telegent's status: {change.vendor_status}", "dim"))
    rows += [sanitize(f"removed: {what}") for what in change.removed]
    rows += [sanitize(f"warning: {warning}", "yellow") for warning in change.warnings]
    if change.new_phone_number:
        rows.append(sanitize(f"new number {change.new_phone_number}", "bold"))
    if change.iccid:
        rows.append(sanitize(f"ICCID {change.iccid}, swaps left: {change.swaps_remaining}"))
    ids = {
        "subscription": change.subscription_id,
        "account": change.account_id,
        "call filter": change.call_filter_id,
        "message filter": change.message_filter_id,
    }
    rows += [sanitize(f"{what} {found}") for what, found in ids.items() if found]
    if change.detail:
        rows.append(sanitize(change.detail, "red"))
    rows += [sanitize(call.description, "yellow") for call in failing_calls]
    style = {
        StepState.NEEDS_OPERATOR: "yellow",
        StepState.DONE: "green",
        StepState.FAILED: "red",
    }
    return Panel(
        Group(*rows),
        title=sanitize(f"{change.change.kind}: {change.state.value}"),
        title_align="left",
        border_style=style.get(change.state, "cyan"),
    )


def describe_line_change(change: LineChangeStatus) -> str:
    """Whether the line is in service, since when, by whom and why."""
    who = f"by {change.by}: {change.reason}"
    if change.state is not StepState.DONE:
        return f"{change.change.kind} {change.state.value}, requested {who}"
    since = f" since {_format_time(change.ended_at)}" if change.ended_at else ""
    return f"{change.line_state or 'changed'}{since}, {who}"


def result_rows(lines: Sequence[LineResult]) -> list[str]:
    """Number, SIM, subscription and eSIM activation code of each line, to copy."""
    rows = []
    for line in lines:
        facts = [
            line.phone_number,
            line.iccid and f"ICCID {line.iccid}",
            line.subscription_id and f"subscription {line.subscription_id}",
        ]
        rows.append(f"  {line.key}: {', '.join(filter(None, facts)) or line.state.value}")
        if line.activation_code:
            rows.append(f"    eSIM {line.activation_code}")
    return rows


def sanitize(text: str, style: str = "") -> Text:
    """Text from outside without Rich markup, control characters and escape sequences."""
    return Text(replace_unprintable(text), style)


def format_entry(entry: TimelineEntry) -> str:
    """Who did what, with the message from Telegent."""
    message = f" ({entry.vendor_message})" if entry.vendor_message else ""
    return f"{entry.by}: {entry.event}{message}"


def format_duration(seconds: float) -> str:
    """A duration in its largest fitting unit."""
    if seconds < 60:
        return f"{seconds:.1f}s"
    if seconds < 3600:
        return f"{seconds / 60:.0f}min"
    if seconds < 48 * 3600:
        return f"{seconds / 3600:.0f}h"
    return f"{seconds / 86400:.0f}d"


def format_failing_call(call: FailingCall) -> str:
    """What fails and why, with the line that it belongs to."""
    return f"line {call.line}, {call.description}" if call.line else call.description


def _waiting_reasons(progress: OnboardingProgress) -> list[Text]:
    """Why each unfinished step waits, where the workflow has said so, and which calls fail."""
    steps = [("", step) for step in progress.onboarding.steps]
    for key, line in progress.lines.items():
        steps += [(f"line {key}, ", step) for step in line.steps]
    return [
        sanitize(f"{owner}{step.name}: {step.detail}", "yellow")
        for owner, step in steps
        if step.detail and step.state in (StepState.RUNNING, StepState.NEEDS_OPERATOR)
    ] + [sanitize(format_failing_call(call), "yellow") for call in progress.failing_calls]


def _progress_bar(
    progress: OnboardingProgress, seconds: float, lines: Sequence[LineRequest]
) -> RenderableType:
    steps = list(progress.onboarding.steps)
    requests = {line.key: line for line in lines}
    done = total = 0
    for brief in progress.onboarding.lines:
        status, line = progress.lines.get(brief.key), requests.get(brief.key)
        if status and status.steps:
            steps += status.steps
            continue
        expected = _expected_steps(line) if line else BASE_LINE_STEPS
        total += expected
        done += expected * brief.state.finished
    done += sum(step.finished for step in steps)
    total += len(steps)
    row = Table.grid(padding=(0, 1))
    row.add_row(
        ProgressBar(total=total, completed=done, width=40),
        f"{done} of {total} steps",
        Text(format_duration(seconds), style="dim"),
    )
    return row


def _expected_steps(line: LineRequest) -> int:
    extras = (
        line.e911_address,
        line.data_limits,
        line.renewal,
        line.call_filter,
        line.message_filter,
    )
    return BASE_LINE_STEPS + sum(extra is not None for extra in extras)


def _lines_table(progress: OnboardingProgress) -> RenderableType:
    names = {
        step.name: None
        for status in progress.lines.values()
        for step in status.steps[1:]  # the first step is the number, bought or ported
    }
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="bold")
    table.add_column("Line", no_wrap=True)
    for name in ("Number", *names):
        table.add_column(name, min_width=max(map(len, name.split())))
    for brief in progress.onboarding.lines:
        status = progress.lines.get(brief.key)
        if status is None or not status.steps:
            table.add_row(brief.key, Text(brief.state.value, style="dim"))
            continue
        number, *others = status.steps
        cells = {step.name: step for step in others}
        table.add_row(
            brief.key,
            _cell(number),
            *(_cell(cells[name]) if name in cells else "" for name in names),
        )
    return table


def _step(step: Step) -> Text:
    icon, style = STATE_STYLES[step.state]
    return Text.assemble(
        (f"{icon} ", style), sanitize(step.name), (f" {_format_duration_of(step)}", "dim")
    )


def _cell(step: Step) -> Text:
    icon, style = STATE_STYLES[step.state]
    return Text.assemble(
        (f"{icon} {step.state.value}", style), (f" {_format_duration_of(step)}", "dim")
    )


def _format_duration_of(step: Step) -> str:
    if step.started_at is None:
        return ""
    ended = step.ended_at or datetime.now(UTC)
    return format_duration(max(0.0, (ended - step.started_at).total_seconds()))


def _format_time(at: datetime) -> str:
    """The time of day, with the date unless it is today."""
    here = at.astimezone()
    today = here.date() == datetime.now().astimezone().date()
    return f"{here:%H:%M:%S}" if today else f"{here:%Y-%m-%d %H:%M}"
