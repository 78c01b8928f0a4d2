"""Names that callers, workers and the Temporal UI share, and the rules for workflow ids."""

import hashlib
import hmac
from datetime import datetime
from typing import Any

from temporalio.common import SearchAttributeKey

ONBOARDING_WORKFLOW = "OnboardingWorkflow"
LINE_WORKFLOW = "LineWorkflow"
PORT_IN_WORKFLOW = "PortInWorkflow"

TASK_QUEUE = "telegent-orchestrator"
"""Where workflows run."""

API_TASK_QUEUE = "telegent-api"
"""Where every call to Telegent runs: the one queue that the request budget limits."""

STATUS_QUERY = "status"
RESOLVE_UPDATE = "resolve"

CORRECT_SIGNAL = "correct"
CORRECT_UPDATE = "submit_correction"
CANCEL_SIGNAL = "cancel"
CANCEL_UPDATE = "request_cancel"
ATTACH_ORDER_UPDATE = "attach_order"
OPERATOR_RESOLVE_UPDATE = "operator_resolve"
ORDER_EVENT_SIGNAL = "order_event"

ACCOUNT_ATTRIBUTE = "TelegentAccount"
ORDER_ATTRIBUTE = "TelegentOrder"
PORT_STATE_ATTRIBUTE = "PortState"
PORT_STATE_ENTERED_AT_ATTRIBUTE = "PortStateEnteredAt"
STEP_ATTRIBUTE = "CurrentStep"
NEEDS_ACTION_ATTRIBUTE = "NeedsActionSince"
"""Since when a port-in, or a question of an onboarding or line, waits for a person: see
`needs_action_since`. Not there when none does."""
SEARCH_ATTRIBUTES: tuple[SearchAttributeKey[Any], ...] = (
    SearchAttributeKey.for_keyword(ACCOUNT_ATTRIBUTE),
    SearchAttributeKey.for_keyword(ORDER_ATTRIBUTE),
    SearchAttributeKey.for_keyword(PORT_STATE_ATTRIBUTE),
    SearchAttributeKey.for_datetime(PORT_STATE_ENTERED_AT_ATTRIBUTE),
    SearchAttributeKey.for_keyword(STEP_ATTRIBUTE),
    SearchAttributeKey.for_keyword(NEEDS_ACTION_ATTRIBUTE),
)
"""Search attributes are never encrypted, so none holds personal data."""


def format_needs_action_since(moment: datetime) -> str:
    """The search attribute's value for this moment (UTC), such as `2026-11-23T19:02Z`."""
    return f"{moment:%Y-%m-%dT%H:%MZ}"


def onboarding_id(reference: str) -> str:
    """Workflow id of the onboarding with this reference."""
    return f"onboarding-{reference}"


def line_id(reference: str, line_key: str) -> str:
    """Workflow id of one line of an onboarding."""
    return f"{onboarding_id(reference)}-line-{line_key}"


def port_in_id(phone_number: str, id_key: str) -> str:
    """Workflow id of the port-in of a number (E.164): the same number always gives the same id.

    That is what keeps two port-ins of one number from being open at once. The number itself must
    not be readable in an id, so it goes through HMAC-SHA256 with `id_key`; worker and callers must
    use the same key. With an empty key the id still works, but whoever can list workflow ids can
    find the number by trying them all.
    """
    digest = hmac.new(id_key.encode(), phone_number.encode(), hashlib.sha256).hexdigest()
    return f"port-in-{digest[:24]}"
