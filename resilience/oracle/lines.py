"""How a line is judged: its number, subscription, data usage and filters."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from resilience.oracle.checks import Place, Weighing
from telegent_orchestrator.lines import LineRequest, NewNumber, PortInNumber
from telegent_orchestrator.port_in import PortInStatus, PortState
from workflows.onboarding.guardian_filters import CALLS, MESSAGES
from workflows.onboarding.line_workflow import LIMITS, PORT_IN, RENEWAL, SUBSCRIPTION
from workflows.onboarding.number_purchase import NUMBER

SNAPSHOT = {
    "CurrentCarrierName",
    "CurrentAccountNumber",
    "CurrentAccountPassword",
    "CurrentBillingAddress",
}
"""What an update of a port-in always sends: what is left out might be cleared."""
UNTOLD = (PortState.CHECKING_ELIGIBILITY, PortState.SUBMITTING, PortState.SUBMIT_UNKNOWN)
"""States of a port-in that need not name an order: it may be there, and the state says so."""


@dataclass(frozen=True)
class Owner:
    """What a line belongs to, by the ledger's ids."""

    account_id: str | None
    subscriber_id: str | None
    package_id: str | None
    message_route_id: str | None
    voice_route_id: str | None


def weigh_line(
    scales: Weighing, line: LineRequest, owner: Owner, rejections: Mapping[str, Sequence[str]]
) -> None:
    """Takes everything of a line out of the books."""
    number: str | None
    if isinstance(line.number, PortInNumber):
        due = rejections.get(line.number.phone_number, ())
        number, number_id = _ported(scales, line, line.number, owner, list(due))
    else:
        number, number_id = _bought(scales, line, line.number, owner)
    scales.thing(
        f"subscription of {line.key}",
        "subscription.created",
        Place(SUBSCRIPTION, line.key),
        {"tnid": number_id},
        {"subscriber_id": owner.subscriber_id, "package_id": owner.package_id},
        scales.said.line(line.key).subscription_id,
    )
    _data_usage(scales, line, number)
    _filters(scales, line, number, owner)


def _bought(
    scales: Weighing, line: LineRequest, wanted: NewNumber, owner: Owner
) -> tuple[str | None, str | None]:
    """Number and id of the number that was bought."""
    what, said = f"number of {line.key}", scales.said.line(line.key)
    kind, whose = "number.provisioned", {"subscriber_id": owner.subscriber_id}
    if wanted.iccid:
        rows = scales.books.take(kind, {**whose, "iccid": wanted.iccid})
    else:
        key = {**whose, "number": said.phone_number} if said.phone_number else whose
        # Only one: a subscriber's others are another line's, or doubled.
        rows = scales.books.take(kind, key, at_most=1)
    place = Place(NUMBER, line.key)
    row = scales.one(what, place, rows, "number", said.phone_number)
    if row is None:
        return None, None
    number, number_id = str(row.data["number"]), str(row.data["number_id"])
    scales.check(what, row, {"account_id": owner.account_id})
    if said.number_id not in (None, number_id):
        scales.wrong.append(f"{what}: its id is {number_id}, not {said.number_id}")
    if not number.startswith(f"+1{wanted.area_code or ''}"):
        scales.wrong.append(f"{what}: {number} is not in area {wanted.area_code}")
    return number, number_id


def _ported(
    scales: Weighing, line: LineRequest, wanted: PortInNumber, owner: Owner, due: list[str]
) -> tuple[str, str | None]:
    """The number, and its id once it is here. `due`: the rejections that have to be."""
    what, number, port = f"port-in of {line.key}", wanted.phone_number, scales.said.port(line.key)
    key, place = {"number": number}, Place(PORT_IN, line.key)
    rows = scales.books.take("portin.submitted", key)
    order = scales.one(what, place, rows, "order_id", port.order_id if port else None)
    if order:
        scales.check(what, order, {"iccid": wanted.iccid})
        if port and port.order_id is None and port.state not in UNTOLD:
            scales.wrong.append(
                f"orphan: {what} is {port.state}, and does not name {order.data['order_id']}"
            )
    _corrected(scales, what, key, due)
    arrived = scales.books.take("portin.completed", key)
    if wrong := _other_than_arrived(port, len(arrived)):
        scales.wrong.append(f"{what}: {wrong}")
    binding = {
        "subscriber_id": owner.subscriber_id,
        "message_route_id": owner.message_route_id,
        "voice_route_id": owner.voice_route_id if line.product_type.voice else None,
    }
    scales.last_set(f"binding of {line.key}", "number.updated", place, key, binding)
    return number, str(arrived[0].data["number_id"]) if arrived else None


def _corrected(scales: Weighing, what: str, key: Mapping[str, object], due: list[str]) -> None:
    rejected = [str(row.data["reason"]) for row in scales.books.take("portin.rejected", key)]
    updates = scales.books.take("portin.updated", key)
    if rejected != due[: len(rejected)]:
        scales.wrong.append(f"{what}: rejected as {rejected}, not as {due}: wrong data were sent")
    if len(updates) > len(rejected):
        scales.wrong.append(f"doubled: {what}: {len(updates)} updates, {len(rejected)} rejections")
    for row in updates:
        if missing := SNAPSHOT - set(row.data["fields"]):
            scales.wrong.append(f"{what}: an update left out {', '.join(sorted(missing))}")
    if scales.said.complete and not len(rejected) == len(updates) == len(due):
        scales.wrong.append(
            f"{what}: {len(rejected)} rejections, {len(updates)} updates, not {due}"
        )


def _other_than_arrived(port: PortInStatus | None, arrivals: int) -> str:
    """How a port-in's state and the number's arrival contradict each other."""
    state = port.state if port else None
    if arrivals > 1:
        return f"the number arrived {arrivals} times"
    if state is PortState.COMPLETED and not arrivals:
        return "said to be COMPLETED, and the number never arrived"
    if arrivals and state is not None and state.final and state is not PortState.COMPLETED:
        return f"said to be {state}, and the number has arrived"
    return ""


def _data_usage(scales: Weighing, line: LineRequest, number: str | None) -> None:
    key = {"number": number}
    if limits := line.data_limits:
        facts = {
            "ValueUnit": "MB",
            "LimitValue": limits.limit_mb,
            "NotifyValue": limits.notify_mb,
            "ThrottleValue": limits.throttle_mb,
            "ThrottleSpeed": limits.throttle_speed,
        }
        what = f"data limits of {line.key}"
        scales.last_set(what, "data_limits.set", Place(LIMITS, line.key), key, facts)
    if renewal := line.renewal:
        period = "M" if renewal.every == "month" else "W"
        when = {"AutoRenew": True, "PeriodType": period, "RenewalDay": renewal.day}
        what = f"renewal of {line.key}"
        scales.last_set(what, "renewal.set", Place(RENEWAL, line.key), key, when)


def _filters(scales: Weighing, line: LineRequest, number: str | None, owner: Owner) -> None:
    said = scales.said.line(line.key)
    for wish, kind, step, said_id in (
        (line.call_filter, "call_filter", CALLS, said.call_filter_id),
        (line.message_filter, "message_filter", MESSAGES, said.message_filter_id),
    ):
        if wish is None:
            continue
        what, place = f"{step} of {line.key}", Place(step, line.key)
        rows = scales.books.take(f"{kind}.created", {"phone": number})
        if row := scales.one(what, place, rows, "filter_id", said_id):
            scales.check(what, row, {"subscriber_id": owner.subscriber_id})
