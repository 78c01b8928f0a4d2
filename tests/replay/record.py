"""Records one history of every scenario, for the replay test: `make histories`.

What the latest release has recorded stays, and is not recorded twice: only what goes a new way,
behind a `workflow.patched`, or belongs to a new scenario, is kept.
See docs/how-to/changing-workflows.md.
"""

import asyncio
import json
import logging
import sys
from pathlib import Path
from typing import Any

from temporalio.client import Client

from activities import ActivitySettings
from simulator import CarrierSetup, SimulatorOptions
from tests.harness import FAST_TIMINGS, SETTINGS, dev_server, running_harness
from tests.harness.event_receiver import Receiver
from tests.replay.commands import read_commands, replay_history, write_commands
from tests.replay.folders import FOLDER, released, unreleased
from tests.replay.scenarios import (
    SCENARIOS,
    UNREACHABLE_URL,
    Scenario,
    events_delivered,
    events_to,
    events_undelivered,
)


def without_machine(recorded: Any) -> Any:
    """The recording without what tells of the machine: paths in stack traces, worker names."""
    if isinstance(recorded, list):
        return [without_machine(part) for part in recorded]
    if not isinstance(recorded, dict):
        return recorded
    blank = {"stackTrace": "", "identity": "recorded", "workerIdentity": "recorded"}
    if recorded.get("kind") == "TASK_QUEUE_KIND_STICKY":
        blank["name"] = "sticky"
    return {name: blank.get(name, without_machine(part)) for name, part in recorded.items()}


async def record(client: Client, scenario: Scenario, settings: ActivitySettings) -> int:
    """Plays a scenario and writes the history of each workflow in it; returns how many."""
    options = SimulatorOptions(carrier=CarrierSetup(timings=FAST_TIMINGS))
    earlier = {run.run_id async for run in client.list_workflows()}
    async with running_harness(client, options, settings) as harness:
        await scenario(harness)
        runs = [run async for run in client.list_workflows() if run.run_id not in earlier]
        for position, run in enumerate(runs, start=1):
            handle = client.get_workflow_handle(run.id, run_id=run.run_id)
            name = f"{scenario.__name__}-{run.workflow_type}-{position}.json"
            history = json.loads((await handle.fetch_history()).to_json())
            (FOLDER / name).write_text(json.dumps(without_machine(history), indent=2) + "\n")
    return len(runs)


def released_as(history: Path, commands: list[str]) -> bool:
    """Whether a release has a history of the same scenario and workflow with the same patches."""
    patches = {command for command in commands if command.startswith("patched ")}
    same, _, _ = history.stem.rpartition("-")
    return any(
        patches <= set(theirs)
        for folder in released()
        for name, theirs in read_commands(folder).items()
        if name.rpartition("-")[0] == same
    )


async def main() -> None:
    """Records every scenario."""
    # Failing activities are what most scenarios are about.
    logging.getLogger("temporalio").setLevel(logging.ERROR)
    for old in unreleased():
        old.unlink()
    receiver = Receiver()
    async with dev_server() as client, receiver.listening():
        special: dict[Scenario, ActivitySettings] = {
            events_undelivered: events_to(UNREACHABLE_URL),
            events_delivered: events_to(receiver.url),
        }
        for scenario in SCENARIOS:
            count = await record(client, scenario, special.get(scenario, SETTINGS))
            print(f"{scenario.__name__}: {count} histories", flush=True)
    for history in unreleased():
        if released_as(history, (await replay_history(history)).commands):
            history.unlink()
    await write_commands()
    print(f"{len(unreleased())} of them are new since the latest release")
    # The SDK's threads may still hold the interpreter lock: leaving at once can abort (SDK #300).
    await asyncio.sleep(0.1)


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
