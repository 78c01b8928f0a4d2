"""Markdown for current details, as the Temporal UI renders it."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache

from temporalio import workflow

from telegent_orchestrator._display import escape_markdown
from telegent_orchestrator._models import PLACEHOLDER
from telegent_orchestrator.names import RESOLVE_UPDATE
from telegent_orchestrator.progress import Escalation, ResolutionAction, Step, StepState

NBSP = "\u00a0"
"""No-break space."""
TIME_HEADING = f"since{NBSP}(UTC)"
STATE_ICONS = {
    StepState.WAITING: "·",
    StepState.RUNNING: "▶",
    StepState.NEEDS_OPERATOR: "✋",
    StepState.DONE: "✓",
    StepState.FAILED: "✗",
    StepState.SKIPPED: "-",
}


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Returns the lines of a table; cells are plain text."""
    return [_row(tuple(header)), "|" + ":---|" * len(header), *(_row(tuple(row)) for row in rows)]


def code(text: str) -> list[str]:
    """Returns the lines of a code block."""
    return ["```", text, "```"]


def link(text: str, workflow_id: str) -> str:
    """Returns a link to the page of another workflow, for any address of the UI."""
    # Relative to the frame in which the UI renders details.
    return (
        f"[{escape_markdown(text)}](namespaces/{workflow.info().namespace}/workflows/{workflow_id})"
    )


def format_minutes(timestamp: datetime) -> str:
    """Returns date, hour and minute in UTC, without a place to break the line."""
    return f"{timestamp:%Y-%m-%d}{NBSP}{timestamp:%H:%M}"


def format_seconds(timestamp: datetime) -> str:
    """Returns month, day and time in UTC, without a place to break the line."""
    # With a no-break hyphen.
    return f"{timestamp:%m\u2011%d}{NBSP}{timestamp:%H:%M:%S}"


# Details are rendered whole in each workflow task, and most rows are as before.
@lru_cache(maxsize=1000)
def _row(cells: tuple[str, ...]) -> str:
    # The UI may render cells without padding and borders; an em space separates them.
    return "|".join(["", *(f" {escape_markdown(cell)}\u2003" for cell in cells), ""])


def steps_table(steps: Iterable[Step]) -> list[str]:
    """The lines of a table of steps: state, name, since when, and a sentence."""
    rows = (
        _step_row(step.state, step.name, step.ended_at or step.started_at, step.detail)
        for step in steps
    )
    return [*table(("state", "step", TIME_HEADING, "detail"), ()), *rows]


@lru_cache(maxsize=1000)
def _step_row(state: StepState, name: str, since: datetime | None, detail: str) -> str:
    return _row((state_label(state), name, format_seconds(since) if since else "", detail))


def state_label(state: StepState) -> str:
    """Returns a state with the icon that makes it easy to find in a column."""
    return f"{STATE_ICONS[state]} {state.value}".replace(" ", NBSP)


def is_inactive(step: Step) -> bool:
    """Whether nothing happens in the step now."""
    return step.state in (StepState.WAITING, StepState.DONE, StepState.SKIPPED)


def render_escalation(escalation: Escalation) -> list[str]:
    """Returns an escalation with its evidence, and the resolutions to copy and fill in."""
    lines = [
        f"✋ **{escape_markdown(escalation.step)} needs an operator**: "
        f"{escape_markdown(escalation.message)}",
        "",
    ]
    lines += [f"- {escape_markdown(found)}" for found in escalation.evidence]
    lines += ["", f"Send the update `{RESOLVE_UPDATE}` with each {PLACEHOLDER} replaced:", ""]
    return lines + code(
        "\n".join(_resolution_template(escalation.step, action) for action in ResolutionAction)
    )


def _resolution_template(step: str, action: ResolutionAction) -> str:
    named = {"id": PLACEHOLDER} if action is ResolutionAction.ADOPT else {}
    filled = {
        "step": step,
        "action": action.value,
        **named,
        "by": PLACEHOLDER,
        "reason": PLACEHOLDER,
    }
    return json.dumps(filled, ensure_ascii=False)
