"""`make up`: the local stack on fixed ports, for users and their programs."""

import asyncio
import os
import shlex
import sys
from pathlib import Path

from rich.console import Console

from devstack.child_process import ROOT, StackError
from devstack.stack import RUNS_DIRECTORY
from devstack.supervised_stack import SupervisedStack, supervised_stack
from devstack.tcp_ports import TcpPorts, free_ports
from telegent_orchestrator.names import ONBOARDING_WORKFLOW, TASK_QUEUE, onboarding_id


async def stay_up(console: Console, ports: TcpPorts) -> None:
    """Start the stack and keep it running until cancelled.

    Raises:
        StackError: A port is in use, or a process failed.
    """
    require_free(ports)

    def notify(line: str) -> None:
        console.print(line, markup=False, highlight=False, soft_wrap=True)

    async with supervised_stack(RUNS_DIRECTORY / "up", ports, notify) as running:
        notify(how_to_use(running))
        await running.run(asyncio.Event().wait())


def require_free(ports: TcpPorts) -> None:
    """Check that the ports can be listened on.

    Raises:
        StackError: Some cannot; the message has a command with free ones.
    """
    unavailable = ports.unavailable()
    if unavailable:
        options = " ".join(
            f"--{name}-port {port}"
            for name, port in zip(unavailable, free_ports(len(unavailable)), strict=True)
        )
        raise StackError(
            "\n".join(
                [
                    *unavailable.values(),
                    "Stop what listens there, or use other ports:",
                    f"  make up OPTIONS='{options}'",
                ]
            )
        )


def how_to_use(running: SupervisedStack) -> str:
    """Addresses, variables for clients, and commands to try."""
    temporal = shlex.quote(_short(running.binary))
    python = shlex.quote(_short(sys.executable))
    directory = shlex.quote(str(running.directory))
    examples = shlex.quote(_short(str(ROOT / "examples")))
    return f"""
Temporal UI      {running.ui_url}
Temporal         {running.temporal_address}
Simulator        {running.simulator_url}  (empty at each start; its ledger: /_sim/ledger)
Codec server     {running.codec_url}
Worker           process {running.worker.pid}, restarted whenever it ends
Logs, database   {directory}  (workflows of the last run continue)

For your own clients:
  export TEMPORAL_ADDRESS={running.temporal_address}
  export TEMPORAL_CODEC_ENDPOINT={running.codec_url}
  export TELEGENT_PAYLOAD_KEYS_FILE={directory}/payload-keys
  export TELEGENT_ID_KEY_FILE={directory}/id-key

Start an onboarding, correct its port-in when it is rejected (to 100200301), see the result:
  {temporal} workflow start --type {ONBOARDING_WORKFLOW} --task-queue {TASK_QUEUE} \\
    --workflow-id {onboarding_id("family-2041")} --input-file {examples}/family.json
  {python} -m telegent_orchestrator.cli port-in correct +18015550142 --secret account_number
  {temporal} workflow result --workflow-id {onboarding_id("family-2041")}

Step by step, also from TypeScript and in the UI: docs/tutorial/quickstart.md
Ctrl-C stops everything."""


def _short(path: str) -> str:
    """The path relative to the working directory, if that is shorter."""
    return min(path, os.path.relpath(path, Path.cwd()), key=len)
