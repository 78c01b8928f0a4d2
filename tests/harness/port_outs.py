"""One port-out of the example number: its start, what it shows, and what the simulator has."""

from collections.abc import Callable
from typing import Any

import pytest
from temporalio.api.sdk.v1 import WorkflowMetadata
from temporalio.client import WorkflowFailureError

from telegent_orchestrator.client.port_out import PortOutClient, PortOutHandle
from telegent_orchestrator.port_out import (
    PortOutCancel,
    PortOutRequest,
    PortOutState,
    PortOutStatus,
    RevealPin,
)
from tests.harness import Harness
from tests.harness.waiting import wait_until

NUMBER = "+18015550142"
PIN = "918274"
ICCID = "8901240000000000001"
SET_PIN = "POST /v1.0/numbers/portout"
READ_NUMBER = "GET /v1.0/numbers"
DELETE = "POST /v1.0/subscriptions/delete"
CANCEL = PortOutCancel(by="operator", reason="the subscriber stays")
REQUESTED = RevealPin(by="operator", reason="the subscriber called")


def wanted(**changes: Any) -> PortOutRequest:
    values = {"phone_number": NUMBER, "authentication_reference": "call-4711", "by": "operator"}
    return PortOutRequest.model_validate(values | changes)


async def start(harness: Harness, **changes: Any) -> PortOutHandle:
    return await PortOutClient(harness.temporal, id_key=harness.settings.id_key).start(
        wanted(**changes)
    )


async def until(
    handle: PortOutHandle, true: PortOutState | Callable[[PortOutStatus], bool]
) -> PortOutStatus:
    """Waits for a state, or for a status that fits."""
    return await wait_until(
        handle.status, true if callable(true) else lambda status: status.state is true
    )


async def wait_for_reads(harness: Harness, count: int) -> None:
    """Returns when the number has been read so many times more: the first was then judged."""
    read = READ_NUMBER.split()

    def reads() -> int:
        return sum([entry.method, entry.path] == read for entry in harness.telegent.requests)

    before = reads()
    await wait_until(reads, lambda now: now >= before + count)


def said(status: PortOutStatus, words: str) -> bool:
    return any(words in entry.event for entry in status.timeline)


def count(harness: Harness, kind: str) -> int:
    return harness.telegent.ledger.count(kind)


def pin_of(harness: Harness) -> str | None:
    return harness.telegent.state.numbers[NUMBER].port_out_pin


async def details(harness: Harness, handle: PortOutHandle) -> str:
    metadata: WorkflowMetadata = await harness.temporal.get_workflow_handle(handle.id).query(
        "__temporal_workflow_metadata", result_type=WorkflowMetadata
    )
    return metadata.current_details


async def failure(handle: PortOutHandle) -> str:
    """What the workflow fails with, causes included."""
    with pytest.raises(WorkflowFailureError) as caught:
        await handle.result()
    words = ""
    error: BaseException | None = caught.value.cause
    while error is not None:
        words, error = f"{words} | {error}", error.__cause__
    return words
