"""How much a timeline keeps: it is in every status and result, and Temporal limits their size."""

from typing import TypeVar

from telegent_orchestrator.port_in import TimelineEntry
from telegent_orchestrator.port_out import PortOutEntry

MOST_ENTRIES = 500
_MIDDLE = MOST_ENTRIES // 2

Entry = TypeVar("Entry", TimelineEntry, PortOutEntry)


def add(timeline: list[Entry], entry: Entry) -> None:
    """Adds an entry. Of too many the first and the last are kept, and a word between them."""
    timeline.append(entry)
    if len(timeline) > MOST_ENTRIES:
        gap = {"by": "orchestrator", "what": "more than is kept here: see the history"}
        timeline[_MIDDLE] = timeline[_MIDDLE].model_copy(update=gap | {"vendor_words": ""})
        del timeline[_MIDDLE + 1]
