"""A port-in and an onboarding are understood, and helped, from what their pages say alone."""

from typing import Any
from urllib.parse import quote

import pytest
from pydantic import BaseModel, ValidationError
from temporalio.api.sdk.v1 import WorkflowMetadata

from activities.port_in.policy import PortInPolicy
from simulator import CarrierRecord, Fault
from telegent_orchestrator import names
from telegent_orchestrator._display import escape_markdown
from telegent_orchestrator.port_in import (
    CORRECTABLE,
    OperatorDecision,
    PortInCancel,
    PortInCorrection,
    PortState,
)
from telegent_orchestrator.progress import Resolution
from tests.harness import Harness
from tests.harness.details_pages import (
    fill_in,
    json_samples,
    read_details_page,
    table_cells,
    wait_for_details_page,
)
from tests.harness.payloads import line, port_in, single
from tests.harness.port_ins import (
    CORRECTION,
    NUMBER,
    TRUTH,
    start,
    start_rejected_for_good,
    until,
)
from workflows.port_in.rejections import REJECTIONS, UNCLASSIFIED
from workflows.port_in.views import FIELD_PLACEHOLDERS, SuggestedAction, suggest_actions

MODELS: dict[str, type[BaseModel]] = {
    names.CORRECT_MESSAGE: PortInCorrection,
    names.CANCEL_MESSAGE: PortInCancel,
    names.DECIDE_UPDATE: OperatorDecision,
}
WHO = {"by": "operator", "reason": "read it on the page"}


async def test_rejected_port_in_completes_with_the_sample_from_its_page(
    harness: Harness,
) -> None:
    harness.telegent.carrier.set_record(NUMBER, TRUTH)
    handle = await start(harness)
    status = await until(handle, PortState.ACTION_REQUIRED)
    text = await wait_for_details_page(harness.temporal, handle.id, "reminder 1")
    shown = table_cells(text)

    assert next(iter(shown)) == "✋ ACTION_REQUIRED"
    assert shown["reason"] == "ACCOUNT_NUMBER, rejection 1 of 3"
    assert shown["remedy"] == status.remedy
    assert shown["who acts"] == "subscriber"
    assert shown["since (UTC)"] == f"{status.timeline[-1].at:%Y-%m-%d %H:%M}"
    assert "or it is cancelled" in shown["act by"]
    assert "every 0.1 s" in shown["next poll"]
    assert f"signal or update `{names.CORRECT_MESSAGE}`" in text
    assert "8A-ACCOUNT_NUM_REQ_OR_INCORRECT" in text.partition("who")[2]

    resume, to_stop = json_samples(text)
    assert to_stop.keys() == {"by", "reason"}
    signal = fill_in(resume, account_number=TRUTH.account_number, by="operator")
    await harness.temporal.get_workflow_handle(handle.id).signal(names.CORRECT_MESSAGE, signal)
    assert (await handle.result()).state is PortState.COMPLETED
    text = await read_details_page(harness.temporal, handle.id)
    assert "COMPLETED" in table_cells(text)
    assert json_samples(text) == []
    assert "operator" in text
    assert str(TRUTH.account_number) not in text


async def test_sample_sent_with_its_placeholders_is_rejected_with_the_reason(
    harness: Harness,
) -> None:
    handle = await start(harness, subscriber_name=None, billing_address=None)
    await until(handle, PortState.INFO_REQUIRED)
    sample, _ = json_samples(await read_details_page(harness.temporal, handle.id))
    await harness.temporal.get_workflow_handle(handle.id).signal(names.CORRECT_MESSAGE, sample)

    text = await wait_for_details_page(harness.temporal, handle.id, "was rejected")

    assert "billing_address.zip: " in text
    assert "INFO_REQUIRED" in text.splitlines()[0]


async def test_missing_data_are_sent_with_the_sample_from_the_page(harness: Harness) -> None:
    handle = await start(harness, account_number=None, authorization=None)
    await until(handle, PortState.INFO_REQUIRED)
    sample, _ = json_samples(await read_details_page(harness.temporal, handle.id))
    letter = {**sample["authorization"], "reference": "loa-1", "attested_by": "operator"}
    letter["attested_at"] = "2026-11-23T15:00Z"
    values = fill_in(sample, account_number="100200301", authorization=letter, by="operator")

    await harness.temporal.get_workflow_handle(handle.id).execute_update(
        names.CORRECT_MESSAGE, values
    )

    assert (await handle.result()).state is PortState.COMPLETED


