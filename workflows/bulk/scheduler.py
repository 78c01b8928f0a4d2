"""Which rows of a bulk may run: a sliding window over all batches."""

from collections.abc import Iterator
from datetime import datetime

from temporalio import workflow
from temporalio.exceptions import ApplicationError

from telegent_orchestrator.bulk import (
    BatchSummary,
    BulkCancel,
    BulkCheckpoint,
    BulkCommand,
    BulkRequest,
    BulkState,
    BulkStatus,
    BulkTimelineEntry,
    Counts,
    bulk_batch_id,
)
from workflows.bulk.signals import BATCH_COMMAND_SIGNAL, BatchCommand, BatchReport

MAX_CONCURRENT_STARTS = 20
"""Rows that start together. More would block a worker, and then wait for the rate limit."""
MAX_TIMELINE_ENTRIES = 100
"""The timeline keeps the latest entries."""


class BulkScheduler:
    """Counts, grants and commands. The next run starts from `checkpoint`, its whole state."""

    def __init__(self, request: BulkRequest, now: datetime) -> None:
        self._request = request
        self.checkpoint = request.checkpoint or BulkCheckpoint(started_at=now)
        self._batches = {batch.batch: batch for batch in self.checkpoint.batches}
        self._last_commands: dict[int, BatchCommand] = {
            batch.batch: BatchCommand(
                granted=batch.granted, retries=self.checkpoint.retries_sent.get(batch.batch, 0)
            )
            for batch in self.checkpoint.batches
        }

    @property
    def counts(self) -> Counts:
        """Counts of all rows, those of batches that have not been sent included."""
        fields = Counts.model_fields
        total = {
            name: sum(getattr(batch.counts, name) for batch in self._batches.values())
            for name in fields
        }
        return Counts(**total | {"waiting": total["waiting"] + self._missing_rows})

    @property
    def open_rows(self) -> int:
        """Rows that run, and rows that may start at any moment."""
        return sum(map(_open_rows, self._batches.values()))

    @property
    def all_rows_ended(self) -> bool:
        """Whether every row has ended, and no retry is under way."""
        sent, acknowledged = self.checkpoint.retries_sent, self.checkpoint.retries_acknowledged
        done = all(
            acknowledged.get(number, 0) >= retries or self._batches[number].ended
            for number, retries in sent.items()
        )
        return done and self.counts.ended == self._request.rows

    def apply_report(self, report: BatchReport) -> None:
        """Records the state of a batch's rows."""
        batch = self._batches.setdefault(
            report.batch, BatchSummary(batch=report.batch, rows=report.rows)
        )
        batch.counts, batch.started, batch.ended = report.counts, report.started, report.ended
        # A run that was reset does not know what the run before it has granted.
        batch.granted = max(batch.granted, batch.started)
        self.checkpoint.retries_acknowledged[report.batch] = report.retries

    def grant_capacity(self) -> None:
        """Grants the free part of the window, a few rows at a time, to earlier batches first."""
        if self.checkpoint.paused or self.checkpoint.cancel:
            return
        # Rows that are granted and not reported are being started; a busy worker slows that.
        batches = self._batches.values()
        starting = sum(batch.granted - batch.started for batch in batches if not batch.ended)
        free = min(self._request.window - self.open_rows, MAX_CONCURRENT_STARTS - starting)
        for number in sorted(self._batches):
            batch = self._batches[number]
            waiting = batch.counts.waiting - (batch.granted - batch.started)
            more = 0 if batch.ended else max(0, min(free, waiting))
            batch.granted += more
            free -= more

    def pending_commands(self, *, ended: bool) -> Iterator[tuple[int, BatchCommand]]:
        """Yields the batches whose command has changed, with the command.

        Args:
            ended: Whether the bulk ends.
        """
        cancel = self.checkpoint.cancel
        for number, batch in self._batches.items():
            last = self._last_commands.get(number, BatchCommand())
            command = BatchCommand(
                granted=batch.granted,
                retries=self.checkpoint.retries_sent.get(number, 0),
                cancel=cancel is not None and cancel.cancel_running,
                end=ended,
            )
            if command != last and not batch.ended:
                yield number, command

    async def send_command(self, addressed: tuple[int, BatchCommand]) -> None:
        """Signals a batch. If it has been terminated, its rows count as failed."""
        number, command = addressed
        workflow_id = bulk_batch_id(self._request.reference, number)
        try:
            await workflow.get_external_workflow_handle(workflow_id).signal(
                BATCH_COMMAND_SIGNAL, command
            )
        except ApplicationError:
            batch = self._batches[number]
            if not batch.ended:
                _mark_failed(batch)
                self.log("orchestrator", f"batch {number} was ended: its open rows count as failed")
        self._last_commands[number] = command

    def pause(self, command: BulkCommand) -> None:
        """Stops grants."""
        self.checkpoint.paused = True
        self.log(command.by, f"paused: {command.reason}")

    def resume(self, command: BulkCommand) -> None:
        """Resumes grants."""
        self.checkpoint.paused = False
        self.log(command.by, f"resumed: {command.reason}")

    def retry(self, command: BulkCommand) -> int:
        """Has batches start failed and cancelled rows again; returns the number of rows."""
        self.checkpoint.retries += 1
        rows = 0
        for number, batch in self._batches.items():
            if batch.counts.unsuccessful and not batch.ended:
                self.checkpoint.retries_sent[number] = self.checkpoint.retries
                rows += batch.counts.unsuccessful
        self.log(command.by, f"retried {rows} rows: {command.reason}")
        return rows

    def cancel(self, command: BulkCancel) -> None:
        """Stops grants permanently."""
        self.checkpoint.cancel = command
        event = "cancelled, running rows included" if command.cancel_running else "cancelled"
        self.log(command.by, f"{event}: {command.reason}")

    def log(self, by: str, event: str) -> None:
        """Adds an entry to the timeline."""
        timeline = self.checkpoint.timeline
        timeline.append(BulkTimelineEntry(at=workflow.now(), by=by, event=event))
        del timeline[:-MAX_TIMELINE_ENTRIES]

    def status(self, state: BulkState, retry_until: datetime | None) -> BulkStatus:
        """Returns the response of the status query."""
        return BulkStatus(
            reference=self._request.reference,
            state=state,
            rows=self._request.rows,
            window=self._request.window,
            fingerprint=self._request.fingerprint,
            counts=self.counts,
            missing=self._missing_rows,
            batches=self._sorted_batches,
            timeline=self.checkpoint.timeline,
            started_at=self.checkpoint.started_at,
            retry_until=retry_until,
        )

    def continue_as_new_input(self) -> BulkRequest:
        """Returns the input of the next run."""
        self.checkpoint.batches = self._sorted_batches
        return self._request.model_copy(update={"checkpoint": self.checkpoint})

    @property
    def _sorted_batches(self) -> list[BatchSummary]:
        return [self._batches[number] for number in sorted(self._batches)]

    @property
    def _missing_rows(self) -> int:
        return self._request.rows - sum(batch.rows for batch in self._batches.values())


def _open_rows(batch: BatchSummary) -> int:
    return 0 if batch.ended else batch.counts.running + batch.granted - batch.started


def _mark_failed(batch: BatchSummary) -> None:
    counts = batch.counts
    counts.failed += counts.running + counts.waiting
    counts.running = counts.waiting = 0
    batch.ended = True
