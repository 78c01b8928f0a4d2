"""`make up`: the same processes on fixed ports, for people and programs to use."""

import asyncio
import os
import shlex
import sys
from pathlib import Path

from rich.console import Console

from localstack.network_ports import NetworkPorts
from localstack.stack import ROOT, RUNS_DIRECTORY, Stack, running_stack
from telegent_orchestrator.names import ONBOARDING_WORKFLOW, TASK_QUEUE, onboarding_id


async def stay_up(console: Console, ports: NetworkPorts) -> None:
    """Start everything and stay until cancelled. Raises StackError."""
    ports.require_free()

    def say(line: str) -> None:
        console.print(line, markup=False, highlight=False, soft_wrap=True)

    async with running_stack(RUNS_DIRECTORY / "up", ports, say) as running:
        say(how_to_use(running))
        await running.run(asyncio.Event().wait())


def how_to_use(running: Stack) -> str:
    """Addresses, variables for clients, and commands to try, as `up` prints them."""
    temporal = shlex.quote(_short(running.binary))
    python = shlex.quote(_short(sys.executable))
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

Start an onboarding; once its port-in is rejected, correct it (to 100200301); see the result:
  {temporal} workflow start --type {ONBOARDING_WORKFLOW} --task-queue {TASK_QUEUE} \\
    --workflow-id {onboarding_id("family-2041")} --input-file {examples}/family.json
  {python} -m telegent_orchestrator.cli port-in correct +18015550142 --secret account_number
  {temporal} workflow result --workflow-id {onboarding_id("family-2041")}

Step by step, also from TypeScript and in the UI: docs/tutorial/quickstart.md.
Ctrl-C stops everything."""


def _short(path: str) -> str:
    """The path as seen from where the user is, when that is shorter."""
    return min(path, os.path.relpath(path, Path.cwd()), key=len)
