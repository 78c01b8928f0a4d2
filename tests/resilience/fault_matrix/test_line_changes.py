"""The story of line changes without faults: what it sends, and that it leaves what it must."""

from collections import Counter

from pydantic import TypeAdapter

from resilience.fault_matrix.cases import FaultCase, FaultMode
from resilience.fault_matrix.line_changes import (
    LINE_CHANGE_CALLS,
    ONCE,
    STORY,
    LineChangesUnderTest,
)
from resilience.fault_matrix.runner import start_lanes
from telegent_orchestrator.line_changes import LineChange


async def test_fault_free_story_sends_the_listed_calls() -> None:
    no_fault = FaultCase(1, "GET /nothing", FaultMode.HTML, times=1, nth=1)
    async with start_lanes(LineChangesUnderTest(), 1) as [lane]:
        result = await lane.run_case(no_fault)
        sent = Counter(f"{entry.method} {entry.path}" for entry in lane.simulator.requests)

    assert result.report.violations == [f"{no_fault}: the fault hit no call"]
    assert result.escalations == []
    assert sent == LINE_CHANGE_CALLS


def test_story_has_every_kind_of_change_and_all_that_must_not_happen_twice() -> None:
    schema = TypeAdapter(LineChange).json_schema()
    assert {change.kind for change in STORY} == {*schema["discriminator"]["mapping"]}
    assert {what for change in STORY for what in change.once} == ONCE.keys()
