"""A release must replay what an earlier one recorded."""

from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer

from worker.run import workflow_runner
from workflows import WORKFLOWS

HISTORIES = sorted((Path(__file__).parent / "histories").glob("*.json"))


@pytest.mark.parametrize("history", HISTORIES, ids=lambda path: path.stem)
async def test_a_recorded_history_replays(history: Path) -> None:
    replayer = Replayer(
        workflows=WORKFLOWS,
        data_converter=pydantic_data_converter,
        workflow_runner=workflow_runner(),
    )

    await replayer.replay_workflow(WorkflowHistory.from_json("recorded", history.read_text()))


def test_every_workflow_has_a_history() -> None:
    recorded = " ".join(path.stem for path in HISTORIES)

    assert all(workflow.__name__ in recorded for workflow in WORKFLOWS)
