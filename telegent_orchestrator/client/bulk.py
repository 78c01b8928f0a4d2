"""Bulks: start, watch, pause, cancel, retry."""

import asyncio
import hashlib
import hmac
import re
from collections.abc import AsyncIterator, Sequence
from typing import Any

from temporalio.client import Client, WorkflowHandle
from temporalio.common import WorkflowIDReusePolicy

from telegent_orchestrator import names
from telegent_orchestrator.bulk import (
    DEFAULT_WINDOW,
    MAX_BATCH_BYTES,
    MAX_BATCH_ROWS,
    PAUSE_UPDATE,
    RESUME_UPDATE,
    RETRY_UPDATE,
    BulkBatchRequest,
    BulkBatchStatus,
    BulkCancel,
    BulkCommand,
    BulkRequest,
    BulkResult,
    BulkRetryResult,
    BulkRow,
    BulkStatus,
    RowResult,
    bulk_batch_id,
    bulk_id,
)
from telegent_orchestrator.client._calls import query, start_or_join, update
from telegent_orchestrator.client._startable import BULK, BULK_BATCH, RequestT, Startable
from telegent_orchestrator.client.executions import Execution, describe

MAX_CONCURRENT_STARTS = 4
MAX_CONCURRENT_QUERIES = 4


class BulkConflictError(Exception):
    """A bulk with this reference exists and has other rows."""


class BulkClient:
    """Starts and finds bulks over a Temporal client, which is set up as for `Orchestrator`."""

    def __init__(self, temporal: Client, *, id_key: str = "") -> None:
        self._temporal = temporal
        self._id_key = id_key

    def derive_reference(self, name: str, rows: Sequence[BulkRow]) -> str:
        """A reference from a name, such as the file's, and a hash of the rows."""
        safe_name = re.sub(r"[^A-Za-z0-9._-]+", "-", name).lstrip("._-")[:40] or "rows"
        return f"{safe_name}-{self._fingerprint(rows)[:10]}"

    async def start(
        self, reference: str, rows: Sequence[BulkRow], *, by: str, window: int = DEFAULT_WINDOW
    ) -> "BulkHandle":
        """Start a bulk, or join the one with the same reference, open or ended.

        If a previous start was interrupted, this sends the batches that it had not sent.

        Args:
            reference: Your id of the bulk.
            rows: The rows, as `bulk_rows.read_rows` returns them.
            by: Who starts it, for the timeline.
            window: Rows that may be open at once.

        Raises:
            BulkConflictError: The bulk with this reference has other rows.
        """
        batches = _split_into_batches(reference, rows)
        request = BulkRequest(
            reference=reference,
            rows=len(rows),
            batches=len(batches),
            window=window,
            fingerprint=self._fingerprint(rows),
            by=by,
        )
        joined = await self._start(BULK, request)
        handle = BulkHandle(self._temporal, reference, joined=joined)
        if joined:
            existing = await handle.status()
            if existing.fingerprint != request.fingerprint:
                raise BulkConflictError(f"bulk {reference} exists with other rows")
            sent = {batch.batch for batch in existing.batches}
            batches = [
                batch for batch in batches if batch.batch not in sent and not existing.state.final
            ]
        await self._send(batches)
        return handle

    def get(self, reference: str) -> "BulkHandle":
        """The bulk with this reference."""
        return BulkHandle(self._temporal, reference)

    async def _send(self, batches: Sequence[BulkBatchRequest]) -> None:
        slots = asyncio.Semaphore(MAX_CONCURRENT_STARTS)

        async def send(batch: BulkBatchRequest) -> None:
            async with slots:
                await self._start(BULK_BATCH, batch)

        await asyncio.gather(*map(send, batches))

    async def _start(self, startable: Startable[RequestT], request: RequestT) -> bool:
        """Start a workflow once: no second run, however the first has ended."""
        return await start_or_join(
            self._temporal,
            startable,
            request,
            self._id_key,
            reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
        )

    def _fingerprint(self, rows: Sequence[BulkRow]) -> str:
        # With the key, because secrets in the rows could be guessed from a plain hash.
        digest = hmac.new(self._id_key.encode(), digestmod=hashlib.sha256)
        for row in rows:
            digest.update(row.model_dump_json().encode() + b"\n")
        return digest.hexdigest()[:32]


class BulkHandle:
    """One bulk. `joined`: whether the start found an existing bulk with the same rows."""

    def __init__(self, temporal: Client, reference: str, *, joined: bool = False) -> None:
        self._temporal = temporal
        self.reference = reference
        self.id = bulk_id(reference)
        self.joined = joined

    async def execution(self) -> Execution:
        """Whether it is running or how it ended. Needs no worker."""
        return await describe(self._temporal, self.id)

    async def status(self) -> BulkStatus:
        """The state of the bulk."""
        return await query(self._temporal, self.id, BulkStatus)

    async def rows(self, batches: Sequence[int] | None = None) -> AsyncIterator[RowResult]:
        """The state of each row in order; `batches`: only the rows of these."""
        if batches is None:
            batches = [batch.batch for batch in (await self.status()).batches]
        for at in range(0, len(batches), MAX_CONCURRENT_QUERIES):
            queries = map(self._query_batch, batches[at : at + MAX_CONCURRENT_QUERIES])
            for batch in await asyncio.gather(*queries):
                for row in batch.rows:
                    yield row

    async def pause(self, command: BulkCommand) -> None:
        """Start no more rows for now. Raises MessageRejectedError if it has ended."""
        await update(self._handle(), PAUSE_UPDATE, command, None)

    async def resume(self, command: BulkCommand) -> None:
        """Continue to start rows after a pause. Raises MessageRejectedError if it is not paused."""
        await update(self._handle(), RESUME_UPDATE, command, None)

    async def retry(self, command: BulkCommand) -> int:
        """Start failed and cancelled rows again, and return how many.

        Raises MessageRejectedError if there are none.
        """
        return (await update(self._handle(), RETRY_UPDATE, command, BulkRetryResult)).rows

    async def cancel(self, cancel: BulkCancel) -> None:
        """Start no more rows. Running rows continue unless `cancel.cancel_running` is set.

        Raises MessageRejectedError if it has ended.
        """
        await update(self._handle(), names.CANCEL_MESSAGE, cancel, None)

    async def result(self) -> BulkResult:
        """Wait until it has ended. Raises WorkflowFailureError if rows failed or were cancelled."""
        return await self._handle().result()

    async def _query_batch(self, batch: int) -> BulkBatchStatus:
        return await query(self._temporal, bulk_batch_id(self.reference, batch), BulkBatchStatus)

    def _handle(self) -> WorkflowHandle[Any, BulkResult]:
        return self._temporal.get_workflow_handle(self.id, result_type=BulkResult)


def _split_into_batches(reference: str, rows: Sequence[BulkRow]) -> list[BulkBatchRequest]:
    """The rows in batches that Temporal can store; equal rows give equal batches."""
    batches: list[list[BulkRow]] = []
    size = 0
    for row in rows:
        more = len(row.model_dump_json())
        full = not batches or len(batches[-1]) == MAX_BATCH_ROWS or size + more > MAX_BATCH_BYTES
        if full:
            batches.append([])
            size = 0
        batches[-1].append(row)
        size += more
    return [
        BulkBatchRequest(bulk=reference, batch=at, rows=batch)
        for at, batch in enumerate(batches, 1)
    ]