async def test_page_of_a_lost_submit_requests_the_order_id(harness: Harness) -> None:
    harness.telegent.faults.add(Fault(match="POST /v1.0/numbers/portin", kind="drop_response"))
    handle = await start(harness)
    await until(handle, PortState.SUBMIT_UNKNOWN)
    attach, again, abandon = json_samples(await read_details_page(harness.temporal, handle.id))
    assert (again["action"], abandon["action"]) == ("retry_now", "abandon")
    (submitted,) = harness.telegent.ledger.by_kind("portin.submitted")

    await harness.temporal.get_workflow_handle(handle.id).execute_update(
        names.DECIDE_UPDATE, fill_in(attach, order_id=submitted.data["order_id"], **WHO)
    )

    assert (await handle.result()).state is PortState.COMPLETED


async def test_page_of_a_hard_rejection_offers_a_new_order(harness: Harness) -> None:
    harness.telegent.carrier.set_record(NUMBER, CarrierRecord(script="reject:9Z-ACCOUNT ON HOLD"))
    handle = await start(harness)
    await until(handle, PortState.ACTION_REQUIRED)
    text = await wait_for_details_page(harness.temporal, handle.id, "no correction can fix")
    again, stop = json_samples(text)
    assert again["action"] == "restart"
    assert stop.keys() == {"by", "reason"}

    await harness.temporal.get_workflow_handle(handle.id).execute_update(
        names.DECIDE_UPDATE, fill_in(again, **WHO)
    )

    assert (await handle.result()).state is PortState.COMPLETED
    assert harness.telegent.ledger.count("portin.submitted") == 2


async def test_page_after_the_last_attempt_names_the_operators_actions(harness: Harness) -> None:
    handle = await start_rejected_for_good(harness)
    text = await wait_for_details_page(harness.temporal, handle.id, "an operator decides")
    other_data, same_data, _ = json_samples(text)
    assert (other_data["action"], same_data["action"]) == ("replace_data", "retry_now")
    correction = fill_in(other_data["correction"], account_number="100200301", by="operator")

    await harness.temporal.get_workflow_handle(handle.id).execute_update(
        names.DECIDE_UPDATE, fill_in(other_data, correction=correction, **WHO)
    )

    assert (await handle.result()).state is PortState.COMPLETED


async def test_text_from_others_is_escaped(harness: Harness) -> None:
    handle = await start(harness, account_number=None)
    await until(handle, PortState.INFO_REQUIRED)
    sender = "[operator](https://evil.example) | **x** <b> `y` _z_"
    await harness.temporal.get_workflow_handle(handle.id).signal(
        names.CORRECT_MESSAGE, {"by": sender}
    )

    text = await wait_for_details_page(harness.temporal, handle.id, "was rejected")

    assert escape_markdown(sender) in text
    assert r"\[operator\](https\://evil.example) \| \*\*x\*\* \<b\> \`y\` \_z\_" in text


async def test_longest_details_page_fits_into_a_url(harness: Harness) -> None:
    handle = await start_rejected_for_good(harness)

    text = await wait_for_details_page(harness.temporal, handle.id, "an operator decides")

    assert len(quote(text)) < 7_000


async def test_onboarding_page_links_to_the_waiting_port_in(harness: Harness) -> None:
    harness.telegent.carrier.set_record(NUMBER, TRUTH)
    port = {"kind": "port_in", **port_in(NUMBER)}
    onboarding = await harness.onboard(single(lines=[line("moved", "one", number=port)]))

    text = await wait_for_details_page(harness.temporal, onboarding.id, "ACTION_REQUIRED")
    assert "**moved** needs an operator" in text
    assert "0 of 1 lines done" in text
    line_id = f"{onboarding.id}:line-moved"
    assert f"(namespaces/{harness.temporal.namespace}/workflows/{line_id})" in text
    port_in_id = harness.orchestrator.port_in(NUMBER).id
    assert f"/workflows/{port_in_id})" in await read_details_page(harness.temporal, line_id)

    await harness.orchestrator.port_in(NUMBER).correct(CORRECTION)
    await onboarding.result()
    text = await read_details_page(harness.temporal, onboarding.id)
    assert "1 of 1 lines done" in text
    assert "needs an operator" not in text


