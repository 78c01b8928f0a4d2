"""What to send to a port-in that waits for a person: the message, and its JSON to fill in."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from activities.port_in.policy import PortRules
from telegent_orchestrator._models import OPEN
from telegent_orchestrator.names import (
    ATTACH_ORDER_UPDATE,
    CANCEL_SIGNAL,
    CANCEL_UPDATE,
    CORRECT_SIGNAL,
    CORRECT_UPDATE,
    OPERATOR_UPDATE,
)
from telegent_orchestrator.port_in import CORRECTABLE, PortState, Resolve
from workflows.port_in.rejections import Rejection

SAMPLES: dict[str, object] = dict.fromkeys(CORRECTABLE, OPEN) | {
    "billing_address": {"street1": OPEN, "city": OPEN, "state": OPEN, "zip": OPEN},
    "pin_obtained_at": "YYYY-MM-DDThh:mmZ",
    "port_in_date": "YYYY-MM-DD",
    "authorization": {
        "reference": OPEN,
        "attested_by": OPEN,
        "attested_at": "YYYY-MM-DDThh:mmZ",
    },
    "old_service_stays_active": True,
    "lock_removed": True,
}
"""A correction's fields as a person fills them in."""


@dataclass(frozen=True)
class Ask:
    """One way on: when to take it, the `signal` or the `update` to send, and what goes with it."""

    when: str
    update: str
    payload: dict[str, object]
    signal: str | None = None

    @property
    def json(self) -> str:
        """The payload, to be copied and filled in."""
        return json.dumps(self.payload, ensure_ascii=False)


def asks(
    state: PortState,
    rejection: Rejection | None,
    rejections: int,
    fields: Sequence[str],
    rules: PortRules,
) -> list[Ask]:
    """The ways on from a state in which a person is waited for, the best first; else none."""
    if state is PortState.INFO_REQUIRED:
        return [*_correction("to go on", fields), _cancel()]
    if state is PortState.SUBMIT_UNKNOWN:
        return list(_unknown())
    if state is PortState.ACTION_REQUIRED and rejection:
        return [*_rejected(rejection, rejections, fields, rules), _cancel()]
    return []


def _rejected(
    rejection: Rejection, rejections: int, fields: Sequence[str], rules: PortRules
) -> Iterator[Ask]:
    if rejection.hard:
        yield _decide("when the cause is gone, a new order", Resolve.START_AGAIN)
    elif rejections >= min(rejection.tries, rules.rejections):
        if fields:
            yield _decide(
                "as an operator, other data",
                Resolve.REPLACE_DATA,
                correction=_correction_with(fields),
            )
        yield _decide("as an operator, the same data again", Resolve.RETRY_NOW)
    elif fields:
        yield from _correction("to go on", fields)
    else:
        yield _decide("when the cause is gone, the same data again", Resolve.RETRY_NOW)


def _unknown() -> Iterator[Ask]:
    yield Ask(
        "Telegent's support names the order",
        ATTACH_ORDER_UPDATE,
        {"order_id": OPEN, "by": OPEN, "reason": OPEN},
    )
    yield _decide("it knows of no order, submit again", Resolve.RETRY_NOW)
    yield _decide("it knows of no order, end here", Resolve.ABANDON)


def _correction(when: str, fields: Sequence[str]) -> Iterator[Ask]:
    # What no correction can bring, such as another number, needs another port-in.
    if wanted := [name for name in fields if name in CORRECTABLE]:
        yield Ask(when, CORRECT_UPDATE, _correction_with(wanted), CORRECT_SIGNAL)


def _correction_with(fields: Sequence[str]) -> dict[str, object]:
    return {**{name: SAMPLES[name] for name in fields}, "by": OPEN}


def _cancel() -> Ask:
    return Ask("to stop it", CANCEL_UPDATE, {"by": OPEN, "reason": OPEN}, CANCEL_SIGNAL)


def _decide(when: str, action: Resolve, **more: object) -> Ask:
    payload = {"action": action.value, **more, "by": OPEN, "reason": OPEN}
    return Ask(when, OPERATOR_UPDATE, payload)
