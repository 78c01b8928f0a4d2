"""What our workflows know is put together in the order in which it came about."""

from datetime import UTC, datetime
from typing import cast

import pytest
from pydantic import BaseModel
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import WorkflowExecutionStatus
from temporalio.api.workflow.v1 import WorkflowExecutionInfo

from activities.known.histories import Histories
from activities.known.lines import Known
from activities.known.records import read_known_from
from telegent_orchestrator.line_changes import LINE_CHANGE_WORKFLOW, End, LineChangeResult
from telegent_orchestrator.lines import LineInput, LineRequest, LineResult
from telegent_orchestrator.names import LINE_WORKFLOW
from telegent_orchestrator.port_out import (
    PORT_OUT_WORKFLOW,
    PortOutRequest,
    PortOutResult,
    PortOutState,
)
from telegent_orchestrator.progress import StepState

NUMBER = "+18015550142"
COMPLETED = WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_COMPLETED
RUNNING = WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_RUNNING
LINE = LineInput(
    reference="family-2041",
    line=LineRequest.model_validate(
        {"key": "first", "subscriber": "one", "package": "plan", "number": {"kind": "new"}}
    ),
    account_id="AID-1",
    subscriber_id="TSUID-1",
    package_id="PID-1",
)
LINE_DONE = LineResult(key="first", phone_number=NUMBER)
ENDED = LineChangeResult(
    phone_number=NUMBER, change=End(kind="end"), by="a", reason="b", state=StepState.DONE
)
LEAVING = PortOutRequest(phone_number=NUMBER, authentication_reference="ticket-1", by="a")
LEFT = PortOutResult(
    phone_number=NUMBER, state=PortOutState.COMPLETED, authentication_reference="ticket-1"
)


class Recorded:
    """Workflows in place of those of a namespace: type, hour of the end, argument, result."""

    unreadable = 0

    def __init__(self, *runs: tuple[str, int, BaseModel | None, BaseModel | None]) -> None:
        self.runs = runs

    async def list(self, workflow_type: str) -> list[WorkflowExecutionInfo]:
        found = []
        for index, (kind, hour, _, result) in enumerate(self.runs):
            info = WorkflowExecutionInfo(
                execution=WorkflowExecution(workflow_id=str(index)),
                status=COMPLETED if result else RUNNING,
            )
            info.start_time.FromDatetime(at(0))
            if result:
                info.close_time.FromDatetime(at(hour))
            if kind == workflow_type:
                found.append(info)
        return found

    async def given(self, run: WorkflowExecution, model: type) -> BaseModel | None:
        return self.runs[int(run.workflow_id)][2]

    async def returned(self, run: WorkflowExecution, model: type) -> BaseModel | None:
        return self.runs[int(run.workflow_id)][3]


def at(hour: int) -> datetime:
    return datetime(2026, 11, 30, hour, tzinfo=UTC)


async def known(
    *runs: tuple[str, int, BaseModel | None, BaseModel | None], since: int = 23
) -> Known:
    records = Known()
    await read_known_from(cast(Histories, Recorded(*runs)), records, at(since))
    return records


@pytest.mark.parametrize(("left_at", "ended"), [(1, False), (3, True)])
async def test_number_that_has_left_and_comes_back_is_in_service(left_at: int, ended: bool) -> None:
    records = await known(
        (LINE_WORKFLOW, 2, LINE, LINE_DONE), (PORT_OUT_WORKFLOW, left_at, LEAVING, LEFT)
    )

    assert records.lines[NUMBER].ended is ended


@pytest.mark.parametrize(("ended_at", "ended"), [(1, False), (3, True)])
async def test_line_that_was_ended_and_begins_again_is_in_service(
    ended_at: int, ended: bool
) -> None:
    records = await known(
        (LINE_WORKFLOW, 2, LINE, LINE_DONE), (LINE_CHANGE_WORKFLOW, ended_at, None, ENDED)
    )

    assert records.lines[NUMBER].ended is ended


async def test_port_out_that_failed_makes_no_line() -> None:
    assert (await known((PORT_OUT_WORKFLOW, 2, LEAVING, None))).lines == {}


async def test_what_has_ended_since_the_reading_began_is_busy() -> None:
    runs = ((LINE_WORKFLOW, 2, LINE, LINE_DONE), (LINE_CHANGE_WORKFLOW, 4, None, ENDED))

    assert (await known(*runs, since=3)).busy_numbers == {NUMBER}
    assert (await known(*runs, since=3)).busy_subscribers == set()
    assert (await known(*runs, since=5)).busy_numbers == set()


async def test_line_without_a_number_is_known_by_its_subscriber() -> None:
    records = await known((LINE_WORKFLOW, 2, LINE, LineResult(key="first")))

    assert records.unfinished == {"1": "family-2041:first"}
