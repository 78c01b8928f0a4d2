"""Check a line: its number, subscription, data usage and filters."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from resilience.oracle.checks import LedgerChecker, StepRef, same_id
from telegent_orchestrator.lines import LineRequest, NewNumber, PortInNumber
from telegent_orchestrator.port_in import PortInStatus, PortState
from workflows.onboarding.line_workflow import (
    DATA_LIMITS_STEP,
    E911_STEP,
    PORT_IN_STEP,
    RENEWAL_STEP,
    SUBSCRIPTION_STEP,
)
from workflows.onboarding.resources import CALL_FILTER_STEP, MESSAGE_FILTER_STEP, NUMBER_STEP

UPDATE_FIELDS = {
    "CurrentCarrierName",
    "CurrentAccountNumber",
    "CurrentAccountPassword",
    "CurrentBillingAddress",
}
"""Fields that every update of a port-in must send: Telegent may clear those that are omitted."""
STATES_WITHOUT_ORDER_ID = (
    PortState.CHECKING_ELIGIBILITY,
    PortState.SUBMITTING,
    PortState.SUBMIT_UNKNOWN,
)
"""States in which a port-in may have an order that it does not report; the state says so."""


@dataclass(frozen=True)
class LineOwner:
    """What a line belongs to, by ids in the ledger."""

    account_id: str | None
    subscriber_id: str | None
    package_id: str | None
    message_route_id: str | None
    voice_route_id: str | None


def check_line(
    checker: LedgerChecker,
    line: LineRequest,
    owner: LineOwner,
    rejections: Mapping[str, Sequence[str]],
) -> None:
    """Claim and check everything that belongs to a line."""
    number: str | None
    if isinstance(line.number, PortInNumber):
        expected_rejections = rejections.get(line.number.phone_number, ())
        number, number_id = _check_ported_number(
            checker, line, line.number, owner, list(expected_rejections)
        )
    else:
        number, number_id = _check_bought_number(checker, line, line.number, owner)
    checker.expect_one(
        f"subscription of {line.key}",
        "subscription.created",
        StepRef(SUBSCRIPTION_STEP, line.key),
        {"tnid": number_id},
        {"subscriber_id": owner.subscriber_id, "package_id": owner.package_id},
        checker.reported.line(line.key).subscription_id,
    )
    if address := line.e911_address:
        label, step_ref = f"E911 address of {line.key}", StepRef(E911_STEP, line.key)
        expected = {"zip": address.zip}
        checker.expect_last(label, "e911_address.set", step_ref, {"number": number}, expected)
    _check_data_usage(checker, line, number)
    _check_filters(checker, line, number, owner)


def _check_bought_number(
    checker: LedgerChecker, line: LineRequest, requested: NewNumber, owner: LineOwner
) -> tuple[str | None, str | None]:
    """Check a new number. Returns the number and its id."""
    label, line_result = f"number of {line.key}", checker.reported.line(line.key)
    kind, whose = "number.provisioned", {"subscriber_id": owner.subscriber_id}
    if requested.iccid:
        rows = checker.ledger.claim(kind, {**whose, "iccid": requested.iccid})
    else:
        key = {**whose, "number": line_result.phone_number} if line_result.phone_number else whose
        # Only one: further numbers of the subscriber belong to other lines, or are duplicates.
        rows = checker.ledger.claim(kind, key, limit=1)
    step_ref = StepRef(NUMBER_STEP, line.key)
    row = checker.expect_row(label, step_ref, rows, "number", line_result.phone_number)
    if row is None:
        return None, None
    number, number_id = str(row.data["number"]), str(row.data["number_id"])
    checker.check(label, row, {"account_id": owner.account_id})
    if line_result.number_id and not same_id(number_id, line_result.number_id):
        checker.violations.append(f"{label}: its id is {number_id}, not {line_result.number_id}")
    if not number.startswith(f"+1{requested.area_code or ''}"):
        checker.violations.append(f"{label}: {number} is not in area {requested.area_code}")
    return number, number_id


def _check_ported_number(
    checker: LedgerChecker,
    line: LineRequest,
    requested: PortInNumber,
    owner: LineOwner,
    expected_rejections: list[str],
) -> tuple[str, str | None]:
    """Check a ported number. Returns the number, and its id once it has arrived.

    Args:
        expected_rejections: In the order in which the carrier must send them.
    """
    label, number, port = (
        f"port-in of {line.key}",
        requested.phone_number,
        checker.reported.port(line.key),
    )
    key, step_ref = {"number": number}, StepRef(PORT_IN_STEP, line.key)
    rows = checker.ledger.claim("portin.submitted", key)
    order_id = port.order_id if port else None
    if port and rows and order_id is None and _arrived_before(port):
        order_id = str(rows[-1].data["order_id"])
    order = checker.expect_row(label, step_ref, rows, "order_id", order_id)
    if order:
        checker.check(label, order, {"iccid": requested.iccid})
        if port and order_id is None and port.state not in STATES_WITHOUT_ORDER_ID:
            checker.violations.append(
                f"orphan: {label} is {port.state} and does not report {order.data['order_id']}"
            )
    _check_corrections(checker, label, key, expected_rejections)
    arrived = checker.ledger.claim("portin.completed", key)
    if violations := _arrival_contradiction(port, len(arrived)):
        checker.violations.append(f"{label}: {violations}")
    binding = {
        "subscriber_id": owner.subscriber_id,
        "message_route_id": owner.message_route_id,
        "voice_route_id": owner.voice_route_id if line.product_type.voice else None,
    }
    checker.expect_last(f"binding of {line.key}", "number.updated", step_ref, key, binding)
    return number, str(arrived[0].data["number_id"]) if arrived else None


def _arrived_before(port: PortInStatus) -> bool:
    """Whether the number had arrived when this run began, which then does not know the order."""
    return any("had arrived in an earlier run" in entry.event for entry in port.timeline)


def _check_corrections(
    checker: LedgerChecker, label: str, key: Mapping[str, object], expected_rejections: list[str]
) -> None:
    rejected = [str(row.data["reason"]) for row in checker.ledger.claim("portin.rejected", key)]
    updates = checker.ledger.claim("portin.updated", key)
    if rejected != expected_rejections[: len(rejected)]:
        checker.violations.append(
            f"{label}: rejected as {rejected}, not as {expected_rejections}: wrong data was sent"
        )
    if len(updates) > len(rejected):
        checker.violations.append(
            f"duplicate: {label}: {len(updates)} updates, {len(rejected)} rejections"
        )
    for row in updates:
        if missing := UPDATE_FIELDS - set(row.data["fields"]):
            checker.violations.append(f"{label}: an update left out {', '.join(sorted(missing))}")
    if checker.reported.complete and not len(rejected) == len(updates) == len(expected_rejections):
        checker.violations.append(
            f"{label}: {len(rejected)} rejections, {len(updates)} updates, "
            f"not {expected_rejections}"
        )


def _arrival_contradiction(port: PortInStatus | None, arrivals: int) -> str:
    """How a port-in's state contradicts the arrival of its number."""
    state = port.state if port else None
    if arrivals > 1:
        return f"the number arrived {arrivals} times"
    if state is PortState.COMPLETED and not arrivals:
        return "reported as COMPLETED, but the number never arrived"
    if arrivals and state is not None and state.final and state is not PortState.COMPLETED:
        return f"reported as {state}, but the number has arrived"
    return ""


