"""What a bulk knows of its parts: how their rows stand, and what they were told."""

from collections.abc import Iterator
from datetime import datetime

from temporalio import workflow
from temporalio.exceptions import ApplicationError

from telegent_orchestrator.bulk import (
    BulkCancel,
    BulkEntry,
    BulkRequest,
    BulkSoFar,
    BulkState,
    BulkStatus,
    BulkWish,
    Counts,
    PartBrief,
    bulk_part_id,
)
from workflows.bulk.signals import ORDER_SIGNAL, PartOrder, PartReport

STARTS_AT_ONCE = 20
"""Rows that begin together. More would keep a worker from all else, and then wait for requests."""
MOST_ENTRIES = 100
"""Of the timeline, the latest."""


class BulkBook:
    """Counts, grants and wishes; `so_far` is all of it, and what the next run is given."""

    def __init__(self, request: BulkRequest, now: datetime) -> None:
        self._request = request
        self.so_far = request.so_far or BulkSoFar(started_at=now)
        self._parts = {part.part: part for part in self.so_far.parts}
        self._told: dict[int, PartOrder] = {
            part.part: PartOrder(
                granted=part.granted, retries=self.so_far.retries_told.get(part.part, 0)
            )
            for part in self.so_far.parts
        }

    @property
    def counts(self) -> Counts:
        """Of all rows, also of those whose part has not been sent yet."""
        fields = Counts.model_fields
        total = {
            name: sum(getattr(part.counts, name) for part in self._parts.values())
            for name in fields
        }
        return Counts(**total | {"waiting": total["waiting"] + self._missing})

    @property
    def open(self) -> int:
        """Rows that run, and those that may be started at any moment."""
        return sum(map(_open, self._parts.values()))

    @property
    def all_ended(self) -> bool:
        """Whether every row has ended, and none is about to be started again."""
        wanted, seen = self.so_far.retries_told, self.so_far.retries_seen
        done = all(
            seen.get(number, 0) >= retries or self._parts[number].over
            for number, retries in wanted.items()
        )
        return done and self.counts.ended == self._request.rows

    def take_in(self, report: PartReport) -> None:
        """How the rows of a part stand now."""
        part = self._parts.setdefault(report.part, PartBrief(part=report.part, rows=report.rows))
        part.counts, part.started, part.over = report.counts, report.started, report.over
        self.so_far.retries_seen[report.part] = report.retries

    def grant(self) -> None:
        """Gives away what is free of the window, a few at a time, to earlier parts first."""
        if self.so_far.paused or self.so_far.cancel:
            return
        # What is granted and not reported yet is being started: a worker that is busy slows that.
        parts = self._parts.values()
        starting = sum(part.granted - part.started for part in parts if not part.over)
        free = min(self._request.window - self.open, STARTS_AT_ONCE - starting)
        for number in sorted(self._parts):
            part = self._parts[number]
            waiting = part.counts.waiting - (part.granted - part.started)
            more = 0 if part.over else max(0, min(free, waiting))
            part.granted += more
            free -= more

    def parts_to_tell(self, *, over: bool) -> Iterator[tuple[int, PartOrder]]:
        """The parts that have to hear something, and what. `over`: the bulk ends."""
        cancel = self.so_far.cancel
        for number, part in self._parts.items():
            told = self._told.get(number, PartOrder())
            order = PartOrder(
                granted=part.granted,
                retries=self.so_far.retries_told.get(number, 0),
                cancel=cancel is not None and cancel.running_too,
                end=over,
            )
            if order != told and not part.over:
                yield number, order

    async def tell(self, told: tuple[int, PartOrder]) -> None:
        """Signals a part. When somebody has terminated it, its rows count as failed."""
        number, order = told
        where = bulk_part_id(self._request.reference, number)
        try:
            await workflow.get_external_workflow_handle(where).signal(ORDER_SIGNAL, order)
        except ApplicationError:
            part = self._parts[number]
            if not part.over:
                _give_up(part)
                self.write("orchestrator", f"part {number} is gone: its open rows count as failed")
        self._told[number] = order

    def pause(self, wish: BulkWish) -> None:
        """No more grants."""
        self.so_far.paused = True
        self.write(wish.by, f"paused: {wish.reason}")

    def resume(self, wish: BulkWish) -> None:
        """Grants again."""
        self.so_far.paused = False
        self.write(wish.by, f"resumed: {wish.reason}")

    def retry(self, wish: BulkWish) -> int:
        """Tells the parts to start again what failed or was cancelled; returns how many rows."""
        self.so_far.retries += 1
        rows = 0
        for number, part in self._parts.items():
            if part.counts.not_well and not part.over:
                self.so_far.retries_told[number] = self.so_far.retries
                rows += part.counts.not_well
        self.write(wish.by, f"started {rows} rows again: {wish.reason}")
        return rows

    def cancel(self, wish: BulkCancel) -> None:
        """No more grants for ever."""
        self.so_far.cancel = wish
        what = "cancelled, with the rows that run" if wish.running_too else "cancelled"
        self.write(wish.by, f"{what}: {wish.reason}")

    def write(self, by: str, what: str) -> None:
        """An entry of the timeline."""
        timeline = self.so_far.timeline
        timeline.append(BulkEntry(at=workflow.now(), by=by, what=what))
        del timeline[:-MOST_ENTRIES]

    def status(self, state: BulkState, retry_until: datetime | None) -> BulkStatus:
        """All of it for people."""
        return BulkStatus(
            reference=self._request.reference,
            state=state,
            rows=self._request.rows,
            window=self._request.window,
            fingerprint=self._request.fingerprint,
            counts=self.counts,
            missing=self._missing,
            parts=self._sorted,
            timeline=self.so_far.timeline,
            started_at=self.so_far.started_at,
            retry_until=retry_until,
        )

    def handed_on(self) -> BulkRequest:
        """What the next run is started with."""
        self.so_far.parts = self._sorted
        return self._request.model_copy(update={"so_far": self.so_far})

    @property
    def _sorted(self) -> list[PartBrief]:
        return [self._parts[number] for number in sorted(self._parts)]

    @property
    def _missing(self) -> int:
        return self._request.rows - sum(part.rows for part in self._parts.values())


def _open(part: PartBrief) -> int:
    return 0 if part.over else part.counts.running + part.granted - part.started


def _give_up(part: PartBrief) -> None:
    counts = part.counts
    counts.failed += counts.running + counts.waiting
    counts.running = counts.waiting = 0
    part.over = True
