"""Bulks: thousands of onboardings from one file, so many at a time; payloads and names."""

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
"""Rows of one part: a workflow that holds their requests, whose history so stays short."""
MAX_BATCH_BYTES = 1_000_000
"""JSON of one part's requests: Temporal takes 2 MB, and encryption adds to it."""
DEFAULT_WINDOW = 300
MAX_WINDOW = 5_000


def bulk_id(reference: str) -> str:
    """Workflow id of the bulk with this reference."""
    return f"bulk-{reference}"


def bulk_batch_id(reference: str, batch: int) -> str:
    """Workflow id of one part of a bulk."""
    return f"{bulk_id(reference)}-batch-{batch}"


class RowState(StrEnum):
    """How a row stands. `already done`: its onboarding was done before, or by somebody else."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    ALREADY_DONE = "already done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def unsuccessful(self) -> bool:
        """Whether the row has ended without its onboarding: a retry starts it again."""
        return self in (RowState.FAILED, RowState.CANCELLED)


class BulkState(StrEnum):
    """How a bulk stands. `needs operator`: every row has ended, and some failed or were cancelled.

    `incomplete`: it ended with such rows.
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
    """How many rows stand how."""

    waiting: int = 0
    running: int = 0
    done: int = 0
    already_done: int = 0
    failed: int = 0
    cancelled: int = 0

    @property
    def succeeded(self) -> int:
        """Rows whose onboarding is done."""
        return self.done + self.already_done

    @property
    def unsuccessful(self) -> int:
        """Rows that have ended without their onboarding: a retry starts them again."""
        return self.failed + self.cancelled

    @property
    def ended(self) -> int:
        """Rows that nothing more happens to."""
        return self.succeeded + self.unsuccessful

    @property
    def describe_unsuccessful(self) -> str:
        """Such as `2 failed, 1 cancelled`; empty when there are none."""
        counts = (("failed", self.failed), ("cancelled", self.cancelled))
        return ", ".join(f"{rows} {state}" for state, rows in counts if rows)


class BatchSummary(WireModel):
    """One part of a bulk. `ended`: its workflow has ended.

    `granted`: how many starts it was allowed; `started`: how many it has made. A row that is
    started again counts again.
    """

    batch: int
    rows: int
    counts: Counts = Counts()
    granted: int = 0
    started: int = 0
    ended: bool = False


class BulkTimelineEntry(WireModel):
    """Who did what, when."""

    at: datetime
    by: str
    event: str


class BulkCommand(OperatorMessage):
    """A person's wish: to pause, to go on, to start rows again that failed or were cancelled."""

    by: Text
    reason: Text


class BulkCancel(OperatorMessage):
    """A person's wish to start no more rows; `cancel_running`: and to cancel those that run."""

    by: Text
    reason: Text
    cancel_running: bool = False


class BulkRetryResult(WireModel):
    """How many rows are started again."""

    rows: int


class BulkCheckpoint(WireModel):
    """What a long bulk hands on to its next run. Callers leave it out."""

    started_at: datetime
    paused: bool = False
    cancel: BulkCancel | None = None
    retries: int = 0
    batches: list[BatchSummary] = []
    retries_sent: dict[int, int] = {}
    retries_acknowledged: dict[int, int] = {}
    timeline: list[BulkTimelineEntry] = []


class BulkRequest(StrictModel):
    """A bulk: its rows follow in as many parts (BulkBatchRequest), each a start of its own.

    `window`: rows that may be open at once; a port-in is open for days. `fingerprint`: whatever
    tells the content of two files apart.
    """

    reference: Reference
    rows: Annotated[int, Field(ge=1, le=MAX_ROWS)]
    batches: Annotated[int, Field(ge=1, le=MAX_ROWS)]
    window: Annotated[int, Field(ge=1, le=MAX_WINDOW)] = DEFAULT_WINDOW
    fingerprint: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{0,64}$")] = ""
    by: Text
    checkpoint: SkipJsonSchema[BulkCheckpoint | None] = None


class BulkRow(StrictModel):
    """One row. `number`: where it stands in the file, for people."""

    number: Annotated[int, Field(ge=1)]
    onboarding: OnboardingRequest


class BulkBatchRequest(StrictModel):
    """Rows of a bulk. `bulk`: its reference; `batch`: from 1 to the bulk's `batches`."""

    bulk: Reference
    batch: Annotated[int, Field(ge=1)]
    rows: Annotated[list[BulkRow], Field(min_length=1, max_length=MAX_BATCH_ROWS)]


class RowResult(WireModel):
    """How one row stands; `detail` is a sentence without secrets."""

    row: int
    reference: str
    state: RowState = RowState.WAITING
    detail: str = ""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    account_id: str = ""
    phone_numbers: list[str] = []


class BulkBatchStatus(WireModel):
    """The rows of one part."""

    bulk: str
    batch: int
    rows: list[RowResult]


class BulkStatus(WireModel):
    """How far a bulk is. `missing`: rows of parts that have not been sent yet.

    `retry_until`: as long as rows can be started again after all have ended.
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