def _check_data_usage(checker: LedgerChecker, line: LineRequest, number: str | None) -> None:
    key = {"number": number}
    if limits := line.data_limits:
        expected = {
            "ValueUnit": "MB",
            "LimitValue": limits.limit_mb,
            "NotifyValue": limits.notify_mb,
            "ThrottleValue": limits.throttle_mb,
            "ThrottleSpeed": limits.throttle_speed,
        }
        label = f"data limits of {line.key}"
        checker.expect_last(
            label, "data_limits.set", StepRef(DATA_LIMITS_STEP, line.key), key, expected
        )
    if renewal := line.renewal:
        period = "M" if renewal.every == "month" else "W"
        when = {"AutoRenew": True, "PeriodType": period, "RenewalDay": renewal.day}
        label = f"renewal of {line.key}"
        checker.expect_last(label, "renewal.set", StepRef(RENEWAL_STEP, line.key), key, when)


def _check_filters(
    checker: LedgerChecker, line: LineRequest, number: str | None, owner: LineOwner
) -> None:
    line_result = checker.reported.line(line.key)
    for settings, kind, step, reported_id in (
        (line.call_filter, "call_filter", CALL_FILTER_STEP, line_result.call_filter_id),
        (line.message_filter, "message_filter", MESSAGE_FILTER_STEP, line_result.message_filter_id),
    ):
        if settings is None:
            continue
        label, step_ref = f"{step} of {line.key}", StepRef(step, line.key)
        rows = checker.ledger.claim(f"{kind}.created", {"phone": number})
        if row := checker.expect_row(label, step_ref, rows, "filter_id", reported_id):
            checker.check(label, row, {"subscriber_id": owner.subscriber_id})
