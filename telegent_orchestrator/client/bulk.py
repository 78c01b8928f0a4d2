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
from telegent_orchestrator._models import Payload
from telegent_orchestrator.bulk import (
    BULK_PART_WORKFLOW,
    BULK_WORKFLOW,
    MOST_BYTES_IN_PART,
    PAUSE_UPDATE,
    RESUME_UPDATE,
    RETRY_UPDATE,
    ROWS_IN_PART,
    WINDOW,
    BulkCancel,
    BulkPartRequest,
    BulkPartStatus,
    BulkRequest,
    BulkResult,
    BulkRetried,
    BulkRow,
    BulkStatus,
    BulkWish,
    RowResult,
    bulk_id,
    bulk_part_id,
)
from telegent_orchestrator.client._client import _query, _start_or_join, _update
from telegent_orchestrator.client.executions import Execution, execution_of

SENT_AT_ONCE = 4
ASKED_AT_ONCE = 4


class OtherBulkError(Exception):
    """There is a bulk with this reference already, and its rows are others."""


class Bulks:
    """Starts and finds bulks over a Temporal client, which is set up as for `Orchestrator`."""

    def __init__(self, temporal: Client, *, id_key: str = "") -> None:
        self._temporal = temporal
        self._id_key = id_key

    def reference_for(self, name: str, rows: Sequence[BulkRow]) -> str:
        """A reference that the same rows always get: a name, such as the file's, and a mark."""
        plain = re.sub(r"[^A-Za-z0-9._-]+", "-", name).lstrip("._-")[:40] or "rows"
        return f"{plain}-{self._fingerprint(rows)[:10]}"

    async def start(
        self, reference: str, rows: Sequence[BulkRow], *, by: str, window: int = WINDOW
    ) -> "BulkHandle":
        """Start a bulk, or join the one with the same reference, open or ended.

        When an earlier start was cut off, what it had not sent is sent now. Raises OtherBulkError.
        """
        parts = _parts(reference, rows)
        request = BulkRequest(
            reference=reference,
            rows=len(rows),
            parts=len(parts),
            window=window,
            fingerprint=self._fingerprint(rows),
            by=by,
        )
        joined = await self._start(
            BULK_WORKFLOW, bulk_id(reference), request, f"Bulk {reference}", _ui_text.BULK
        )
        handle = BulkHandle(self._temporal, reference, joined=joined)
        if joined:
            there = await handle.status()
            if there.fingerprint != request.fingerprint:
                raise OtherBulkError(f"there is a bulk {reference} already, with other rows")
            sent = {part.part for part in there.parts}
            parts = [part for part in parts if part.part not in sent and not there.state.final]
        await self._send(parts)
        return handle

    def of(self, reference: str) -> "BulkHandle":
        """The bulk with this reference."""
        return BulkHandle(self._temporal, reference)

    async def _send(self, parts: Sequence[BulkPartRequest]) -> None:
        slots = asyncio.Semaphore(SENT_AT_ONCE)

        async def send(part: BulkPartRequest) -> None:
            async with slots:
                await self._start(
                    BULK_PART_WORKFLOW,
                    bulk_part_id(part.bulk, part.part),
                    part,
                    f"Rows {part.rows[0].number} to {part.rows[-1].number}",
                    _ui_text.BULK_PART,
                )

        await asyncio.gather(*map(send, parts))

    async def _start(
        self, name: str, workflow_id: str, request: Payload, summary: str, guide: str
    ) -> bool:
        """Whether it was there already. The same id never runs twice."""
        return await _start_or_join(
            self._temporal,
            name,
            workflow_id,
            request,
            summary=summary,
            guide=guide,
            reuse=WorkflowIDReusePolicy.REJECT_DUPLICATE,
        )

    def _fingerprint(self, rows: Sequence[BulkRow]) -> str:
        # With the key, because what is secret in the rows could be guessed from a plain hash.
        mark = hmac.new(self._id_key.encode(), digestmod=hashlib.sha256)
        for row in rows:
            mark.update(row.model_dump_json().encode() + b"\n")
        return mark.hexdigest()[:32]


class BulkHandle:
    """One bulk. `joined`: the start met one that was there."""

    def __init__(self, temporal: Client, reference: str, *, joined: bool = False) -> None:
        self._temporal = temporal
        self.reference = reference
        self.id = bulk_id(reference)
        self.joined = joined

    async def execution(self) -> Execution:
        """Whether it is running or how it ended, without asking a worker."""
        return await execution_of(self._temporal, self.id)

    async def status(self) -> BulkStatus:
        """How far the bulk is."""
        return await _query(self._temporal, self.id, BulkStatus)

    async def rows(self, parts: Sequence[int] | None = None) -> AsyncIterator[RowResult]:
        """How each row stands, in order, part by part; `parts`: of these only."""
        if parts is None:
            parts = [part.part for part in (await self.status()).parts]
        for at in range(0, len(parts), ASKED_AT_ONCE):
            asked = map(self._part, parts[at : at + ASKED_AT_ONCE])
            for part in await asyncio.gather(*asked):
                for row in part.rows:
                    yield row

    async def pause(self, wish: BulkWish) -> None:
        """Starts no more rows for now. Raises NotTakenError."""
        await _update(self._handle(), PAUSE_UPDATE, wish, None)

    async def resume(self, wish: BulkWish) -> None:
        """Goes on after a pause. Raises NotTakenError."""
        await _update(self._handle(), RESUME_UPDATE, wish, None)

    async def retry(self, wish: BulkWish) -> int:
        """Starts failed and cancelled rows again; returns how many. Raises NotTakenError."""
        return (await _update(self._handle(), RETRY_UPDATE, wish, BulkRetried)).rows

    async def cancel(self, wish: BulkCancel) -> None:
        """Starts no more rows; those that run go on, unless wished otherwise.

        Raises NotTakenError.
        """
        await _update(self._handle(), names.CANCEL_UPDATE, wish, None)

    async def result(self) -> BulkResult:
        """Waits for the end. Raises WorkflowFailureError when rows failed or were cancelled."""
        return await self._handle().result()

    async def _part(self, part: int) -> BulkPartStatus:
        return await _query(self._temporal, bulk_part_id(self.reference, part), BulkPartStatus)

    def _handle(self) -> WorkflowHandle[Any, BulkResult]:
        return self._temporal.get_workflow_handle(self.id, result_type=BulkResult)


def _parts(reference: str, rows: Sequence[BulkRow]) -> list[BulkPartRequest]:
    """The rows in parts that Temporal can hold; the same rows always in the same parts."""
    parts: list[list[BulkRow]] = []
    size = 0
    for row in rows:
        more = len(row.model_dump_json())
        full = not parts or len(parts[-1]) == ROWS_IN_PART or size + more > MOST_BYTES_IN_PART
        if full:
            parts.append([])
            size = 0
        parts[-1].append(row)
        size += more
    return [BulkPartRequest(bulk=reference, part=at, rows=part) for at, part in enumerate(parts, 1)]
