"""Compares what Telegent has with what our workflows know. Pure: it reads nothing."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cached_property

import telegent
from activities.known.lines import Known, KnownLine
from activities.reconcile import remedies
from activities.reconcile.differences import GuardianSettings, binding, guardian, limits
from activities.support.number_states import NumberState, number_state
from telegent_orchestrator.port_in import PortState
from telegent_orchestrator.reconcile import Finding, FindingKind

ARRIVED_STATES = (PortState.PORTED, PortState.BINDING, PortState.COMPLETED)
"""States of a port-in that has seen its number arrive."""
STARTING_STATES = (PortState.CHECKING_ELIGIBILITY, PortState.SUBMITTING)
"""States of an open port-in that it leaves by itself."""


@dataclass
class VendorState:
    """What Telegent has.

    Attributes:
        subscriptions: The active ones.
        limits: By number, of the lines whose limits are compared.
        guardian: The same for AI Guardian.
        order_types: By order id, of the numbers that no workflow knows.
    """

    numbers: list[telegent.Number]
    subscriptions: list[telegent.Subscription]
    limits: dict[str, telegent.DataUsageNumber] = field(default_factory=dict)
    guardian: dict[str, GuardianSettings] = field(default_factory=dict)
    order_types: dict[str, str] = field(default_factory=dict)


class Comparison:
    """Numbers, subscriptions and lines, matched with each other.

    Ids are compared without their prefix, because Telegent spells one in several ways.
    """

    def __init__(self, vendor: VendorState, known: Known) -> None:
        self._vendor, self._known = vendor, known
        self._listed = {number.number: number for number in vendor.numbers}

    @cached_property
    def held(self) -> dict[str, telegent.Number]:
        """The numbers that have not left or been cancelled."""
        return {
            number: row
            for number, row in self._listed.items()
            if number_state(row.status) is not NumberState.GONE
        }

    @cached_property
    def unknown(self) -> list[telegent.Number]:
        """Numbers that no workflow knows, of those that one should know."""
        return [row for row in self._strangers if not self._is_older(row)]

    @property
    def older(self) -> int:
        """How many numbers that no workflow knows are older than Temporal's records."""
        return len(self._strangers) - len(self.unknown)

    @cached_property
    def in_progress(self) -> int:
        """How many numbers are left out, because a workflow is changing them."""
        return sum(map(self._known.is_busy, self.held.values()))

    @cached_property
    def comparable(self) -> list[tuple[KnownLine, telegent.Number]]:
        """Complete lines in service, whose settings can be compared."""
        return [
            (line, row)
            for number, line in self._known.lines.items()
            if line.complete and not line.ended
            if (row := self.held.get(number)) and not self._known.is_busy(row)
        ]

    def findings(self) -> list[Finding]:
        """Returns every difference."""
        return [
            *self._unknown_numbers(),
            *self._unseen_port_ins(),
            *self._numbers_left(),
            *self._subscriptions_without_number(),
            *self._numbers_by_subscriptions(),
            *self._differing_lines(),
        ]

    @cached_property
    def _strangers(self) -> list[telegent.Number]:
        return [
            row
            for number, row in self.held.items()
            if number_state(row.status) is not NumberState.UNCLEAR
            and number not in self._known.lines
            and number not in self._known.port_ins
            and not self._known.is_busy(row)
        ]

    def _is_older(self, row: telegent.Number) -> bool:
        since, bought = self._known.since, _purchase_date(row)
        return since is not None and bought is not None and bought < since

    @cached_property
    def _owned(self) -> dict[str, list[telegent.Subscription]]:
        """The subscriptions of each number that is held; those of no number under ''."""
        by_id = {telegent.id_key(row.number_id): row for row in self.held.values() if row.number_id}
        by_sim = {_sim_key(row.iccid): row for row in self.held.values() if row.iccid}
        owned: dict[str, list[telegent.Subscription]] = {}
        for each in self._vendor.subscriptions:
            # By the id, if there is one: a SIM may have been used for another number since.
            row = by_id.get(telegent.id_key(each.tnid)) if each.tnid else None
            if not each.tnid and each.iccid:
                row = by_sim.get(_sim_key(each.iccid))
            owned.setdefault(row.number if row else "", []).append(each)
        return owned

    def _unknown_numbers(self) -> Iterator[Finding]:
        for row in self.unknown:
            subscriptions = self._owned.get(row.number, [])
            charged = ", ".join(each.subscription_id for each in subscriptions)
            detail = (
                f"no workflow knows this number of {row.assigned_subscriber_id or 'no subscriber'}"
                f", which {f'has {charged}' if charged else 'has no subscription'}"
            )
            if bought := row.original_date_purchased:
                detail += f"; bought on {bought}"
            owner = telegent.id_key(row.assigned_subscriber_id or "")
            line = self._known.unfinished.get(owner, "")
            if line:
                detail += f"; it may be that of line {line}, which ended without a number"
            ported = "port" in self._vendor.order_types.get(row.order_id or "", "").casefold()
            yield Finding(
                kind=FindingKind.UNSEEN_PORT_IN if ported else FindingKind.UNKNOWN_NUMBER,
                phone_number=row.number,
                line=line,
                subscription_id=charged,
                detail=f"ported in with order {row.order_id}; {detail}" if ported else detail,
                remedy=remedies.adopt(row.number),
            )

    def _unseen_port_ins(self) -> Iterator[Finding]:
        for number, port_in in self._known.port_ins.items():
            row = self.held.get(number)
            if row is None or number in self._known.lines or self._known.is_busy(row):
                continue
            if port_in.state in ARRIVED_STATES or (row.status or "active").casefold() != "active":
                continue
            if port_in.open and port_in.state in STARTING_STATES:
                continue
            yield Finding(
                kind=FindingKind.UNSEEN_PORT_IN,
                phone_number=number,
                detail=f"the number is in service, and its port-in is {port_in.state}"
                f"{'' if port_in.open else ' and has ended'}",
                remedy=remedies.see_port_in(row, port_in),
                workflow_id=port_in.workflow_id,
            )

    def _numbers_left(self) -> Iterator[Finding]:
        for number, line in self._known.lines.items():
            row = self._listed.get(number)
            if line.ended or number in self._known.busy_numbers or not _may_have_left(row, line):
                continue
            shown = f"Telegent shows it as '{row.status}'" if row else "it is not in the inventory"
            owned = self._owned.get(number, []) + self._owned.get("", [])
            left = [each.subscription_id for each in owned if _belongs(each, line)]
            yield Finding(
                kind=FindingKind.NUMBER_LEFT,
                phone_number=number,
                line=line.label,
                subscription_id=", ".join(left),
                detail=f"no workflow has ended this line, and {shown}"
                + (f"; {', '.join(left)} is still charged" if left else ""),
                remedy=remedies.return_or_close(line, left),
                workflow_id=line.workflow_id,
            )

    def _subscriptions_without_number(self) -> Iterator[Finding]:
        of_lines = {
            each
            for finding in self._numbers_left()
            for each in finding.subscription_id.split(", ")
            if each
        }
        for each in self._owned.get("", []):
            owner = telegent.id_key(each.subscriber_id or "")
            if each.subscription_id in of_lines or owner in self._known.busy_subscribers:
                continue
            named = each.tnid or (f"SIM {each.iccid}" if each.iccid else "no number")
            yield Finding(
                kind=FindingKind.SUBSCRIPTION_WITHOUT_NUMBER,
                subscription_id=each.subscription_id,
                detail=f"it is charged to {each.subscriber_id or 'no subscriber'} and names "
                f"{named}, which is not in service",
                remedy=self._close(each),
            )

    def _close(self, orphan: telegent.Subscription) -> str:
        """What closes a subscription of no number in service: a command needs its number."""
        listed = [
            row.number
            for row in self._vendor.numbers
            if orphan.tnid and telegent.same_id(orphan.tnid, row.number_id)
        ]
        gone = [
            number
            for number, line in self._known.lines.items()
            if number not in self.held and _belongs(orphan, line)
        ]
        if numbers := [*listed, *gone]:
            return remedies.close(numbers[0], [orphan.subscription_id])
        return remedies.in_portal(f"delete {orphan.subscription_id}")

    def _numbers_by_subscriptions(self) -> Iterator[Finding]:
        """The numbers that have no subscription, or more than one."""
        found = {row.number for row in self.unknown}
        found |= {finding.phone_number for finding in self._unseen_port_ins()}
        for number, row in self.held.items():
            if self._known.is_busy(row) or number in found:
                continue
            owned, line = self._owned.get(number, []), self._known.lines.get(number)
            if len(owned) > 1:
                yield _several_subscriptions(row, owned, line)
            elif not owned and _should_be_charged(row, line):
                yield _no_subscription(row, line)

    def _differing_lines(self) -> Iterator[Finding]:
        for line, row in self.comparable:
            owned = self._owned.get(row.number, [])
            yield from binding(line, row, owned[0] if len(owned) == 1 else None)
            yield from limits(line, self._vendor.limits.get(row.number))
            yield from guardian(line, self._vendor.guardian.get(row.number))


