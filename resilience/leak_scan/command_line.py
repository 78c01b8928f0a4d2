"""The command `telegent`, with and without payload keys: mostly things that it must refuse."""

import asyncio
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from localstack.processes import ROOT, clean_environment, python
from resilience.leak_scan import canaries

LOOKS = 4
"""So many of the commands only look."""


def commands(directory: Path, port_in_id: str) -> list[list[str]]:
    """What somebody types, most of it wrong. The files with the mistakes come into `directory`."""
    faulty, broken, correction = (directory / f"{name}.json" for name in ("faulty", "broken", "by"))
    faulty.write_text(json.dumps(canaries.faulty("typed-1")))
    broken.write_text(json.dumps(canaries.faulty("typed-2"))[:-9])
    correction.write_text(json.dumps(canaries.nonsense()[1]))
    update = ["port-in", "update", port_in_id]
    return [
        # These only look: see LOOKS.
        ["list", "--type", "onboarding", "--type", "port-in"],
        ["status", "canary-1"],
        ["status", "canary-2", "--json"],
        ["port-in", "status", port_in_id],
        ["validate", str(faulty)],
        ["start", str(faulty), "--json"],
        ["start", str(broken)],
        [*update, str(correction)],
        [*update, "--secret", f"account_pin={canaries.PIN.value}"],
        [*update, "--set", f"account_number={canaries.ACCOUNT.value}", "--json"],
        [*update, "--secret", "account_pin=env:NEW_PIN", "--by", "desk"],
    ]


_FEW_AT_A_TIME = asyncio.Semaphore(os.cpu_count() or 1)


async def typed(commands: Sequence[Sequence[str]], environment: Mapping[str, str]) -> bytes:
    """What all of them print."""
    pin = {"NEW_PIN": canaries.PIN.value}
    outputs = await asyncio.gather(
        *(
            output(python("telegent_orchestrator.cli", *words), {**environment, **pin})
            for words in commands
        )
    )
    return b"\n".join(outputs)


async def output(command: Sequence[str], environment: Mapping[str, str]) -> bytes:
    """What a command prints until it ends by itself. Raises TimeoutError when it does not."""
    async with _FEW_AT_A_TIME, asyncio.timeout(60):
        process = await asyncio.create_subprocess_exec(
            *command,
            env={**clean_environment(), **environment},
            cwd=ROOT,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        printed, _ = await process.communicate()
    return printed
