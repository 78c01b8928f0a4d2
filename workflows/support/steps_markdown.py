"""Steps and escalations as Markdown for current details."""

import json
from collections.abc import Iterable

from telegent_orchestrator._display import escape_markdown
from telegent_orchestrator._models import PLACEHOLDER
from telegent_orchestrator.names import RESOLVE_UPDATE
from telegent_orchestrator.progress import Escalation, ResolutionAction, Step, StepState
from workflows.support.markdown import NBSP, TIME_HEADING, code, format_seconds, table

STATE_ICONS = {
    StepState.WAITING: "·",
    StepState.RUNNING: "▶",
    StepState.NEEDS_OPERATOR: "✋",
    StepState.DONE: "✓",
    StepState.FAILED: "✗",
    StepState.SKIPPED: "-",
}


def steps_table(steps: Iterable[Step]) -> list[str]:
    """The lines of a table of steps: state, name, since when, and a sentence."""
    rows = [(state_label(step.state), step.name, _state_time(step), step.detail) for step in steps]
    return table(("state", "step", TIME_HEADING, "detail"), rows)


def state_label(state: StepState) -> str:
    """Returns a state with the icon that makes it easy to find in a column."""
    return f"{STATE_ICONS[state]} {state.value}".replace(" ", NBSP)


def is_inactive(step: Step) -> bool:
    """Whether nothing happens in the step now."""
    return step.state in (StepState.WAITING, StepState.DONE, StepState.SKIPPED)


def _state_time(step: Step) -> str:
    timestamp = step.ended_at or step.started_at
    return format_seconds(timestamp) if timestamp else ""


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
