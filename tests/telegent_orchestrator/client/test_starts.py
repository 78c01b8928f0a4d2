"""Starting workflows: joins compare the requests, ids never collide, sizes are checked."""

import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from hypothesis import given, strategies as st
from temporalio.client import Client

from telegent_orchestrator import names
from telegent_orchestrator.bulk import bulk_batch_id, bulk_id
from telegent_orchestrator.client import Orchestrator, PortOutClient, RequestConflictError
from telegent_orchestrator.client._calls import RequestTooLargeError
from telegent_orchestrator.onboarding import OnboardingRequest
from telegent_orchestrator.port_in import PortInDetails, PortInRequest
from telegent_orchestrator.port_out import PortOutRequest
from tests.harness.pauses import paused
from tests.harness.payloads import port_in, single

references = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,20}", fullmatch=True)
keys = st.from_regex(r"[a-z0-9][a-z0-9-]{0,20}", fullmatch=True)


@pytest_asyncio.fixture(loop_scope="session")
async def orchestrator(temporal: Client) -> AsyncIterator[Orchestrator]:
    """Without a worker: what is started stays open."""
    async with Orchestrator(temporal, id_key="key") as started:
        yield started


def changed(request: OnboardingRequest, **changes: Any) -> OnboardingRequest:
    return OnboardingRequest.model_validate(request.model_dump(mode="json") | changes)


async def test_same_request_joins(orchestrator: Orchestrator) -> None:
    request = single(f"same-{uuid4().hex[:8]}")
    assert not (await orchestrator.start_onboarding(request)).joined
    assert (await orchestrator.start_onboarding(request)).joined
    # A request is the same however it was written.
    again = OnboardingRequest.model_validate_json(request.model_dump_json(exclude_none=True))
    assert (await orchestrator.start_onboarding(again)).joined


async def test_paused_workflow_is_joined_by_the_same_request_only(
    orchestrator: Orchestrator, temporal: Client
) -> None:
    request = single(f"paused-{uuid4().hex[:8]}")
    started = await orchestrator.start_onboarding(request)
    async with paused(temporal, started.id):
        assert (await orchestrator.start_onboarding(request)).joined
        with pytest.raises(RequestConflictError, match="differ in: lines"):
            await orchestrator.start_onboarding(changed(request, lines=[]))


async def test_other_request_with_the_same_reference_is_an_error_that_names_the_difference(
    orchestrator: Orchestrator,
) -> None:
    request = single(f"other-{uuid4().hex[:8]}")
    await orchestrator.start_onboarding(request)
    raw = request.model_dump(mode="json")
    raw["account"]["name"] = "Another name"
    raw["subscribers"][0]["password"] = "another-password"
    raw["lines"] = []
    with pytest.raises(RequestConflictError) as caught:
        await orchestrator.start_onboarding(OnboardingRequest.model_validate(raw))
    line, subscriber = request.lines[0].key, request.subscribers[0].key
    assert caught.value.differences == [
        "account.name",
        f"lines.{line}",
        f"subscribers.{subscriber}",
    ]
    assert "another-password" not in str(caught.value)


async def test_request_of_a_program_in_another_language_is_compared_too(
    orchestrator: Orchestrator, temporal: Client
) -> None:
    request = single(f"json-{uuid4().hex[:8]}")
    await temporal.start_workflow(
        names.ONBOARDING_WORKFLOW,
        request.model_dump(mode="json", exclude_none=True),
        id=names.onboarding_id(request.reference),
        task_queue=names.TASK_QUEUE,
    )
    assert (await orchestrator.start_onboarding(request)).joined
    with pytest.raises(RequestConflictError, match=r"differ in: lines\.first$"):
        await orchestrator.start_onboarding(changed(request, lines=[]))


async def test_other_details_of_the_same_number_are_an_error(orchestrator: Orchestrator) -> None:
    number = f"+1801555{uuid4().int % 10_000:04}"
    details = PortInDetails.model_validate(port_in(number))
    await orchestrator.start_port_in(PortInRequest(details=details))
    assert (await orchestrator.start_port_in(PortInRequest(details=details))).joined
    other = details.model_copy(update={"account_pin": "999999"})
    with pytest.raises(RequestConflictError, match=r"differ in: details\.account_pin"):
        await orchestrator.start_port_in(PortInRequest(details=other))


async def test_other_port_out_of_the_same_number_is_an_error(temporal: Client) -> None:
    client = PortOutClient(temporal, id_key="key")
    number = f"+1801555{uuid4().int % 10_000:04}"
    request = PortOutRequest(phone_number=number, authentication_reference="a-1", by="operator")
    await client.start(request)
    await client.start(request)
    with pytest.raises(RequestConflictError, match="authentication_reference"):
        await client.start(request.model_copy(update={"authentication_reference": "a-2"}))


@given(references, references, keys, st.integers(1, 200))
def test_ids_of_lines_and_batches_are_no_ids_of_onboardings_and_bulks(
    reference: str, other: str, key: str, batch: int
) -> None:
    assert names.line_id(reference, key) != names.onboarding_id(other)
    assert bulk_batch_id(reference, batch) != bulk_id(other)
    assert names.reference_in_id(names.line_id(reference, key)) == reference


def test_reference_cannot_contain_the_separator() -> None:
    with pytest.raises(ValueError, match="reference"):
        single("acme:line-2")


async def test_request_that_temporal_would_reject_for_its_size_is_an_error(
    orchestrator: Orchestrator,
) -> None:
    numbers = [f"+1801555{at:04}" for at in range(500)]
    filters = {"mode": "ACTIVE", "allowed_contacts": numbers, "blocked_contacts": numbers}
    guarded = [{"key": "one", "subscriber_id": "TSUID-1", "guardian": True}]
    request = single("large")
    line = request.lines[0].model_dump(mode="json") | {"message_filter": filters}
    lines = [{**line, "key": f"line-{at}"} for at in range(200)]
    with pytest.raises(RequestTooLargeError, match="largest part is `lines`"):
        await orchestrator.start_onboarding(changed(request, lines=lines, subscribers=guarded))


PROGRAM = """
import asyncio, sys
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from telegent_orchestrator.client import Orchestrator

async def main():
    temporal = await Client.connect(sys.argv[1], data_converter=pydantic_data_converter)
    async with Orchestrator(temporal) as orchestrator:
        try:
            await orchestrator.onboarding("missing").status()
        except Exception:
            print("done")

asyncio.run(main())
"""


def test_program_that_closes_the_client_exits_cleanly(temporal: Client) -> None:
    address = temporal.service_client.config.target_host
    for _ in range(3):
        ended = subprocess.run(
            [sys.executable, "-c", PROGRAM, address], capture_output=True, text=True, check=False
        )
        assert (ended.returncode, ended.stdout, ended.stderr) == (0, "done\n", "")
