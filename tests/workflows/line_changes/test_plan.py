"""Plans and data limits of lines change, judged by the simulator's ledger."""

from typing import Any

import pytest
from pydantic import ValidationError

from simulator import Fault, SimulatorOptions
from simulator.engine.faults import FaultKind
from simulator.engine.state import Number
from telegent_orchestrator.client import LineChangeFailedError
from telegent_orchestrator.line_changes import LineChangeResult
from telegent_orchestrator.progress import StepState
from tests.harness import Harness
from tests.harness.line_changes import change, line_changes, live_line
from tests.harness.payloads import single
from tests.harness.tiers import sampled

LIMITS = {"limit_mb": 5000, "notify_mb": 4000, "throttle_mb": 4500, "throttle_speed": "1-mbps"}
RENEWAL = {"every": "week", "day": 2}
NEW_PACKAGE = "PID-bigger"
UPDATE = "POST /v1.0/subscriptions/update"
SET_LIMITS = "POST /v1.0/numbers/data-usage"
SET_RENEWAL = "POST /v1.0/numbers/data-usage/update-renewal-info"
FAULTS: tuple[FaultKind, ...] = ("drop_response", "error_after", "error_before", "429")


async def planned_line(harness: Harness) -> Number:
    number = await live_line(harness, single())
    world = harness.telegent.state
    [package] = world.packages.values()
    world.packages[NEW_PACKAGE] = package | {"PackageId": NEW_PACKAGE, "PackageName": "Bigger"}
    return number


async def run(harness: Harness, kind: str, line: Number, **values: Any) -> LineChangeResult:
    handle = await line_changes(harness).start(change(kind, line.number, **values))
    return await handle.result()


def subscription(harness: Harness) -> dict[str, Any]:
    [row] = harness.telegent.state.subscriptions.values()
    return row


async def test_limits_and_renewal_are_set(harness: Harness) -> None:
    line = await planned_line(harness)

    result = await run(harness, "limits", line, data_limits=LIMITS, renewal=RENEWAL)

    assert (result.state, result.changed, result.warnings) == (StepState.DONE, True, [])
    assert line.data_limits["LimitValue"] == 5000
    assert line.data_limits["ThrottleSpeed"] == "1-mbps"
    assert (line.renewal["PeriodType"], line.renewal["RenewalDay"]) == ("W", 2)
    assert line.renewal["ResetUsage"] is False


@pytest.mark.parametrize("path", [SET_LIMITS, SET_RENEWAL])
@pytest.mark.parametrize("fault", sampled(*FAULTS))
async def test_lost_response_of_limits_is_repeated(
    harness: Harness, path: str, fault: FaultKind
) -> None:
    line = await planned_line(harness)
    harness.telegent.faults.add(Fault(match=path, kind=fault, retry_after=0))

    result = await run(harness, "limits", line, data_limits=LIMITS, renewal=RENEWAL)

    assert result.state is StepState.DONE
    assert line.data_limits["LimitValue"] == 5000
    assert line.renewal["PeriodType"] == "W"


async def test_limits_that_telegent_does_not_show_yet_are_a_warning(harness: Harness) -> None:
    line = await planned_line(harness)
    gate = harness.telegent.gates.close("POST /v1.0/numbers/data-usage/settings", "before")
    handle = await line_changes(harness).start(change("limits", line.number, data_limits=LIMITS))
    await gate.reached()
    line.data_limits = {}
    gate.release()

    result = await handle.result()

    assert result.state is StepState.DONE
    assert "limit is 20 MB, not 5000 MB" in result.warnings[0]


async def test_limits_of_a_line_without_data_fail_with_the_reason(harness: Harness) -> None:
    line = await planned_line(harness)
    line.data_enabled = False

    with pytest.raises(LineChangeFailedError, match="does not have data enabled"):
        await run(harness, "limits", line, data_limits=LIMITS)


@pytest.mark.parametrize(
    "options",
    [SimulatorOptions(), SimulatorOptions(update_deactivates=True)],
    ids=["keeps Active", "deactivates"],
)
async def test_plan_changes_and_the_subscription_stays_active(harness: Harness) -> None:
    line = await planned_line(harness)

    result = await run(
        harness,
        "plan",
        line,
        package_id=NEW_PACKAGE,
        product_type="Sms+Data",
        data_limits=LIMITS,
        renewal=RENEWAL,
    )

    row = subscription(harness)
    assert (row["PackageId"], row["Active"]) == (NEW_PACKAGE, True)
    assert result.subscription_id == row["SubscriptionId"]
    assert line.product_type == "Sms+Data"
    assert line.voice_enabled is False
    assert line.data_limits["LimitValue"] == 5000


@pytest.mark.parametrize("fault", sampled(*FAULTS))
async def test_lost_response_of_a_plan_is_read_back(harness: Harness, fault: FaultKind) -> None:
    line = await planned_line(harness)
    harness.telegent.faults.add(Fault(match=UPDATE, kind=fault, retry_after=0))

    result = await run(harness, "plan", line, package_id=NEW_PACKAGE)

    assert result.state is StepState.DONE
    assert subscription(harness)["PackageId"] == NEW_PACKAGE
    assert harness.telegent.ledger.count("subscription.updated") == 1


async def test_rejected_plan_fails_with_the_message_from_telegent(harness: Harness) -> None:
    line = await planned_line(harness)
    before = subscription(harness)["PackageId"]

    with pytest.raises(LineChangeFailedError, match="404"):
        await run(harness, "plan", line, package_id="PID-none")

    assert subscription(harness)["PackageId"] == before


async def test_plan_of_a_number_without_a_subscription_fails(harness: Harness) -> None:
    line = await planned_line(harness)
    harness.telegent.state.subscriptions.clear()

    with pytest.raises(LineChangeFailedError, match="no active subscription"):
        await run(harness, "plan", line, package_id=NEW_PACKAGE)


async def test_subscription_of_another_number_is_not_changed(harness: Harness) -> None:
    line = await planned_line(harness)
    row = subscription(harness)
    other = row | {"SubscriptionId": "SUB-other", "TNID": "NID-other", "ICCID": None}
    harness.telegent.state.subscriptions["SUB-other"] = other

    with pytest.raises(LineChangeFailedError, match="SUB-other is not an active subscription"):
        await run(harness, "plan", line, package_id=NEW_PACKAGE, subscription_id="SUB-other")


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({}, "needs data_limits, renewal"),
        ({"data_limits": {"limit_mb": 1, "notify_mb": 2}}, "must rise strictly"),
    ],
)
def test_invalid_limits_are_rejected(values: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        change("limits", **values)
