"""The signals between a bulk and its batches: always the full state, so that repeats are safe."""

from telegent_orchestrator._models import WireModel
from telegent_orchestrator.bulk import Counts

BATCH_REPORT_SIGNAL = "batch_report"
BATCH_COMMAND_SIGNAL = "batch_command"


class BatchReport(WireModel):
    """From a batch: the state of its rows.

    `retries`: number of the latest retry command that it has carried out. `ended`: it ends, and
    takes no more commands.
    """

    batch: int
    rows: int
    counts: Counts
    started: int = 0
    retries: int = 0
    ended: bool = False


class BatchCommand(WireModel):
    """To a batch: what it may do.

    `granted`: starts that it may make in all, those already made included. `retries`: number of
    retry commands so far. `cancel`: cancel the running rows. `end`: the bulk has ended.
    """

    granted: int = 0
    retries: int = 0
    cancel: bool = False
    end: bool = False
