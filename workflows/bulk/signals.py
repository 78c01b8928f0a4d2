"""What a bulk and its parts tell each other: always all of it, so that a repeat does no harm."""

from telegent_orchestrator._models import Payload
from telegent_orchestrator.bulk import Counts

PART_CHANGED_SIGNAL = "part_changed"
ORDER_SIGNAL = "bulk_order"


class PartReport(Payload):
    """From a part: how its rows stand. `retries`: the latest order to start rows again that
    it has carried out; `over`: it ends, and takes no more orders."""

    part: int
    rows: int
    counts: Counts
    started: int = 0
    retries: int = 0
    over: bool = False


class PartOrder(Payload):
    """To a part. `granted`: starts it may make in all, those it has made included.

    `retries`: counts the wishes to start rows again. `cancel`: cancel the rows that run.
    `end`: the bulk is over.
    """

    granted: int = 0
    retries: int = 0
    cancel: bool = False
    end: bool = False
