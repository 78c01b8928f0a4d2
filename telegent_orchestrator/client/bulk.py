"""The typed client for bulks: start, look, pause, cancel, start rows again."""

import asyncio
import hashlib
import hmac
import re
from collections.abc import AsyncIterator, Sequence
from typing import Any

from temporalio.client import Client, WorkflowHandle
from temporalio.common import WorkflowIDReusePolicy

from telegent_orchestrator import _ui_text, names
from telegent_orchestrator._models import WireModel
from telegent_orchestrator.bulk import (
    BULK_BATCH_WORKFLOW,
    BULK_WORKFLOW,
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
from telegent_orchestrator.client._client import _query, _start_or_join, _update
from telegent_orchestrator.client.executions import Execution, describe

MAX_CONCURRENT_STARTS = 4
MAX_CONCURRENT_QUERIES = 4


class BulkConflictError(Exception):
    """There is a bulk with this reference already, and its rows are others."""


class BulkClient:
    """Starts and finds bulks over a Temporal client, which is set up as for `Orchestrator`."""

    def __init__(self, temporal: Client, *, id_key: str = "") -> None:
        self._temporal = temporal
        self._id_key = id_key

    def derive_reference(self, name: str, rows: Sequence[BulkRow]) -> str:
        """A reference that the same rows always get: a name, such as the file's, and a mark."""
        safe_name = re.sub(r"[^A-Za-z0-9._-]+", "-", name).lstrip("._-")[:40] or "rows"
        return f"{safe_name}-{self._fingerprint(rows)[:10]}"

    async def start(
        self, reference: str, rows: Sequence[BulkRow], *, by: str, window: int = DEFAULT_WINDOW
    ) -> "BulkHandle":
        """Start a bulk, or join the one with the same reference, open or ended.

        When an earlier start was cut off, what it had not sent is sent now.
        Raises BulkConflictError.
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
        joined = await self._start(
            BULK_WORKFLOW, bulk_id(reference), request, f"Bulk {reference}", _ui_text.BULK_DETAILS
        )
        handle = BulkHandle(self._temporal, reference, joined=joined)
        if joined:
            existing = await handle.status()
            if existing.fingerprint != request.fingerprint:
                raise BulkConflictError(f"there is a bulk {reference} already, with other rows")
            sent = {part.batch for part in existing.batches}
            batches = [
                part for part in batches if part.batch not in sent and not existing.state.final
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
                await self._start(
                    BULK_BATCH_WORKFLOW,
                    bulk_batch_id(batch.bulk, batch.batch),
                    batch,
                    f"Rows {batch.rows[0].number} to {batch.rows[-1].number}",
                    _ui_text.BULK_BATCH_DETAILS,
                )

        await asyncio.gather(*map(send, batches))

    async def _start(
        self, name: str, workflow_id: str, request: WireModel, summary: str, static_details: str
    ) -> bool:
        """Whether it was there already. The same id never runs twice."""
        return await _start_or_join(
            self._temporal,
            name,
            workflow_id,
            request,
            summary=summary,
            static_details=static_details,
            reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
        )

    def _fingerprint(self, rows: Sequence[BulkRow]) -> str:
        # With the key, because what is secret in the rows could be guessed from a plain hash.
        digest = hmac.new(self._id_key.encode(), digestmod=hashlib.sha256)
        for row in rows:
            digest.update(row.model_dump_json().encode() + b"\n")
        return digest.hexdigest()[:32]


class BulkHandle:
    """One bulk. `joined`: the start met one that was there."""

    def __init__(self, temporal: Client, reference: str, *, joined: bool = False) -> None:
        self._temporal = temporal
        self.reference = reference
        self.id = bulk_id(reference)
        self.joined = joined

    async def execution(self) -> Execution:
        """Whether it is running or how it ended, without asking a worker."""
        return await describe(self._temporal, self.id)

    async def status(self) -> BulkStatus:
        """How far the bulk is."""
        return await _query(self._temporal, self.id, BulkStatus)

    async def rows(self, batches: Sequence[int] | None = None) -> AsyncIterator[RowResult]:
        """How each row stands, in order, part by part; `batches`: of these only."""
        if batches is None:
            batches = [batch.batch for batch in (await self.status()).batches]
        for at in range(0, len(batches), MAX_CONCURRENT_QUERIES):
            queries = map(self._query_batch, batches[at : at + MAX_CONCURRENT_QUERIES])
            for batch in await asyncio.gather(*queries):
                for row in batch.rows:
                    yield row

    async def pause(self, command: BulkCommand) -> None:
        """Starts no more rows for now. Raises MessageRejectedError."""
        await _update(self._handle(), PAUSE_UPDATE, command, None)

    async def resume(self, command: BulkCommand) -> None:
        """Goes on after a pause. Raises MessageRejectedError."""
        await _update(self._handle(), RESUME_UPDATE, command, None)

    async def retry(self, command: BulkCommand) -> int:
        """Starts failed and cancelled rows again; returns how many. Raises MessageRejectedError."""
        return (await _update(self._handle(), RETRY_UPDATE, command, BulkRetryResult)).rows

    async def cancel(self, cancel: BulkCancel) -> None:
        """Starts no more rows; those that run go on, unless wished otherwise.

        Raises MessageRejectedError.
        """
        await _update(self._handle(), names.CANCEL_UPDATE, cancel, None)

    async def result(self) -> BulkResult:
        """Waits for the end. Raises WorkflowFailureError when rows failed or were cancelled."""
        return await self._handle().result()

    async def _query_batch(self, batch: int) -> BulkBatchStatus:
        return await _query(self._temporal, bulk_batch_id(self.reference, batch), BulkBatchStatus)

    def _handle(self) -> WorkflowHandle[Any, BulkResult]:
        return self._temporal.get_workflow_handle(self.id, result_type=BulkResult)


def _split_into_batches(reference: str, rows: Sequence[BulkRow]) -> list[BulkBatchRequest]:
    """The rows in parts that Temporal can hold; the same rows always in the same parts."""
    parts: list[list[BulkRow]] = []
    size = 0
    for row in rows:
        more = len(row.model_dump_json())
        full = not parts or len(parts[-1]) == MAX_BATCH_ROWS or size + more > MAX_BATCH_BYTES
        if full:
            parts.append([])
            size = 0
        parts[-1].append(row)
        size += more
    return [
        BulkBatchRequest(bulk=reference, batch=at, rows=part) for at, part in enumerate(parts, 1)
    ]
