"""Names that clients, workers and the Temporal UI share, and the rules for workflow ids."""

import hashlib
import hmac
from datetime import datetime
from typing import Any

from temporalio.common import SearchAttributeKey

ONBOARDING_WORKFLOW = "OnboardingWorkflow"
LINE_WORKFLOW = "LineWorkflow"
PORT_IN_WORKFLOW = "PortInWorkflow"

TASK_QUEUE = "telegent-orchestrator"
"""Task queue of the workflows."""

API_TASK_QUEUE = "telegent-api"
"""Task queue of every call to Telegent, which the request budget limits."""

CREDENTIALS_REJECTED_FAILURE = "CredentialsRejected"
"""Type of the failure of an activity whose credentials Telegent rejects; it is repeated."""

LINE_CHANGE_FAILURE = "LineChangeFailed"
"""Type of the failure of a line change, with its LineChangeResult."""

PENDING_FAILURE = "Pending"
"""Failure type of an attempt after which Temporal waits and tries again; nothing is wrong."""

NOT_EXECUTED_REASONS = {
    "NotSent": "Telegent is unreachable",
    "RateLimited": "rate-limited by Telegent (429)",
    CREDENTIALS_REJECTED_FAILURE: "Telegent rejects our credentials",
    "MissingKeyError": "worker is missing a payload key",
}
"""Types of failures after which a call may be repeated without a lookup, with their texts."""

STATUS_QUERY = "status"
QUERY_AGAIN = "an event of this workflow waits for its workflow task: send the query again"
"""Why a worker rejects a query; a moment later it answers."""

RESOLVE_UPDATE = "resolve"

CORRECT_MESSAGE = "correct"
"""Both an update, whose sender gets a response, and a signal, whose sender gets none."""
CANCEL_MESSAGE = "cancel"
"""The same; a bulk accepts only the update."""
DECIDE_UPDATE = "decide"
POLL_NOW_SIGNAL = "poll_now"
NOTE_UPDATE = "add_note"

ACCOUNT_ATTRIBUTE = "TelegentAccount"
ORDER_ATTRIBUTE = "TelegentOrder"
PORT_STATE_ATTRIBUTE = "PortState"
PORT_STATE_ENTERED_AT_ATTRIBUTE = "PortStateEnteredAt"
STEP_ATTRIBUTE = "CurrentStep"
NEEDS_OPERATOR_ATTRIBUTE = "NeedsOperatorSince"
"""Since when an operator is needed, see `format_needs_operator_since`; unset if none is."""
SUMMARY_MEMO = "Summary"
"""Memo with an `ExecutionSummary`, encrypted if the worker has payload keys."""

ACCOUNT_KEY = SearchAttributeKey.for_keyword(ACCOUNT_ATTRIBUTE)
ORDER_KEY = SearchAttributeKey.for_keyword(ORDER_ATTRIBUTE)
PORT_STATE_KEY = SearchAttributeKey.for_keyword(PORT_STATE_ATTRIBUTE)
PORT_STATE_ENTERED_AT_KEY = SearchAttributeKey.for_datetime(PORT_STATE_ENTERED_AT_ATTRIBUTE)
STEP_KEY = SearchAttributeKey.for_keyword(STEP_ATTRIBUTE)
NEEDS_OPERATOR_KEY = SearchAttributeKey.for_keyword(NEEDS_OPERATOR_ATTRIBUTE)
SEARCH_ATTRIBUTES: tuple[SearchAttributeKey[Any], ...] = (
    ACCOUNT_KEY,
    ORDER_KEY,
    PORT_STATE_KEY,
    PORT_STATE_ENTERED_AT_KEY,
    STEP_KEY,
    NEEDS_OPERATOR_KEY,
)
"""Search attributes are never encrypted: none contains personal data."""


def format_needs_operator_since(moment: datetime) -> str:
    """The search attribute's value for a time (UTC), such as `2026-11-23T19:02Z`."""
    return f"{moment:%Y-%m-%dT%H:%MZ}"


def onboarding_id(reference: str) -> str:
    """Workflow id of the onboarding with this reference."""
    return f"onboarding-{reference}"


def line_id(reference: str, line_key: str) -> str:
    """Workflow id of one line of an onboarding.

    The separator is a colon, which references and keys cannot contain: no line can have the id of
    an onboarding.
    """
    return f"{onboarding_id(reference)}:line-{line_key}"


def reference_in_id(workflow_id: str) -> str:
    """The reference of an onboarding, in its own workflow id or in that of a line; else empty."""
    prefix = onboarding_id("")
    return workflow_id.removeprefix(prefix).partition(":")[0] * workflow_id.startswith(prefix)


def port_in_id(phone_number: str, id_key: str) -> str:
    """Workflow id of the port-in of a number: one per number, so that only one can be open.

    Workflow ids are not encrypted, so the id contains an HMAC-SHA256 of the number.

    Args:
        phone_number: The number in E.164.
        id_key: `TELEGENT_ID_KEY`, the same in workers and clients. With an empty key, a reader of
            workflow ids can find the numbers by trying them all.
    """
    digest = hmac.new(id_key.encode(), phone_number.encode(), hashlib.sha256).hexdigest()
    return f"port-in-{digest[:24]}"
