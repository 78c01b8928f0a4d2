"""What differs between Telegent and what the workflows know, without either of them."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given, strategies as st

import telegent
from activities.known.lines import Known, KnownLine, KnownPortIn
from activities.reconcile.comparison import Comparison, VendorState
from activities.reconcile.differences import GuardianSettings
from telegent_orchestrator.line_changes import LineChangeResult
from telegent_orchestrator.lines import CallFilter, DataLimits, MessageFilter, ProductType
from telegent_orchestrator.progress import StepState
from telegent_orchestrator.reconcile import MAX_FINDINGS, Finding, FindingKind, ReconcileReport
from tests.harness.known_lines import NUMBER, known_line

LIMITS = DataLimits(limit_mb=5000, notify_mb=4000)


def row(number: str = NUMBER, **changes: Any) -> telegent.Number:
    values = {
        "Number": number,
        "Tnid": f"TNID-{number[1:]}",
        "OrderId": f"JNUOID-{number[1:]}",
        "Status": "Active",
        "AssignedSubscriberId": "TSUID-1",
        "Iccid": "8901240000000000001F",
        "ProductType": "Sms+Data",
        "MessageRouteId": "MRID-1",
        "OriginalDatePurchased": "11/20/2026",
    }
    return telegent.Number.model_validate(values | changes)


def subscription(number: str = NUMBER, **changes: Any) -> telegent.Subscription:
    values = {
        "SubscriptionId": f"SUB-{number[1:]}",
        "SubscriberId": "SID-1",
        "TNID": f"NID-{number[1:]}",
        "PackageId": "PID-1",
        "Active": True,
    }
    return telegent.Subscription.model_validate(values | changes)


def vendor(**changes: Any) -> VendorState:
    values: dict[str, Any] = {"numbers": [row()], "subscriptions": [subscription()]}
    return VendorState(**(values | changes))


def known(*lines: KnownLine, **changes: Any) -> Known:
    return Known({line.phone_number: line for line in lines}, **changes)


def findings(state: VendorState, records: Known) -> list[Finding]:
    return Comparison(state, records).findings()


def close_command(subscription_id: str) -> str:
    command = f"tgo line close-subscription {NUMBER} --subscription {subscription_id}"
    return f"{command} --reason 'found by tgo reconcile'"


def only(state: VendorState, records: Known) -> Finding:
    [found] = findings(state, records)
    return found


def test_line_as_requested_is_no_finding_in_any_spelling_of_ids() -> None:
    assert findings(vendor(), known(known_line())) == []


def test_number_without_subscription_is_subscribed_again() -> None:
    found = only(vendor(subscriptions=[]), known(known_line()))

    assert found.kind is FindingKind.NUMBER_WITHOUT_SUBSCRIPTION
    assert found.remedy.startswith(f"tgo line win-back {NUMBER} --package PID-1 --reason ")


def test_inactive_subscription_is_none_and_that_of_another_number_too() -> None:
    other = subscription("+18015550199", ICCID="8901240000000000001")

    kinds = {each.kind for each in findings(vendor(subscriptions=[other]), known(known_line()))}

    assert kinds == {
        FindingKind.NUMBER_WITHOUT_SUBSCRIPTION,
        FindingKind.SUBSCRIPTION_WITHOUT_NUMBER,
    }


def test_subscription_that_names_only_the_sim_is_that_of_its_number() -> None:
    by_sim = subscription(TNID=None, ICCID="8901240000000000001")

    assert findings(vendor(subscriptions=[by_sim]), known(known_line())) == []


@pytest.mark.parametrize("numbers", [[], [row(Status="Cancelled")], [row(Status="Inactive")]])
def test_number_that_left_without_us_names_the_subscription_that_is_still_charged(
    numbers: list[telegent.Number],
) -> None:
    found = only(vendor(numbers=numbers), known(known_line()))

    assert found.kind is FindingKind.NUMBER_LEFT
    assert found.subscription_id == "SUB-18015550142"
    assert "SUB-18015550142" in found.remedy


def test_number_that_a_workflow_has_ended_has_not_left_without_us() -> None:
    gone = vendor(numbers=[], subscriptions=[])

    assert findings(gone, known(known_line(ended=True))) == []


def test_suspended_line_that_is_shown_as_inactive_has_not_left() -> None:
    inactive = vendor(numbers=[row(Status="Inactive")])

    assert findings(inactive, known(known_line(suspended=True))) == []


def test_ended_line_whose_number_is_in_service_is_found() -> None:
    found = only(vendor(subscriptions=[]), known(known_line(ended=True)))

    assert found.kind is FindingKind.NUMBER_WITHOUT_SUBSCRIPTION
    assert found.remedy.startswith(f"tgo line end {NUMBER}")


def test_parked_number_of_an_ended_line_needs_no_subscription() -> None:
    parked = vendor(numbers=[row(Status="Parked")], subscriptions=[])

    assert findings(parked, known(known_line(ended=True))) == []


def test_subscription_of_no_number_is_found() -> None:
    orphan = subscription("+18015550199")

    found = only(vendor(subscriptions=[subscription(), orphan]), known(known_line()))

    assert found.kind is FindingKind.SUBSCRIPTION_WITHOUT_NUMBER
    assert found.subscription_id == "SUB-18015550199"
    assert found.remedy == "in Telegent's portal: delete SUB-18015550199"


@pytest.mark.parametrize("numbers", [[row(Status="Cancelled")], []], ids=["listed", "not listed"])
def test_subscription_of_an_ended_line_is_closed_by_its_number(
    numbers: list[telegent.Number],
) -> None:
    found = only(vendor(numbers=numbers), known(known_line(ended=True)))

    assert found.kind is FindingKind.SUBSCRIPTION_WITHOUT_NUMBER
    assert found.remedy == close_command("SUB-18015550142")


def test_subscription_of_a_line_whose_number_is_in_service_again_is_not_closed_by_it() -> None:
    earlier = subscription("+18015550199", SubscriptionId="SUB-18015550142")

    found = only(
        vendor(subscriptions=[subscription(SubscriptionId="SUB-2"), earlier]), known(known_line())
    )

    assert found.remedy == "in Telegent's portal: delete SUB-18015550142"


def test_second_subscription_of_a_number_is_named() -> None:
    second = subscription(SubscriptionId="SUB-2")

    found = only(vendor(subscriptions=[subscription(), second]), known(known_line()))

    assert found.kind is FindingKind.SEVERAL_SUBSCRIPTIONS
    assert found.remedy == close_command("SUB-2")


def test_unknown_number_is_found_with_the_line_that_it_may_be() -> None:
    found = only(vendor(), Known(unfinished={"1": "family-2041:first"}))

    assert found.kind is FindingKind.UNKNOWN_NUMBER
    assert found.line == "family-2041:first"
    assert found.subscription_id == "SUB-18015550142"


def test_unknown_number_whose_order_is_a_port_in_has_arrived_unseen() -> None:
    state = vendor(order_types={"JNUOID-18015550142": "PortIn"})

    assert only(state, Known()).kind is FindingKind.UNSEEN_PORT_IN


def test_number_that_is_older_than_the_records_is_counted() -> None:
    comparison = Comparison(vendor(), Known(since=date(2026, 11, 21)))

    assert (comparison.findings(), comparison.older) == ([], 1)
    assert only(vendor(), Known(since=date(2026, 11, 20))).kind is FindingKind.UNKNOWN_NUMBER


@pytest.mark.parametrize(
    ("state", "is_open", "remedy"),
    [
        ("SUBMITTED", True, f"tgo port-in decide {NUMBER} mark_done"),
        (
            "INFO_REQUIRED",
            True,
            f"tgo port-in decide {NUMBER} attach_order --order JNUOID-18015550142",
        ),
        ("ABANDONED", False, "tgo port-in start …"),
        ("CANCELLED", False, "tgo port-in start …"),
    ],
)
def test_port_in_that_has_not_seen_its_number_is_found(
    state: str, is_open: bool, remedy: str
) -> None:
    records = Known(port_ins={NUMBER: KnownPortIn("port-in-1", state, is_open)})

    found = only(vendor(), records)

    assert found.kind is FindingKind.UNSEEN_PORT_IN
    assert found.remedy.startswith(remedy)


@pytest.mark.parametrize("state", ["PORTED", "BINDING", "COMPLETED", "SUBMITTING"])
def test_port_in_that_has_seen_its_number_or_will_is_no_finding(state: str) -> None:
    records = Known(port_ins={NUMBER: KnownPortIn("port-in-1", state, open=True)})

    assert findings(vendor(), records) == []


def test_open_port_in_whose_number_is_not_in_service_yet_is_no_finding() -> None:
    waiting = KnownPortIn("port-in-1", "SUBMITTED", open=True)

    assert findings(vendor(numbers=[], subscriptions=[]), Known(port_ins={NUMBER: waiting})) == []


@pytest.mark.parametrize(
    ("shown", "detail", "command"),
    [
        ({"AssignedSubscriberId": "TSUID-2"}, "subscriber is TSUID-2, not TSUID-1", "portal"),
        ({"Iccid": "8901240000000000002"}, "SIM is 8901240000000000002", "tgo line swap-sim"),
        ({"ProductType": "Data-Only"}, "product type is Data-Only, not Sms+Data", "tgo line plan"),
        ({"MessageRouteId": None}, "message route is none, not MRID-1", "--message-route MRID-1"),
    ],
)
def test_binding_that_differs_is_found(shown: dict[str, Any], detail: str, command: str) -> None:
    found = only(vendor(numbers=[row(**shown)]), known(known_line()))

    assert found.kind is FindingKind.BINDING_DIFFERS
    assert detail in found.detail
    assert command in found.remedy


def test_product_types_that_end_alike_differ() -> None:
    line = known_line(product_type=ProductType.SMS_ONLY)

    found = only(vendor(numbers=[row(ProductType="Data-Only")]), known(line))

    assert "product type is Data-Only, not Sms-Only" in found.detail


def test_package_that_differs_is_found() -> None:
    found = only(vendor(subscriptions=[subscription(PackageId="PID-2")]), known(known_line()))

    assert found.detail == "package is PID-2, not PID-1"
    assert "tgo line plan +18015550142 --package PID-1" in found.remedy


@pytest.mark.parametrize(
    ("shown", "detail"),
    [
        ({"LimitValue": 20, "NotifyValue": 4000}, "limit is 20 MB, not 5000 MB"),
        ({"LimitValue": 5000}, "notify is not set MB, not 4000 MB"),
        ({"LimitValue": 5000, "NotifyValue": 4000, "ValueUnit": "GB"}, "limit is 5000 GB"),
    ],
)
def test_limits_that_differ_are_found(shown: dict[str, Any], detail: str) -> None:
    limits = telegent.DataUsageNumber.model_validate({"Number": NUMBER, "ValueUnit": "MB"} | shown)

    found = only(vendor(limits={NUMBER: limits}), known(known_line(data_limits=LIMITS)))

    assert found.kind is FindingKind.LIMITS_DIFFER
    assert detail in found.detail
    assert "tgo line limits +18015550142 --limit-mb 5000 --notify-mb 4000" in found.remedy


def test_guardian_that_differs_is_found_without_the_numbers_of_others() -> None:
    friend, stranger = "+18015550111", "+18015550112"
    line = known_line(
        call_filter=CallFilter(mode="WHITELIST", allowed_numbers=[friend]),
        message_filter=MessageFilter(),
    )
    shown = GuardianSettings(
        features=telegent.GuardianFeatureFlags.model_validate(
            {"EnableIntelligentGuardianCalls": False}
        ),
        call_filters=[
            telegent.CallFilter.model_validate(
                {"FilterId": "CFID-1", "FilterMode": "BLACKLIST", "AllowedNumbers": [stranger]}
            )
        ],
        message_filters=[],
    )

    found = only(vendor(guardian={NUMBER: shown}), known(line))

    assert found.kind is FindingKind.GUARDIAN_DIFFERS
    assert found.detail == (
        "AI Guardian is off for calls of the subscriber; "
        "mode of the call filter is BLACKLIST, not WHITELIST; "
        "lists of the call filter: 1 are missing, 1 are too many; there is no message filter"
    )
    reason = "--reason 'found by tgo reconcile'"
    assert found.remedy == (
        f"tgo line guardian {NUMBER} --calls {reason}; tgo line filters {NUMBER} "
        f"--call-mode WHITELIST --call-allow {friend} --call-disallow {stranger} "
        f"--message-mode ACTIVE {reason}"
    )


def test_guardian_that_could_not_be_read_is_no_finding() -> None:
    unread = GuardianSettings(features=None, call_filters=None, message_filters=None)
    line = known_line(call_filter=CallFilter(mode="WHITELIST"), message_filter=MessageFilter())

    assert findings(vendor(guardian={NUMBER: unread}), known(line)) == []


@pytest.mark.parametrize("busy", [{"busy_numbers": {NUMBER}}, {"busy_subscribers": {"1"}}])
def test_number_that_a_workflow_is_changing_is_left_out(busy: dict[str, Any]) -> None:
    comparison = Comparison(
        vendor(numbers=[row(Iccid=None)], subscriptions=[]), known(known_line(), **busy)
    )

    assert (comparison.findings(), comparison.in_progress) == ([], 1)


def test_new_number_of_a_line_that_is_open_is_not_unknown() -> None:
    assert findings(vendor(), Known(busy_subscribers={"1"})) == []


def test_failed_line_is_not_compared_with_its_request() -> None:
    failed = known_line(complete=False)

    found = only(vendor(numbers=[row(ProductType="Data-Only")], subscriptions=[]), known(failed))

    assert found.kind is FindingKind.NUMBER_WITHOUT_SUBSCRIPTION


def test_line_with_another_number_is_known_by_it() -> None:
    records = known(known_line())
    records.apply(
        LineChangeResult.model_validate(
            {
                "phone_number": NUMBER,
                "new_phone_number": "+18015550143",
                "change": {"kind": "number", "authentication_reference": "ticket-1"},
                "by": "a",
                "reason": "b",
                "state": StepState.DONE,
            }
        ),
        "line-change-1",
    )
    changed_row = row("+18015550143")
    owned = subscription("+18015550143", SubscriptionId="SUB-18015550142")

    assert findings(VendorState([changed_row], [owned]), records) == []


NUMBERS = [f"+180155501{n:02}" for n in range(6)]
some = st.sets(st.sampled_from(NUMBERS))


@given(listed=some, subscribed=some, recorded=some, ended=some)
def test_each_number_is_found_once_unless_all_three_agree(
    listed: set[str], subscribed: set[str], recorded: set[str], ended: set[str]
) -> None:
    state = VendorState([row(n) for n in listed], [subscription(n) for n in subscribed])
    records = known(*(known_line(n, ended=n in ended) for n in recorded))

    found = findings(state, records)

    of = [each.phone_number or f"+{each.subscription_id.removeprefix('SUB-')}" for each in found]
    in_service = listed & subscribed & recorded
    over = {n for n in recorded & ended if n not in listed | subscribed}
    silent = in_service | over
    assert sorted(of) == sorted((listed | subscribed | recorded) - silent)


def test_findings_are_cut_and_counted() -> None:
    state = VendorState([], [subscription(f"+1801{n:07}") for n in range(MAX_FINDINGS + 1)])
    report = ReconcileReport()

    report.add(findings(state, Known()))

    assert (len(report.findings), report.total) == (MAX_FINDINGS, MAX_FINDINGS + 1)
