"""Bulks: thousands of onboardings from one file, so many at a time; payloads and names."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import AwareDatetime, Field
from pydantic.json_schema import SkipJsonSchema

from telegent_orchestrator._models import Message, Payload, Reference, Request, Text
from telegent_orchestrator.onboarding import OnboardingRequest

BULK_WORKFLOW = "BulkWorkflow"
BULK_PART_WORKFLOW = "BulkPartWorkflow"

PAUSE_UPDATE = "pause"
RESUME_UPDATE = "resume"
RETRY_UPDATE = "retry"

MOST_ROWS = 10_000
"""Rows of one bulk."""
ROWS_IN_PART = 100
"""Rows of one part: a workflow that holds their requests, whose history so stays short."""
MOST_BYTES_IN_PART = 1_000_000
"""JSON of one part's requests: Temporal takes 2 MB, and encryption adds to it."""
WINDOW = 300
MOST_OPEN = 5_000


def bulk_id(reference: str) -> str:
    """Workflow id of the bulk with this reference."""
    return f"bulk-{reference}"


def bulk_part_id(reference: str, part: int) -> str:
    """Workflow id of one part of a bulk."""
    return f"{bulk_id(reference)}-part-{part}"


class RowState(StrEnum):
    """How a row stands. `already done`: its onboarding was done before, or by somebody else."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    ALREADY_DONE = "already done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def not_well(self) -> bool:
        """Whether the row has ended without its onboarding: a retry starts it again."""
        return self in (RowState.FAILED, RowState.CANCELLED)


class BulkState(StrEnum):
    """How a bulk stands. `needs a person`: every row has ended, and some failed or were cancelled.

    `incomplete`: it ended with such rows.
    """

    RUNNING = "running"
    PAUSED = "paused"
    NEEDS_PERSON = "needs a person"
    STOPPING = "stopping"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    INCOMPLETE = "incomplete"

    @property
    def final(self) -> bool:
        """Whether the bulk has ended."""
        return self in (BulkState.COMPLETED, BulkState.CANCELLED, BulkState.INCOMPLETE)


class Counts(Payload):
    """How many rows stand how."""

    waiting: int = 0
    running: int = 0
    done: int = 0
    already_done: int = 0
    failed: int = 0
    cancelled: int = 0

    @property
    def well(self) -> int:
        """Rows whose onboarding is done."""
        return self.done + self.already_done

    @property
    def not_well(self) -> int:
        """Rows that have ended without their onboarding: a retry starts them again."""
        return self.failed + self.cancelled

    @property
    def ended(self) -> int:
        """Rows that nothing more happens to."""
        return self.well + self.not_well

    @property
    def not_well_in_words(self) -> str:
        """Such as `2 failed, 1 cancelled`; empty when there are none."""
        there = (("failed", self.failed), ("cancelled", self.cancelled))
        return ", ".join(f"{rows} {how}" for how, rows in there if rows)


class PartBrief(Payload):
    """One part of a bulk. `over`: its workflow has ended.

    `granted`: how many starts it was allowed; `started`: how many it has made. A row that is
    started again counts again.
    """

    part: int
    rows: int
    counts: Counts = Counts()
    granted: int = 0
    started: int = 0
    over: bool = False


class BulkEntry(Payload):
    """Who did what, when."""

    at: datetime
    by: str
    what: str


class BulkWish(Message):
    """A person's wish: to pause, to go on, to start rows again that failed or were cancelled."""

    by: Text
    reason: Text


class BulkCancel(Message):
    """A person's wish to start no more rows; `running_too`: and to cancel those that run."""

    by: Text
    reason: Text
    running_too: bool = False


class BulkRetried(Payload):
    """How many rows are started again."""

    rows: int


class BulkSoFar(Payload):
    """What a long bulk hands on to its next run. Callers leave it out."""

    started_at: datetime
    paused: bool = False
    cancel: BulkCancel | None = None
    retries: int = 0
    parts: list[PartBrief] = []
    retries_told: dict[int, int] = {}
    retries_seen: dict[int, int] = {}
    timeline: list[BulkEntry] = []


class BulkRequest(Request):
    """A bulk: its rows follow in as many parts (BulkPartRequest), each a start of its own.

    `window`: rows that may be open at once; a port-in is open for days. `fingerprint`: whatever
    tells the content of two files apart.
    """

    reference: Reference
    rows: Annotated[int, Field(ge=1, le=MOST_ROWS)]
    parts: Annotated[int, Field(ge=1, le=MOST_ROWS)]
    window: Annotated[int, Field(ge=1, le=MOST_OPEN)] = WINDOW
    fingerprint: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{0,64}$")] = ""
    by: Text
    so_far: SkipJsonSchema[BulkSoFar | None] = None


class BulkRow(Request):
    """One row. `number`: where it stands in the file, for people."""

    number: Annotated[int, Field(ge=1)]
    onboarding: OnboardingRequest


class BulkPartRequest(Request):
    """Rows of a bulk. `bulk`: its reference; `part`: from 1 to the bulk's `parts`."""

    bulk: Reference
    part: Annotated[int, Field(ge=1)]
    rows: Annotated[list[BulkRow], Field(min_length=1, max_length=ROWS_IN_PART)]


class RowResult(Payload):
    """How one row stands; `detail` is a sentence without secrets."""

    row: int
    reference: str
    state: RowState = RowState.WAITING
    detail: str = ""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    account_id: str = ""
    phone_numbers: list[str] = []


class BulkPartStatus(Payload):
    """The rows of one part."""

    bulk: str
    part: int
    rows: list[RowResult]


class BulkStatus(Payload):
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
    parts: list[PartBrief] = []
    timeline: list[BulkEntry] = []
    started_at: datetime
    retry_until: AwareDatetime | None = None


class BulkResult(Payload):
    """How a bulk ended."""

    reference: str
    state: BulkState
    rows: int
    counts: Counts
