"""Bulks: thousands of onboardings from one file, a limited number at a time."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import AwareDatetime, Field
from pydantic.json_schema import SkipJsonSchema

from telegent_orchestrator._models import OperatorMessage, Reference, StrictModel, Text, WireModel
from telegent_orchestrator.onboarding import OnboardingRequest

BULK_WORKFLOW = "BulkWorkflow"
BULK_BATCH_WORKFLOW = "BulkBatchWorkflow"

PAUSE_UPDATE = "pause"
RESUME_UPDATE = "resume"
RETRY_UPDATE = "retry"

MAX_ROWS = 10_000
"""Rows of one bulk."""
MAX_BATCH_ROWS = 100
"""Rows of one batch: the workflow that holds their requests keeps a short history."""
MAX_BATCH_BYTES = 1_000_000
"""JSON of the requests of one batch: Temporal accepts 2 MB, and encryption adds to it."""
DEFAULT_WINDOW = 300
MAX_WINDOW = 5_000


def bulk_id(reference: str) -> str:
    """Workflow id of the bulk with this reference."""
    return f"bulk-{reference}"


def bulk_batch_id(reference: str, batch: int) -> str:
    """Workflow id of one batch of a bulk; no reference contains the colon."""
    return f"{bulk_id(reference)}:batch-{batch}"


class RowState(StrEnum):
    """State of a row. `already done`: its onboarding had completed before the bulk reached it."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    ALREADY_DONE = "already done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def unsuccessful(self) -> bool:
        """Whether the row has ended without success: a retry starts it again."""
        return self in (RowState.FAILED, RowState.CANCELLED)


class BulkState(StrEnum):
    """State of a bulk.

    Attributes:
        NEEDS_OPERATOR: Every row has ended, and some failed or were cancelled.
        STOPPING: Cancelled; running rows continue.
        INCOMPLETE: It ended with failed or cancelled rows.
    """

    RUNNING = "running"
    PAUSED = "paused"
    NEEDS_OPERATOR = "needs operator"
    STOPPING = "stopping"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    INCOMPLETE = "incomplete"

    @property
    def final(self) -> bool:
        """Whether the bulk has ended."""
        return self in (BulkState.COMPLETED, BulkState.CANCELLED, BulkState.INCOMPLETE)


class Counts(WireModel):
    """The number of rows in each state."""

    waiting: int = 0
    running: int = 0
    done: int = 0
    already_done: int = 0
    failed: int = 0
    cancelled: int = 0

    @property
    def succeeded(self) -> int:
        """Rows whose onboarding has completed."""
        return self.done + self.already_done

    @property
    def unsuccessful(self) -> int:
        """Rows that have ended without success: a retry starts them again."""
        return self.failed + self.cancelled

    @property
    def ended(self) -> int:
        """Rows that have ended."""
        return self.succeeded + self.unsuccessful

    @property
    def describe_unsuccessful(self) -> str:
        """Such as `2 failed, 1 cancelled`; empty if there are none."""
        counts = (("failed", self.failed), ("cancelled", self.cancelled))
        return ", ".join(f"{rows} {state}" for state, rows in counts if rows)


class BatchSummary(WireModel):
    """One batch of a bulk.

    Attributes:
        granted: How many starts the bulk has allowed; a retried row counts again.
        started: How many rows it has started.
        ended: Whether its workflow has ended.
    """

    batch: int
    rows: int
    counts: Counts = Counts()
    granted: int = 0
    started: int = 0
    ended: bool = False


class BulkTimelineEntry(WireModel):
    """Who did what and when."""

    at: datetime
    by: str
    event: str


class BulkCommand(OperatorMessage):
    """A pause, resume or retry by an operator."""

    by: Text
    reason: Text


class BulkCancel(OperatorMessage):
    """A cancel: start no more rows. `cancel_running`: also cancel those that are running."""

    by: Text
    reason: Text
    cancel_running: bool = False


class BulkRetryResult(WireModel):
    """How many rows a retry starts again."""

    rows: int


class BulkCheckpoint(WireModel):
    """The state that a long bulk passes to its next run. Callers leave it out."""

    started_at: datetime
    paused: bool = False
    cancel: BulkCancel | None = None
    retries: int = 0
    batches: list[BatchSummary] = []
    retries_sent: dict[int, int] = {}
    retries_acknowledged: dict[int, int] = {}
    timeline: list[BulkTimelineEntry] = []


class BulkRequest(StrictModel):
    """The request that starts a bulk; its rows follow in batches, each a workflow of its own.

    Attributes:
        batches: How many batches follow.
        window: Rows that may be open at once; a port-in is open for days.
        fingerprint: A hash of the rows: a file with other rows is another bulk.
        by: Who starts it, for the timeline.
    """

    reference: Reference
    rows: Annotated[int, Field(ge=1, le=MAX_ROWS)]
    batches: Annotated[int, Field(ge=1, le=MAX_ROWS)]
    window: Annotated[int, Field(ge=1, le=MAX_WINDOW)] = DEFAULT_WINDOW
    fingerprint: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{0,64}$")] = ""
    by: Text
    checkpoint: SkipJsonSchema[BulkCheckpoint | None] = None


class BulkRow(StrictModel):
    """One row. `number`: its row in the file, for messages."""

    number: Annotated[int, Field(ge=1)]
    onboarding: OnboardingRequest


class RowResult(WireModel):
    """The state of one row. `detail`: why it failed, without secrets."""

    row: int
    reference: str
    state: RowState = RowState.WAITING
    detail: str = ""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    account_id: str = ""
    phone_numbers: list[str] = []


class BatchCheckpoint(WireModel):
    """The state that a long batch passes to its next run. Callers leave it out."""

    rows: list[RowResult]
    started: int
    retries: int
    retry_rows: list[int]
    cancel: bool


class BulkBatchRequest(StrictModel):
    """Rows of the bulk with the reference `bulk`. `batch`: from 1 to the bulk's `batches`."""

    bulk: Reference
    batch: Annotated[int, Field(ge=1)]
    rows: Annotated[list[BulkRow], Field(min_length=1, max_length=MAX_BATCH_ROWS)]
    checkpoint: SkipJsonSchema[BatchCheckpoint | None] = None


class BulkBatchStatus(WireModel):
    """The rows of one batch."""

    bulk: str
    batch: int
    rows: list[RowResult]


class BulkStatus(WireModel):
    """The state of a bulk.

    Attributes:
        missing: Rows of batches that have not been sent yet.
        retry_until: Until when rows can be retried after all have ended.
    """

    reference: str
    state: BulkState
    rows: int
    window: int
    fingerprint: str = ""
    counts: Counts
    missing: int = 0
    batches: list[BatchSummary] = []
    timeline: list[BulkTimelineEntry] = []
    started_at: datetime
    retry_until: AwareDatetime | None = None


class BulkResult(WireModel):
    """How a bulk ended."""

    reference: str
    state: BulkState
    rows: int
    counts: Counts
