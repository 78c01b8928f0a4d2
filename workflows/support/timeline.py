"""The bounds of a timeline, which is in every status and result of a port-in or port-out."""

from typing import TypeVar

from telegent_orchestrator.port_in import TimelineEntry
from telegent_orchestrator.port_out import PortOutTimelineEntry

MAX_TIMELINE_ENTRIES = 500
"""Temporal limits the size of a status and of a result."""
_MIDDLE = MAX_TIMELINE_ENTRIES // 2

Entry = TypeVar("Entry", TimelineEntry, PortOutTimelineEntry)


def append_bounded(timeline: list[Entry], entry: Entry) -> None:
    """Adds an entry. Of too many, the first and the last are kept, with a note between them."""
    timeline.append(entry)
    if len(timeline) > MAX_TIMELINE_ENTRIES:
        placeholder = {"by": "orchestrator", "event": "more entries than are kept: see the history"}
        timeline[_MIDDLE] = timeline[_MIDDLE].model_copy(
            update=placeholder | {"vendor_message": ""}
        )
        del timeline[_MIDDLE + 1]
