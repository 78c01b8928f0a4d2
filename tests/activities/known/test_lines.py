"""What our workflows know of a line after its changes."""

from typing import Any

from activities.known.lines import Known, KnownLine
from telegent_orchestrator.line_changes import LineChangeResult
from telegent_orchestrator.lines import CallFilter, DataLimits, ProductType
from telegent_orchestrator.progress import StepState
from tests.harness.known_lines import NUMBER, known_line

LIMITS = DataLimits(limit_mb=5000, notify_mb=4000)


def changed(kind: dict[str, Any], state: StepState = StepState.DONE, **result: Any) -> KnownLine:
    line = known_line(data_limits=LIMITS)
    line.apply(
        LineChangeResult.model_validate(
            {"phone_number": NUMBER, "change": kind, "by": "a", "reason": "b", "state": state}
            | result
        )
    )
    return line


def test_last_change_of_a_line_is_what_counts() -> None:
    limits = {"kind": "limits", "data_limits": {"limit_mb": 1}}
    swap = {"kind": "swap_sim", "authentication_reference": "ticket-1"}
    plan = {"kind": "plan", "package_id": "PID-2", "product_type": "Sms+Data+Voice"}

    assert changed(limits).data_limits == DataLimits(limit_mb=1)
    assert changed(swap, iccid="89012").iccid == "89012"
    assert changed(plan).package_id == "PID-2"
    assert changed(plan).product_type is ProductType.SMS_DATA_VOICE
    assert changed({"kind": "end"}).ended
    assert changed({"kind": "suspend"}).suspended


def test_failed_change_of_a_number_that_does_not_exist_makes_no_line() -> None:
    records = Known()
    mistyped = {
        "phone_number": NUMBER,
        "change": {"kind": "suspend"},
        "by": "a",
        "reason": "b",
        "state": StepState.FAILED,
    }
    records.apply(LineChangeResult.model_validate(mistyped), "line-change-1")

    assert records.lines == {}


def test_filter_that_was_edited_is_compared_with_its_edits() -> None:
    wanted = CallFilter(mode="WHITELIST", allowed_numbers=["+18015550111"])
    line = known_line(call_filter=wanted)
    edits = {"allow": ["+18015550112"], "disallow": ["+18015550111"]}
    line.apply(
        LineChangeResult.model_validate(
            {
                "phone_number": NUMBER,
                "change": {"kind": "filters", "call_filter": edits},
                "by": "a",
                "reason": "b",
                "state": StepState.DONE,
            }
        )
    )

    assert line.call_filter == CallFilter(mode="WHITELIST", allowed_numbers=["+18015550112"])


def test_change_that_may_have_failed_half_way_leaves_nothing_to_compare() -> None:
    limits = {"kind": "limits", "data_limits": {"limit_mb": 1}}

    assert changed(limits, StepState.FAILED, changed=True).data_limits is None
    assert changed(limits, StepState.FAILED).data_limits == LIMITS
    assert not changed({"kind": "end"}, StepState.FAILED, changed=True).ended
