"""`make up`: the same processes on fixed ports, for people and programs to use."""

import asyncio
import os
import shlex
from pathlib import Path

from rich.console import Console

from demo.ports import Ports
from demo.stack import ROOT, RUNS, Stack, stack
from telegent_orchestrator.names import (
    CORRECT_SIGNAL,
    ONBOARDING_WORKFLOW,
    TASK_QUEUE,
    onboarding_id,
)


async def stay_up(console: Console, ports: Ports) -> None:
    """Start everything and stay until cancelled. Raises DemoError."""
    ports.require_free()

    def say(line: str) -> None:
        console.print(line, markup=False, highlight=False, soft_wrap=True)

    async with stack(RUNS / "up", ports, say) as running:
        say(how_to_use(running))
        await running.run(asyncio.Event().wait())


def how_to_use(running: Stack) -> str:
    """Addresses, variables for clients, and commands to try, as `up` prints them."""
    temporal = shlex.quote(_short(running.binary))
    directory = shlex.quote(str(running.directory))
    examples = shlex.quote(_short(str(ROOT / "examples")))
    return f"""
Temporal UI      {running.ui_url}
Temporal         {running.temporal_address}
Simulator        {running.simulator_url}  (starts empty each time; its ledger: /_sim/ledger)
Codec server     {running.codec_url}
Worker           process {running.worker.pid}, started again whenever it ends
Logs, database   {directory}  (workflows of the last time go on)

For your own clients:
  export TEMPORAL_ADDRESS={running.temporal_address}
  export TEMPORAL_CODEC_ENDPOINT={running.codec_url}
  export TELEGENT_PAYLOAD_KEYS_FILE={directory}/payload-keys
  export TELEGENT_ID_KEY_FILE={directory}/id-key

Start an onboarding, see its result, correct a port-in (its id is in the UI):
  {temporal} workflow start --type {ONBOARDING_WORKFLOW} --task-queue {TASK_QUEUE} \\
    --workflow-id {onboarding_id("family-2041")} --input-file {examples}/family.json
  {temporal} workflow result --workflow-id {onboarding_id("family-2041")}
  {temporal} workflow signal --name {CORRECT_SIGNAL} --input-file {examples}/correction.json \\
    --workflow-id port-in-...

Ctrl-C stops everything."""


def _short(path: str) -> str:
    """The path as seen from where the user is, when that is shorter."""
    return min(path, os.path.relpath(path, Path.cwd()), key=len)