async def test_escalation_is_resolved_with_the_sample_from_the_page(harness: Harness) -> None:
    harness.telegent.faults.add(
        Fault(match="POST /v1.0/account/create", kind="error_before", times=2)
    )
    onboarding = await harness.onboard(single())
    text = await wait_for_details_page(harness.temporal, onboarding.id, "needs an operator")
    adopt, retry, abandon = json_samples(text)
    assert [sample["action"] for sample in (adopt, retry, abandon)] == ["adopt", "retry", "abandon"]
    assert adopt["id"] == "…"

    await harness.temporal.get_workflow_handle(onboarding.id).execute_update(
        names.RESOLVE_UPDATE, fill_in(retry, **WHO)
    )

    assert (await onboarding.result()).complete


async def test_messages_have_descriptions_in_the_ui(harness: Harness) -> None:
    handle = await start(harness)
    metadata = await harness.temporal.get_workflow_handle(handle.id).query(
        "__temporal_workflow_metadata", result_type=WorkflowMetadata
    )
    definition = metadata.definition
    offered = [*definition.signal_definitions, *definition.update_definitions]
    assert [each.name for each in offered if not each.description] == []
    assert {each.name for each in offered} == {
        *MODELS,
        names.CORRECT_MESSAGE,
        names.CANCEL_MESSAGE,
        names.POLL_NOW_SIGNAL,
        names.NOTE_UPDATE,
    }


def every_action() -> list[SuggestedAction]:
    rules = PortInPolicy()
    found = suggest_actions(PortState.INFO_REQUIRED, None, 0, sorted(CORRECTABLE), rules)
    found += suggest_actions(PortState.SUBMIT_UNKNOWN, None, 0, [], rules)
    for rejection in REJECTIONS:
        for rejections in (0, 1, 3):
            fields = list(rejection.fields)
            found += suggest_actions(
                PortState.ACTION_REQUIRED, rejection, rejections, fields, rules
            )
    return found


def test_samples_are_accepted_only_when_filled_in() -> None:
    for action in every_action():
        model = MODELS[action.message]
        with pytest.raises(ValidationError):
            model.model_validate_json(action.json)
        model.model_validate(completed(action.payload))


def completed(sample: Any) -> Any:
    """A sample as a careful person fills it in."""
    values = {
        "YYYY-MM-DDThh:mmZ": "2026-11-23T15:00Z",
        "YYYY-MM-DD": "2026-11-23",
        "zip": "84043",
        "iccid": "8901240397190195850",
    }
    if isinstance(sample, dict):
        return {
            name: values.get(name, completed(value)) if value == "…" else completed(value)
            for name, value in sample.items()
        }
    return "1234" if sample == "…" else values.get(sample, sample)


def test_states_that_need_action_offer_a_message() -> None:
    for rejection in REJECTIONS:
        for rejections in range(1, 5):
            fields = list(rejection.fields)
            assert suggest_actions(
                PortState.ACTION_REQUIRED, rejection, rejections, fields, PortInPolicy()
            )
    assert suggest_actions(PortState.INFO_REQUIRED, None, 0, ["phone_number"], PortInPolicy())
    assert suggest_actions(PortState.SUBMIT_UNKNOWN, None, 0, [], PortInPolicy())


def test_correctable_fields_have_a_sample() -> None:
    assert FIELD_PLACEHOLDERS.keys() == CORRECTABLE


@pytest.mark.parametrize(
    "state",
    sorted(
        set(PortState)
        - {PortState.INFO_REQUIRED, PortState.SUBMIT_UNKNOWN, PortState.ACTION_REQUIRED}
    ),
)
def test_states_without_needed_action_offer_no_message(state: PortState) -> None:
    assert suggest_actions(state, UNCLASSIFIED, 1, ["account_number"], PortInPolicy()) == []


def test_partly_filled_sample_is_rejected_by_field() -> None:
    with pytest.raises(ValidationError, match="subscriber_name, by: write a value in place of …"):
        PortInCorrection(subscriber_name="…", by="… me")
    with pytest.raises(ValidationError, match="reason: write a value in place of …"):
        Resolution.model_validate({"step": "Number", "action": "retry", "by": "me", "reason": "…"})
