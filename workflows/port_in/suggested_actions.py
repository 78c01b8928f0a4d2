"""Suggested actions for a port-in that waits for an operator: messages with JSON to fill in."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from activities.port_in.policy import PortInPolicy
from telegent_orchestrator._models import PLACEHOLDER
from telegent_orchestrator.names import (
    ATTACH_ORDER_UPDATE,
    CANCEL_SIGNAL,
    CANCEL_UPDATE,
    CORRECT_SIGNAL,
    CORRECT_UPDATE,
    OPERATOR_RESOLVE_UPDATE,
)
from telegent_orchestrator.port_in import CORRECTABLE, OperatorAction, PortState
from workflows.port_in.rejections import Rejection

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


@dataclass(frozen=True)
class SuggestedAction:
    """One action of an operator.

    Attributes:
        label: When to choose it, or its effect.
        update: The name of the update to send.
        payload: Its input, with placeholders.
        signal: The name of a signal to send instead, if there is one.
    """

    label: str
    update: str
    payload: dict[str, object]
    signal: str | None = None

    @property
    def json(self) -> str:
        """The payload, to be copied and filled in."""
        return json.dumps(self.payload, ensure_ascii=False)


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
    yield SuggestedAction(
        "if Telegent's support finds the order",
        ATTACH_ORDER_UPDATE,
        {"order_id": PLACEHOLDER, "by": PLACEHOLDER, "reason": PLACEHOLDER},
    )
    yield _operator_action("if it finds no order: submit again", OperatorAction.RETRY_NOW)
    yield _operator_action("if it finds no order: abandon the port-in", OperatorAction.ABANDON)


def _correction_actions(label: str, fields: Sequence[str]) -> Iterator[SuggestedAction]:
    if fields:
        yield SuggestedAction(label, CORRECT_UPDATE, _correction_payload(fields), CORRECT_SIGNAL)


def _correction_payload(fields: Sequence[str]) -> dict[str, object]:
    return {**{name: FIELD_PLACEHOLDERS[name] for name in fields}, "by": PLACEHOLDER}


def _cancel_action(label: str = "to cancel") -> SuggestedAction:
    return SuggestedAction(
        label, CANCEL_UPDATE, {"by": PLACEHOLDER, "reason": PLACEHOLDER}, CANCEL_SIGNAL
    )


def _operator_action(label: str, action: OperatorAction, **more: object) -> SuggestedAction:
    payload = {"action": action.value, **more, "by": PLACEHOLDER, "reason": PLACEHOLDER}
    return SuggestedAction(label, OPERATOR_RESOLVE_UPDATE, payload)
