"""Bounds of a timeline: it is in every status and result, and Temporal limits their size."""

from typing import TypeVar

from telegent_orchestrator.port_in import TimelineEntry
from telegent_orchestrator.port_out import PortOutTimelineEntry

MAX_ENTRIES = 500
_MIDDLE = MAX_ENTRIES // 2

Entry = TypeVar("Entry", TimelineEntry, PortOutTimelineEntry)


def append_bounded(timeline: list[Entry], entry: Entry) -> None:
    """Adds an entry. Of too many, the first and the last are kept, with a note between them."""
    timeline.append(entry)
    if len(timeline) > MAX_ENTRIES:
        placeholder = {"by": "orchestrator", "event": "more entries than are kept: see the history"}
        timeline[_MIDDLE] = timeline[_MIDDLE].model_copy(
            update=placeholder | {"vendor_message": ""}
        )
        del timeline[_MIDDLE + 1]
