"""What others see of a port-in: status, result, search attributes, and its details page.

The details page is for operators, in the Temporal UI. It offers the messages that they can send.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from activities.port_in.policy import PortInPolicy
from telegent_orchestrator._models import PLACEHOLDER
from telegent_orchestrator.names import (
    ACCOUNT_ATTRIBUTE,
    CANCEL_MESSAGE,
    CORRECT_MESSAGE,
    DECIDE_UPDATE,
    NEEDS_OPERATOR_ATTRIBUTE,
    ORDER_ATTRIBUTE,
    PORT_STATE_ATTRIBUTE,
    PORT_STATE_ENTERED_AT_ATTRIBUTE,
    STEP_ATTRIBUTE,
    format_needs_operator_since,
)
from telegent_orchestrator.poll_schedule import describe_schedule
from telegent_orchestrator.port_in import (
    CORRECTABLE,
    NEEDS_OPERATOR_STATES,
    OperatorAction,
    PortInResult,
    PortInStatus,
    PortState,
    TimelineEntry,
)
from telegent_orchestrator.progress import ExecutionSummary
from workflows.port_in.deadlines import auto_cancel_at
from workflows.port_in.rejections import Rejection
from workflows.port_in.state import PortIn
from workflows.port_in.transitions import BRIEF_STATES, STATE_DESCRIPTIONS
from workflows.support.markdown import (
    NBSP,
    TIME_HEADING,
    code,
    format_minutes,
    format_seconds,
    steps_table,
    table,
)

MAX_LISTED_ENTRIES = 6
"""How many entries of the timeline are shown. The UI passes the page on inside a URL, and proxies
accept URLs of up to 8 KB; the query `status` returns all entries."""
ACTION_MARKER = f"✋{NBSP}"
FIELD_PLACEHOLDERS: dict[str, object] = dict.fromkeys(CORRECTABLE, PLACEHOLDER) | {
    "billing_address": {
        "street1": PLACEHOLDER,
        "city": PLACEHOLDER,
        "state": PLACEHOLDER,
        "zip": PLACEHOLDER,
    },
    "pin_obtained_at": "YYYY-MM-DDThh:mmZ",
    "port_in_date": "YYYY-MM-DD",
    "authorization": {
        "reference": PLACEHOLDER,
        "attested_by": PLACEHOLDER,
        "attested_at": "YYYY-MM-DDThh:mmZ",
    },
    "old_service_stays_active": True,
    "lock_removed": True,
}
"""The fields of a correction with placeholders for their values."""
START_AGAIN = "a correction cannot change the number: cancel, and start a port-in of the right one"


def to_status(port: PortIn) -> PortInStatus:
    """Everything that may be shown while it runs."""
    rejection, order = port.rejection, port.redacted_order
    deadline = port.next_deadline
    return PortInStatus(
        phone_number=port.details.phone_number,
        state=port.state,
        order_id=order.order_id if order else None,
        vendor_message=order.status_text if order else "",
        reason=rejection.reason if rejection else "",
        remedy=rejection.remedy if rejection else "",
        fields_to_correct=port.fields_to_correct,
        needs_decision=port.needs_decision,
        attention=port.attention,
        warnings=list(port.warnings),
        next_deadline=deadline.at if deadline else None,
        next_deadline_name=deadline.name if deadline else "",
        rejections=port.rejections,
        unknown_statuses=port.unknown_statuses,
        activation_code=port.activation_code,
        steps=list(port.steps),
        timeline=list(port.timeline),
    )


def to_summary(port: PortIn) -> ExecutionSummary:
    """What lists show of it."""
    number = port.details.phone_number
    if port.state not in NEEDS_OPERATOR_STATES or not port.timeline:
        return ExecutionSummary(phone_number=number)
    rejection = port.rejection
    return ExecutionSummary(
        phone_number=number,
        reason=f"{rejection.reason}: {rejection.remedy}" if rejection else _why_waiting(port),
        fields_to_correct=[] if port.needs_decision else port.fields_to_correct,
    )


def _why_waiting(port: PortIn) -> str:
    if port.state is PortState.INFO_REQUIRED:
        return f"waiting for {', '.join(port.missing_fields)}"
    return STATE_DESCRIPTIONS[port.state]


def to_result(port: PortIn) -> PortInResult:
    """How it ended."""
    return PortInResult(
        phone_number=port.details.phone_number,
        state=port.state,
        order_id=port.last_order_id,
        number_id=port.number_id,
        iccid=port.iccid,
        activation_code=port.activation_code,
        subscriber_id=port.subscriber_id,
        reason=port.reason,
        warnings=list(port.warnings),
        timeline=list(port.timeline),
    )


def to_search_attributes(port: PortIn) -> dict[str, str | datetime | None]:
    """The value of each search attribute by its name; None takes it away."""
    return {
        ACCOUNT_ATTRIBUTE: port.bind.account_id if port.bind else None,
        ORDER_ATTRIBUTE: port.last_order_id,
        PORT_STATE_ATTRIBUTE: port.state.value,
        PORT_STATE_ENTERED_AT_ATTRIBUTE: port.entered_at,
        STEP_ATTRIBUTE: port.current_step,
        NEEDS_OPERATOR_ATTRIBUTE: (
            format_needs_operator_since(port.entered_at) if port.waiting_step else None
        ),
    }


def changed_search_attributes(
    port: PortIn, known: Mapping[str, object]
) -> dict[str, str | datetime | None]:
    """The search attributes to change; none for a brief state, unless it needs attention.

    Args:
        port: The port-in.
        known: What they are now.
    """
    values = to_search_attributes(port)
    waited = known.get(NEEDS_OPERATOR_ATTRIBUTE) and not values[NEEDS_OPERATOR_ATTRIBUTE]
    if port.state in BRIEF_STATES and not (port.attention or port.failure or waited):
        return {}
    return {name: value for name, value in values.items() if known.get(name) != value}


@dataclass(frozen=True)
class SuggestedAction:
    """One action of an operator.

    Attributes:
        label: When to choose it, or its effect.
        message: The name of the update to send.
        payload: Its input, with placeholders.
        also_signal: The same message may be sent as a signal.
    """

    label: str
    message: str
    payload: dict[str, object]
    also_signal: bool = False

    @property
    def json(self) -> str:
        """The payload, to be copied and filled in."""
        return json.dumps(self.payload, ensure_ascii=False)


def render_details_page(port: PortIn) -> list[str]:
    """Render the page in Markdown: the state, the suggested actions, the timeline and the steps.

    Returns:
        The lines of the page.
    """
    actions = suggest_actions(
        port.state, port.rejection, port.rejections, port.fields_to_correct, port.policy
    )
    marker = ACTION_MARKER if actions else ""
    rows = [(name, text) for name, text in _rows(port) if text]
    lines = table((f"{marker}{port.state.value}", STATE_DESCRIPTIONS[port.state]), rows)
    for action in actions:
        lines += [
            "",
            f"{ACTION_MARKER}**{action.label}**: {_message_name(action)}",
            "",
            *code(action.json),
        ]
    if actions:
        lines += ["", f"Send it from *More Actions* above, with each {PLACEHOLDER} replaced."]
    return [*lines, "", *_timeline_table(port), "", "", *steps_table(port.steps)]


def _rows(port: PortIn) -> list[tuple[str, str]]:
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
        requested_date=port.details.port_in_date,
        needs_operator=port.state is PortState.ACTION_REQUIRED,
        urgent=port.state in (PortState.UPDATE_REQUESTED, PortState.CANCEL_REQUESTED),
    )
    return f"{schedule}. Exact time: Next Retry in tab Pending Activities"


def _timeline_table(port: PortIn) -> list[str]:
    latest = [
        (format_seconds(entry.at), entry.by, _event_text(entry))
        for entry in reversed(port.timeline[-MAX_LISTED_ENTRIES:])
    ]
    return table((f"when{NBSP}(UTC)", "who", "what"), latest)


def _message_name(action: SuggestedAction) -> str:
    return f"{'signal or ' if action.also_signal else ''}update `{action.message}`"


def _event_text(entry: TimelineEntry) -> str:
    return f"{entry.event}: {entry.vendor_message}" if entry.vendor_message else entry.event


def suggest_actions(
    state: PortState,
    rejection: Rejection | None,
    rejections: int,
    fields: Sequence[str],
    policy: PortInPolicy,
) -> list[SuggestedAction]:
    """List the actions for a state that waits for an operator, the best first.

    Returns:
        The actions; empty for a state that does not wait for an operator.
    """
    if state is PortState.INFO_REQUIRED:
        if not CORRECTABLE.issuperset(fields):
            return [_cancel_action(START_AGAIN)]
        return [*_correction_actions("to continue", fields), _cancel_action()]
    if state is PortState.SUBMIT_UNKNOWN:
        return list(_unknown_submit_actions())
    if state is PortState.ACTION_REQUIRED and rejection:
        return [*_rejection_actions(rejection, rejections, fields, policy), _cancel_action()]
    return []


def _rejection_actions(
    rejection: Rejection, rejections: int, fields: Sequence[str], policy: PortInPolicy
) -> Iterator[SuggestedAction]:
    if rejection.not_correctable:
        yield _operator_action(
            "once the cause is resolved: submit a new order", OperatorAction.RESTART
        )
    elif rejections >= min(rejection.max_rejections, policy.max_rejections):
        if fields:
            yield _operator_action(
                "as an operator: send different data",
                OperatorAction.REPLACE_DATA,
                correction=_correction_payload(fields),
            )
        yield _operator_action("as an operator: send the same data again", OperatorAction.RETRY_NOW)
    elif fields:
        yield from _correction_actions("to continue", fields)
    else:
        yield _operator_action(
            "once the cause is resolved: send the same data again", OperatorAction.RETRY_NOW
        )


def _unknown_submit_actions() -> Iterator[SuggestedAction]:
    yield _operator_action(
        "if Telegent's support finds an order: follow it",
        OperatorAction.ATTACH_ORDER,
        order_id=PLACEHOLDER,
    )
    yield _operator_action("if it finds no order: submit again", OperatorAction.RETRY_NOW)
    yield _operator_action("if it finds no order: abandon the port-in", OperatorAction.ABANDON)


def _correction_actions(label: str, fields: Sequence[str]) -> Iterator[SuggestedAction]:
    if fields:
        yield SuggestedAction(label, CORRECT_MESSAGE, _correction_payload(fields), also_signal=True)


def _correction_payload(fields: Sequence[str]) -> dict[str, object]:
    return {**{name: FIELD_PLACEHOLDERS[name] for name in fields}, "by": PLACEHOLDER}


def _cancel_action(label: str = "to cancel") -> SuggestedAction:
    return SuggestedAction(
        label, CANCEL_MESSAGE, {"by": PLACEHOLDER, "reason": PLACEHOLDER}, also_signal=True
    )


def _operator_action(label: str, action: OperatorAction, **more: object) -> SuggestedAction:
    payload = {"action": action.value, **more, "by": PLACEHOLDER, "reason": PLACEHOLDER}
    return SuggestedAction(label, DECIDE_UPDATE, payload)
