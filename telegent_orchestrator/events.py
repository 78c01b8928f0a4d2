"""Events that the orchestrator sends to your URLs, and how to verify their signatures.

Each is a CloudEvents 1.0 event in structured JSON, sent by HTTP POST and signed as Standard
Webhooks 1.0 describes (https://www.standardwebhooks.com), so that receivers in any language can
verify them with a library. Delivery is at least once: ignore an event whose `id` you have seen.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Literal

from telegent_orchestrator._models import WireModel
from telegent_orchestrator.usage import ThresholdReached

EVENT_DELIVERY_WORKFLOW = "EventDeliveryWorkflow"
"""Workflow type: one workflow delivers one event to one receiver. A failed one is an event that was
not delivered; resetting it sends the event again with the same id."""

CONTENT_TYPE = "application/cloudevents+json"
ID_HEADER = "webhook-id"
TIMESTAMP_HEADER = "webhook-timestamp"
SIGNATURE_HEADER = "webhook-signature"
SECRET_PREFIX = "whsec_"  # noqa: S105 - the public prefix of secrets
DEFAULT_TOLERANCE = timedelta(minutes=5)


class EventType(StrEnum):
    """The type of an event."""

    PORT_IN_CHANGED = "com.telegent-orchestrator.port-in.changed"
    PORT_IN_ATTENTION_REQUIRED = "com.telegent-orchestrator.port-in.attention-required"
    PORT_OUT_CHANGED = "com.telegent-orchestrator.port-out.changed"
    PORT_OUT_ATTENTION_REQUIRED = "com.telegent-orchestrator.port-out.attention-required"
    PORT_OUT_FAILED = "com.telegent-orchestrator.port-out.failed"
    LINE_CHANGED = "com.telegent-orchestrator.line.changed"
    LINE_ATTENTION_REQUIRED = "com.telegent-orchestrator.line.attention-required"
    LINE_IN_SERVICE = "com.telegent-orchestrator.line.in-service"
    LINE_FAILED = "com.telegent-orchestrator.line.failed"
    LINE_CHANGE_STARTED = "com.telegent-orchestrator.line-change.started"
    LINE_CHANGE_COMPLETED = "com.telegent-orchestrator.line-change.completed"
    LINE_CHANGE_ATTENTION_REQUIRED = "com.telegent-orchestrator.line-change.attention-required"
    LINE_CHANGE_FAILED = "com.telegent-orchestrator.line-change.failed"
    ONBOARDING_ATTENTION_REQUIRED = "com.telegent-orchestrator.onboarding.attention-required"
    ONBOARDING_COMPLETED = "com.telegent-orchestrator.onboarding.completed"
    ONBOARDING_FAILED = "com.telegent-orchestrator.onboarding.failed"
    ONBOARDING_CANCELLED = "com.telegent-orchestrator.onboarding.cancelled"
    RECONCILE_COMPLETED = "com.telegent-orchestrator.reconcile.completed"
    RECONCILE_FAILED = "com.telegent-orchestrator.reconcile.failed"
    USAGE_THRESHOLD_REACHED = "com.telegent-orchestrator.usage.threshold-reached"
    USAGE_FAILED = "com.telegent-orchestrator.usage.failed"


class EventData(WireModel):
    """The data of an event. Unknown values are left out.

    Attributes:
        parent_workflow_id: The onboarding of a line, the line of a port-in.
        state: The state of the workflow.
        change: The kind of a line change, such as `suspend`.
        reason: A reason code.
        remedy: What resolves it, in a sentence.
        deadline: Until when an operator should act (UTC).
        phone_number: With `new_phone_number`, the only personal data; sent only if the worker
            allows it.
        new_phone_number: The number of the line after a change of the number.
        findings: What a reconciliation has found, counted by kind.
        usage: The threshold that a number has reached.
    """

    workflow_id: str
    parent_workflow_id: str | None = None
    reference: str | None = None
    line_key: str | None = None
    state: str
    change: str | None = None
    step: str | None = None
    reason: str | None = None
    remedy: str | None = None
    fields_to_correct: list[str] = []
    deadline: datetime | None = None
    phone_number: str | None = None
    new_phone_number: str | None = None
    findings: dict[str, int] | None = None
    usage: ThresholdReached | None = None


class Event(WireModel):
    """A CloudEvent. `sequence` orders the events of one workflow run when sorted as text."""

    specversion: Literal["1.0"] = "1.0"
    id: str
    source: str
    type: str
    subject: str
    time: datetime
    sequence: str
    datacontenttype: Literal["application/json"] = "application/json"
    data: EventData

    def without_personal_data(self) -> "Event":
        """The same event without the phone numbers."""
        numbers = {"phone_number": None, "new_phone_number": None}
        return self.model_copy(update={"data": self.data.model_copy(update=numbers)})


class SignatureError(ValueError):
    """A request was not sent by the orchestrator, or it is too old; the message says why."""


def verify_signature(
    secret: str, headers: Mapping[str, str], body: bytes, tolerance: timedelta = DEFAULT_TOLERANCE
) -> None:
    """Verify that the orchestrator signed a request recently.

    Args:
        secret: The worker's `TELEGENT_EVENT_SECRET`.
        headers: The headers of the request.
        body: The body as received, before any parsing.
        tolerance: How far the sender's clock may differ, and how late a recorded request may be
            replayed.

    Raises:
        SignatureError: The signature or its time is invalid.
        ValueError: `secret` is not a valid secret.
    """
    lower_headers = {name.lower(): value for name, value in headers.items()}
    missing = [
        name
        for name in (ID_HEADER, TIMESTAMP_HEADER, SIGNATURE_HEADER)
        if name not in lower_headers
    ]
    if missing:
        raise SignatureError(f"the request lacks the header {', '.join(missing)}")
    try:
        at = datetime.fromtimestamp(int(lower_headers[TIMESTAMP_HEADER]), UTC)
    except (ValueError, OverflowError, OSError):
        raise SignatureError(f"{TIMESTAMP_HEADER} is not a time in seconds since 1970") from None
    if abs(datetime.now(UTC) - at) > tolerance:
        raise SignatureError(
            f"{TIMESTAMP_HEADER} differs from the current time by more than {tolerance}"
        )
    expected = sign_headers(secret, lower_headers[ID_HEADER], body, at)[SIGNATURE_HEADER].encode()
    signatures = lower_headers[SIGNATURE_HEADER].encode().split()
    if not any(hmac.compare_digest(expected, signature) for signature in signatures):
        raise SignatureError("the signature does not match: another secret, or another body")


def sign_headers(secret: str, event_id: str, body: bytes, at: datetime) -> dict[str, str]:
    """The three headers that sign a body: HMAC-SHA256 of `id.timestamp.body` in base64.

    Raises:
        ValueError: `secret` is not a valid secret.
    """
    timestamp = str(int(at.timestamp()))
    signed = b".".join((event_id.encode(), timestamp.encode(), body))
    digest = hmac.new(signing_key(secret), signed, hashlib.sha256).digest()
    return {
        ID_HEADER: event_id,
        TIMESTAMP_HEADER: timestamp,
        SIGNATURE_HEADER: f"v1,{base64.b64encode(digest).decode()}",
    }


def signing_key(secret: str) -> bytes:
    """The key in a secret: base64 of 24 to 64 bytes, with or without the prefix `whsec_`.

    Raises:
        ValueError: It is not a valid secret; the message says how to generate one.
    """
    try:
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not 24 <= len(key) <= 64:
        raise ValueError(
            "must be 24 to 64 random bytes in base64; generate one with: openssl rand -base64 32"
        )
    return key