def _should_be_charged(row: telegent.Number, line: KnownLine | None) -> bool:
    state = number_state(row.status)
    if line and line.ended:
        return state is NumberState.ACTIVE
    # An unclear one may have been cancelled.
    return state in (NumberState.ACTIVE, NumberState.SUSPENDED)


def _no_subscription(row: telegent.Number, line: KnownLine | None) -> Finding:
    ended = line is not None and line.ended
    return Finding(
        kind=FindingKind.NUMBER_WITHOUT_SUBSCRIPTION,
        phone_number=row.number,
        line=line.label if line else "",
        detail="the line has been ended, and its number is in service"
        if ended
        else f"its status is '{row.status or 'none'}', and it has no active subscription",
        remedy=remedies.end(row.number)
        if ended
        else remedies.subscribe(row.number, line.package_id if line else None),
        workflow_id=line.workflow_id if line else "",
    )


def _several_subscriptions(
    row: telegent.Number, owned: list[telegent.Subscription], line: KnownLine | None
) -> Finding:
    ids = [each.subscription_id for each in owned]
    ours = line.subscription_id if line else None
    extra = [each for each in ids if ours and not telegent.same_id(each, ours)]
    return Finding(
        kind=FindingKind.SEVERAL_SUBSCRIPTIONS,
        phone_number=row.number,
        line=line.label if line else "",
        subscription_id=", ".join(ids),
        detail=f"it has {len(ids)} active subscriptions, and each is charged",
        remedy=remedies.close(row.number, extra),
        workflow_id=line.workflow_id if line else "",
    )


def _may_have_left(row: telegent.Number | None, line: KnownLine) -> bool:
    state = number_state(row.status) if row else NumberState.GONE
    return state is NumberState.GONE or (state is NumberState.UNCLEAR and not line.suspended)


def _belongs(each: telegent.Subscription, line: KnownLine) -> bool:
    same_subscription = telegent.same_id(each.subscription_id, line.subscription_id)
    return same_subscription or telegent.same_id(each.tnid, line.number_id)


def _sim_key(iccid: str | None) -> str:
    return (iccid or "").rstrip("Ff")


def _purchase_date(row: telegent.Number) -> date | None:
    """`MM/DD/YYYY` in the vendor's sample; None if it is written otherwise."""
    try:
        text = row.original_date_purchased or ""
        return datetime.strptime(text, "%m/%d/%Y").replace(tzinfo=UTC).date()
    except ValueError:
        return None
