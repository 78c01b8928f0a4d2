"""The details page of a port-in in the Temporal UI."""

from activities.port_in.poll_schedule import describe_schedule
from telegent_orchestrator._models import PLACEHOLDER
from telegent_orchestrator.port_in import PortState, TimelineEntry
from workflows.port_in.deadlines import auto_cancel_at
from workflows.port_in.state import PortIn
from workflows.port_in.suggested_actions import SuggestedAction, suggest_actions
from workflows.port_in.transitions import STATE_DESCRIPTIONS
from workflows.support.markdown import (
    NBSP,
    TIME_HEADING,
    code,
    format_minutes,
    format_seconds,
    table,
)
from workflows.support.progress import steps_table

MAX_LISTED_ENTRIES = 6
"""How many entries of the timeline are shown. The UI passes the page on inside a URL, and proxies
accept URLs of up to 8 KB; the query `status` returns all entries."""
ACTION_MARKER = f"✋{NBSP}"


def render_details_page(port: PortIn) -> list[str]:
    """Render the page in Markdown: the state, the suggested actions, the timeline and the steps.

    Returns:
        The lines of the page.
    """
    actions = suggest_actions(
        port.state, port.rejection, port.rejections, port.fields_to_correct, port.policy
    )
    marker = ACTION_MARKER if actions else ""
    facts = [(name, text) for name, text in _facts(port) if text]
    lines = table((f"{marker}{port.state.value}", STATE_DESCRIPTIONS[port.state]), facts)
    for action in actions:
        lines += [
            "",
            f"{ACTION_MARKER}**{action.label}**: {_message_names(action)}",
            "",
            *code(action.json),
        ]
    if actions:
        lines += ["", f"Send it from *More Actions* above, each {PLACEHOLDER} replaced."]
    return [*lines, "", *_timeline_table(port), "", "", *steps_table(port.steps)]


def _facts(port: PortIn) -> list[tuple[str, str]]:
    rejection, order = port.rejection, port.redacted_order
    deadline = port.next_deadline
    end = auto_cancel_at(port.state, port.milestones, port.policy)
    return [
        (TIME_HEADING, format_minutes(port.entered_at)),
        ("reason", _reason(port)),
        ("remedy", rejection.remedy if rejection else ""),
        ("who acts", rejection.responsible_party if rejection else ""),
        ("act by", f"{format_minutes(end)}, or it is cancelled" if end else ""),
        ("attention", port.attention),
        *(("warning", warning) for warning in port.warnings),
        ("order", f"{order.order_id}, Telegent says: {order.status_text}" if order else ""),
        ("activation code", port.activation_code or ""),
        ("next poll", _next_poll(port)),
        ("next timer", f"{deadline.name}, {format_minutes(deadline.at)}" if deadline else ""),
    ]


def _reason(port: PortIn) -> str:
    rejection = port.rejection
    if not rejection:
        return ""
    if rejection.not_correctable or not port.rejections:
        return rejection.reason
    limit = min(rejection.max_rejections, port.policy.max_rejections)
    return f"{rejection.reason}, rejection {port.rejections} of {limit}"


def _next_poll(port: PortIn) -> str:
    """The poll schedule. Only the pending activity shows the exact time, since polls leave no event
    in the history."""
    if port.order is None or port.state.final or port.state is PortState.PORTED:
        return ""
    schedule = describe_schedule(
        port.policy.poll_schedule,
        port.carrier_clock_started_at,
        phone_number=port.details.phone_number,
        wireline=port.details.port_in_date is not None,
        needs_operator=port.state is PortState.ACTION_REQUIRED,
        urgent=port.state in (PortState.UPDATE_REQUESTED, PortState.CANCEL_REQUESTED),
    )
    return f"{schedule}. Exact time: tab Pending Activities, Last Failure"


def _timeline_table(port: PortIn) -> list[str]:
    latest = [
        (format_seconds(entry.at), entry.by, _event_text(entry))
        for entry in reversed(port.timeline[-MAX_LISTED_ENTRIES:])
    ]
    return table((f"when{NBSP}(UTC)", "who", "what"), latest)


def _message_names(action: SuggestedAction) -> str:
    update = f"update `{action.update}`"
    return f"signal `{action.signal}` or {update}" if action.signal else update


def _event_text(entry: TimelineEntry) -> str:
    return f"{entry.event}: {entry.vendor_message}" if entry.vendor_message else entry.event
