"""Removes what workers leave behind on the server that all tests of a process share."""

import contextlib
from collections.abc import AsyncIterator

import pytest_asyncio
from temporalio.client import Client
from temporalio.service import RPCError

from telegent_orchestrator.key_record import KEYS_SCHEDULE_ID


@pytest_asyncio.fixture(scope="module", loop_scope="session", autouse=True)
async def unrecorded_keys(temporal: Client) -> AsyncIterator[None]:
    """Commands of later tests have other keys than these workers, and would be rejected."""
    yield
    with contextlib.suppress(RPCError):  # no worker has recorded its keys
        await temporal.get_schedule_handle(KEYS_SCHEDULE_ID).delete()
