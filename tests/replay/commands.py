"""What each workflow commands, in which order, when it lives through a recorded history.

`python -m tests.replay.commands` writes it down for the histories that are not released yet.
"""

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path

from temporalio.bridge.proto.workflow_activation import WorkflowActivation
from temporalio.bridge.proto.workflow_commands import WorkflowCommand
from temporalio.bridge.proto.workflow_completion import WorkflowActivationCompletion
from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer, WorkflowInstance, WorkflowInstanceDetails, WorkflowRunner
from temporalio.workflow import _Definition

from tests.replay.folders import COMMANDS, FOLDER, unreleased
from worker.run import workflow_runner
from workflows.registry import WORKFLOWS

COMMAND_LABELS = {
    "schedule_activity": "activity",
    "start_child_workflow_execution": "child workflow",
    "signal_external_workflow_execution": "signal",
    "start_timer": "timer",
    "cancel_timer": "end of the timer",
    "request_cancel_activity": "end of the activity",
    "upsert_workflow_search_attributes": "search attributes",
    "set_patch_marker": "patched",
    "complete_workflow_execution": "complete",
    "fail_workflow_execution": "fail",
}
NAMES = ("activity_type", "workflow_type", "signal_name", "patch_id")
NOT_IN_HISTORY = {"respond_to_query", "update_response"}
COMMENT = "  # "
HEADING = "## "


class RecordingRunner(WorkflowRunner):
    """Runs workflows as the worker does, and keeps what they command."""

    def __init__(self) -> None:
        self.commands: list[str] = []
        self._runner = workflow_runner(strict=True)

    def prepare_workflow(self, defn: _Definition) -> None:
        """Does nothing, since each instance imports its workflow in a sandbox of its own anyway."""

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        instance = self._runner.create_instance(det)
        activate = instance.activate

        def received(act: WorkflowActivation) -> WorkflowActivationCompletion:
            completion = activate(act)
            commands = (describe_command(command) for command in completion.successful.commands)
            self.commands += [command for command in commands if command]
            return completion

        # Around what the sandbox made: a class of our own would have to repeat all of it.
        instance.activate = received  # type: ignore[method-assign]
        return instance


def describe_command(command: WorkflowCommand) -> str:
    """A command as `kind name  # comment`; empty for one that leaves no trace in a history."""
    kind = command.WhichOneof("variant") or ""
    if kind in NOT_IN_HISTORY:
        return ""
    details = getattr(command, kind)
    names = (getattr(details, field, "") for field in NAMES)
    said = " ".join([COMMAND_LABELS.get(kind, kind), *filter(None, names)])
    comment = command.user_metadata.summary.data.decode().strip('"')
    if kind == "upsert_workflow_search_attributes":
        comment = ", ".join(sorted(details.search_attributes.indexed_fields))
    return f"{said}{COMMENT}{comment}" if comment else said


@dataclass
class ReplayResult:
    """What today's code commands under a history, and why it cannot live through it, if so."""

    commands: list[str]
    failure: Exception | None


async def replay_history(history: Path) -> ReplayResult:
    """Lets today's code live through a recorded history."""
    runner = RecordingRunner()
    replayer = Replayer(
        workflows=WORKFLOWS, data_converter=pydantic_data_converter, workflow_runner=runner
    )
    recorded = history.read_text("utf-8")
    started = json.loads(recorded)["events"][0]["workflowExecutionStartedEventAttributes"]
    result = await replayer.replay_workflow(
        WorkflowHistory.from_json(started["workflowId"], recorded),
        raise_on_replay_failure=False,
    )
    return ReplayResult(runner.commands, result.replay_failure)


def without_comments(commands: list[str]) -> list[str]:
    """Return what a replay depends on: summaries may be reworded, and attributes added."""
    return [command.partition(COMMENT)[0] for command in commands]


def read_commands(folder: Path) -> dict[str, list[str]]:
    """Return the commands in a folder's list, by history."""
    found: dict[str, list[str]] = {}
    commands: list[str] = []
    for line in (folder / COMMANDS).read_text("utf-8").splitlines():
        if line.startswith(HEADING):
            commands = found.setdefault(line.removeprefix(HEADING), [])
        elif line:
            commands.append(line)
    return found


async def write_commands() -> None:
    """Writes the list of the histories without a release. Raises if one does not replay."""
    parts = []
    for history in unreleased():
        now = await replay_history(history)
        if now.failure:
            raise now.failure
        parts.append("\n".join([HEADING + history.stem, "", *now.commands, ""]))
    (FOLDER / COMMANDS).write_text("\n".join(parts), encoding="utf-8")


if __name__ == "__main__":
    asyncio.run(write_commands())
