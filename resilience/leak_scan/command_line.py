"""Commands of `tgo`, with and without payload keys, most of which must be rejected."""

import asyncio
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from devstack.child_process import ROOT, clean_environment, python_command
from resilience.leak_scan import canaries

READ_ONLY_COUNT = 5
"""The first commands only read."""


def command_lines(directory: Path, port_in_id: str) -> list[list[str]]:
    """Command lines, most of them wrong. Creates the files that they name in `directory`."""
    invalid, broken, correction = (
        directory / f"{name}.json" for name in ("faulty", "broken", "by")
    )
    invalid.write_text(json.dumps(canaries.invalid_onboarding("typed-1")))
    broken.write_text(json.dumps(canaries.invalid_onboarding("typed-2"))[:-9])
    correction.write_text(json.dumps(canaries.malformed_payloads()[1]))
    update = ["port-in", "correct", port_in_id]
    ported = canaries.PORTED_NUMBER.value
    new_password = f"password={canaries.NEW_PASSWORD.value}"
    return [
        # These only read: see READ_ONLY_COUNT.
        ["list", "--type", "onboarding", "--type", "port-in"],
        ["status", "canary-1"],
        ["status", "canary-2", "--json"],
        ["port-in", "status", port_in_id],
        ["line", "status", ported],
        ["validate", str(invalid)],
        ["start", str(invalid), "--json"],
        ["start", str(broken)],
        ["line", "subscriber", ported, "--reason", "forgotten", "--secret", new_password],
        [*update, str(correction)],
        [*update, "--secret", f"account_pin={canaries.PIN.value}"],
        [*update, "--set", f"account_number={canaries.ACCOUNT.value}", "--json"],
        [*update, "--secret", "account_pin=env:NEW_PIN", "--by", "operator"],
    ]


_COMMAND_SLOTS = asyncio.Semaphore(os.cpu_count() or 1)


async def run_commands(commands: Sequence[Sequence[str]], environment: Mapping[str, str]) -> bytes:
    """The output of all commands."""
    pin = {"NEW_PIN": canaries.PIN.value}
    outputs = await asyncio.gather(
        *(
            run_command(
                python_command("telegent_orchestrator.cli", *arguments), {**environment, **pin}
            )
            for arguments in commands
        )
    )
    return b"\n".join(outputs)


async def run_command(command: Sequence[str], environment: Mapping[str, str]) -> bytes:
    """The output of a command until it ends. Raises TimeoutError if it does not end."""
    async with _COMMAND_SLOTS, asyncio.timeout(60):
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
