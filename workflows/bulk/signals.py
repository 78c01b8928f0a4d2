"""What a bulk and its batches tell each other: always all of it, so that a repeat does no harm."""

from telegent_orchestrator._models import WireModel
from telegent_orchestrator.bulk import Counts

BATCH_REPORT_SIGNAL = "batch_report"
BATCH_COMMAND_SIGNAL = "batch_command"


class BatchReport(WireModel):
    """From a batch: how its rows stand. `retries`: the latest command to start rows again that
    it has carried out; `ended`: it ends, and takes no more commands."""

    batch: int
    rows: int
    counts: Counts
    started: int = 0
    retries: int = 0
    ended: bool = False


class BatchCommand(WireModel):
    """To a batch. `granted`: starts it may make in all, those it has made included.

    `retries`: counts the commands to start rows again. `cancel`: cancel the rows that run.
    `end`: the bulk has ended.
    """

    granted: int = 0
    retries: int = 0
    cancel: bool = False
    end: bool = False
