"""Workers of a namespace have the same id key, and payload keys if payloads are encrypted."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from temporalio.client import Client
from temporalio.service import RPCError

from telegent_orchestrator.encryption import PayloadKey
from telegent_orchestrator.key_record import (
    KEYS_SCHEDULE_ID,
    KeyRecord,
    id_key_fingerprint,
    read_key_record,
)
from worker.errors import WorkerError
from worker.keys import require_same_keys

KEYS = (PayloadKey("new", b"k" * 32), PayloadKey("old", b"o" * 32))


@pytest_asyncio.fixture(loop_scope="session")
async def client(temporal: Client) -> AsyncIterator[Client]:
    """A server on which no worker has recorded keys."""
    await forget(temporal)
    yield temporal
    await forget(temporal)


async def forget(client: Client) -> None:
    with contextlib.suppress(RPCError):  # there is none
        await client.get_schedule_handle(KEYS_SCHEDULE_ID).delete()


async def test_second_worker_with_the_same_keys_starts(client: Client) -> None:
    for _ in range(2):
        await require_same_keys(client, "secret", KEYS)


@pytest.mark.parametrize(
    ("first", "second"), [("first-key", "other-key"), ("first-key", ""), ("", "other-key")]
)
async def test_worker_with_another_id_key_does_not_start(
    client: Client, first: str, second: str
) -> None:
    await require_same_keys(client, first, ())
    with pytest.raises(WorkerError, match="TELEGENT_ID_KEY") as refused:
        await require_same_keys(client, second, ())
    assert id_key_fingerprint(first) in str(refused.value)
    assert KEYS_SCHEDULE_ID in str(refused.value)
    for key in filter(None, (first, second)):
        assert key not in str(refused.value)


async def test_one_of_two_workers_that_start_together_with_different_keys_does_not_start(
    client: Client,
) -> None:
    started = await asyncio.gather(
        *(require_same_keys(client, key, ()) for key in ("one", "two")), return_exceptions=True
    )
    assert [type(result) for result in started if result] == [WorkerError]


async def test_worker_without_payload_keys_does_not_start_where_payloads_are_encrypted(
    client: Client,
) -> None:
    await require_same_keys(client, "", KEYS)
    with pytest.raises(WorkerError, match="TELEGENT_PAYLOAD_KEYS is not set"):
        await require_same_keys(client, "", ())
    await require_same_keys(client, "", KEYS[1:])


async def test_worker_with_other_payload_keys_does_not_start(client: Client) -> None:
    other = PayloadKey("new", b"x" * 32)
    await require_same_keys(client, "", KEYS)
    with pytest.raises(WorkerError, match="has none of the keys of the other workers") as refused:
        await require_same_keys(client, "", [other])
    assert all(key.label in str(refused.value) for key in (*KEYS, other))


async def test_rotated_keys_are_recorded(client: Client) -> None:
    newest = PayloadKey("newest", b"n" * 32)
    await require_same_keys(client, "secret", KEYS)
    await require_same_keys(client, "secret", [newest, *KEYS])
    expected = KeyRecord(id_key_fingerprint("secret"), tuple(key.label for key in (newest, *KEYS)))
    async with asyncio.timeout(30):
        while await read_key_record(client) != expected:
            await asyncio.sleep(0.05)


async def test_encryption_that_is_switched_on_is_recorded(client: Client) -> None:
    await require_same_keys(client, "", ())
    await require_same_keys(client, "", KEYS)
    async with asyncio.timeout(30):
        while True:
            try:
                await require_same_keys(client, "", ())
            except WorkerError:
                return
            await asyncio.sleep(0.05)


async def test_record_that_was_edited_is_an_error_that_says_what_to_do(client: Client) -> None:
    await require_same_keys(client, "", ())
    schedule = client.get_schedule_handle(KEYS_SCHEDULE_ID)
    await schedule.pause(note="holidays")
    while (await schedule.describe()).schedule.state.note != "holidays":
        await asyncio.sleep(0.05)
    with pytest.raises(WorkerError, match="delete the schedule"):
        await require_same_keys(client, "", ())
