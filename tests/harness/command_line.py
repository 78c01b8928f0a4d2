"""The command `tgo`, typed in this process or as a process of its own."""

import asyncio
import json
import os
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from telegent_orchestrator.cli.app import app
from tests.harness import Harness
from tests.harness.waiting import TEST_TIMEOUT

ROOT = Path(__file__).parents[2]
FAMILY = str(ROOT / "examples" / "family.json")
CORRECTION = str(ROOT / "examples" / "correction.json")


@dataclass
class CommandOutput:
    status: int | None
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one document; nothing but it may be on standard output."""
        return json.loads(self.out)

    @property
    def json_lines(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]


@dataclass(frozen=True)
class CommandLine:
    """A terminal with these environment variables."""

    variables: Mapping[str, str]

    async def run(
        self, *words: str, given: str | bytes | None = None, **variables: str
    ) -> CommandOutput:
        """What `tgo WORDS` says; `given` is its standard input."""
        ended = await asyncio.to_thread(
            CliRunner().invoke,
            app,
            words,
            input=given,
            env=unset_variables() | dict(self.variables) | variables,
            prog_name="tgo",
        )
        if ended.exception and not isinstance(ended.exception, SystemExit):
            raise ended.exception
        return CommandOutput(ended.exit_code, ended.stdout, ended.stderr)

    async def run_line(self, line: str, **variables: str) -> CommandOutput:
        """The same of a whole command line, as `tgo` itself prints them."""
        program, *words = shlex.split(line)
        assert program == "tgo"
        return await self.run(*words, **variables)


def command_line(harness: Harness, **variables: str) -> CommandLine:
    """Return a command line that has the harness's keys."""
    known = {
        "TEMPORAL_ADDRESS": harness.temporal.service_client.config.target_host,
        "TEMPORAL_NAMESPACE": harness.temporal.namespace,
        "TELEGENT_ID_KEY": harness.settings.id_key,
    }
    return CommandLine(known | variables)


def unset_variables() -> dict[str, str | None]:
    """Return the developer's own variables with None, so that they are removed."""
    ours: dict[str, str | None] = {
        name: None for name in os.environ if name.startswith(("TEMPORAL_", "TELEGENT_"))
    }
    return ours | {"TEMPORAL_CONFIG_FILE": os.devnull}


def printed_command(ended: CommandOutput, *words: str) -> str:
    """The one command line with these words that was printed as what to do next."""
    lines = [line.strip() for line in (ended.out + ended.err).splitlines()]
    (found,) = [line for line in lines if line.startswith("tgo ") and all(w in line for w in words)]
    return found


async def wait_submitted(cli: CommandLine, number: str) -> None:
    """Returns when the port-in of this number has an order."""
    async with asyncio.timeout(TEST_TIMEOUT):
        while True:
            said = await cli.run("port-in", "status", number, "--json")
            if said.json["status"]["state"] in ("SUBMITTED", "AT_CARRIER"):
                return
            await asyncio.sleep(0.1)


async def start_process(
    *words: str,
    env: Mapping[str, str],
    stdin: int = asyncio.subprocess.DEVNULL,
    stdout: int = asyncio.subprocess.PIPE,
) -> asyncio.subprocess.Process:
    """`tgo` as a process of its own, with nothing else in its environment."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "telegent_orchestrator.cli",
        *words,
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "TEMPORAL_CONFIG_FILE": os.devnull, **env},
        stdin=stdin,
        stdout=stdout,
        stderr=asyncio.subprocess.PIPE,
        # Without a terminal for prompts, also when the tests run in one.
        start_new_session=True,
    )


async def wait_output(running: asyncio.subprocess.Process) -> CommandOutput:
    try:
        out, err = await asyncio.wait_for(running.communicate(), TEST_TIMEOUT)
    finally:
        # So that a failing test leaves nothing behind.
        if running.returncode is None:
            running.kill()
            await running.wait()
    return CommandOutput(running.returncode, (out or b"").decode(), err.decode())
