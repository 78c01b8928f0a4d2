"""The command `telegent`, typed in this process or as a process of its own."""

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
from tests.harness import House
from tests.timeouts import PATIENCE

ROOT = Path(__file__).parents[3]
FAMILY = str(ROOT / "examples" / "family.json")
CORRECTION = str(ROOT / "examples" / "correction.json")


@dataclass
class Ended:
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
class Desk:
    """Somebody at a terminal that has these variables."""

    variables: Mapping[str, str]

    async def types(self, *words: str, given: str | None = None, **variables: str) -> Ended:
        """What `telegent WORDS` says; `given` is its standard input."""
        ended = await asyncio.to_thread(
            CliRunner().invoke,
            app,
            words,
            input=given,
            env=nothing_of_ours() | dict(self.variables) | variables,
            prog_name="telegent",
        )
        if ended.exception and not isinstance(ended.exception, SystemExit):
            raise ended.exception
        return Ended(ended.exit_code, ended.stdout, ended.stderr)

    async def types_line(self, line: str, **variables: str) -> Ended:
        """The same of a whole command line, as `telegent` itself prints them."""
        telegent, *words = shlex.split(line)
        assert telegent == "telegent"
        return await self.types(*words, **variables)


def desk(house: House, **variables: str) -> Desk:
    """A desk that has the house's keys."""
    known = {
        "TEMPORAL_ADDRESS": house.temporal.service_client.config.target_host,
        "TELEGENT_ID_KEY": house.settings.id_key,
    }
    return Desk(known | variables)


def nothing_of_ours() -> dict[str, str | None]:
    """Takes away what whoever runs the tests has set; a terminal's size, too."""
    ours: dict[str, str | None] = {
        name: None for name in os.environ if name.startswith(("TEMPORAL_", "TELEGENT_"))
    }
    return ours | {"TEMPORAL_CONFIG_FILE": os.devnull}


def command_of(ended: Ended, *words: str) -> str:
    """The one command line with these words that was printed as what to do next."""
    lines = [line.strip() for line in (ended.out + ended.err).splitlines()]
    (found,) = [
        line for line in lines if line.startswith("telegent ") and all(w in line for w in words)
    ]
    return found


async def submitted(at: Desk, number: str) -> None:
    """Returns when the port-in of this number has an order."""
    async with asyncio.timeout(PATIENCE):
        while True:
            said = await at.types("port-in", "status", number, "--json")
            if said.json["status"]["state"] in ("SUBMITTED", "AT_CARRIER"):
                return
            await asyncio.sleep(0.1)


async def process(
    *words: str,
    env: Mapping[str, str],
    stdin: int = asyncio.subprocess.DEVNULL,
    stdout: int = asyncio.subprocess.PIPE,
) -> asyncio.subprocess.Process:
    """`telegent` as a process of its own, with nothing else in its environment."""
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
        # Without a terminal to ask at, also when whoever runs the tests has one.
        start_new_session=True,
    )


async def ended(running: asyncio.subprocess.Process) -> Ended:
    try:
        out, err = await asyncio.wait_for(running.communicate(), PATIENCE)
    finally:
        # So that a failing test leaves nothing behind.
        if running.returncode is None:
            running.kill()
            await running.wait()
    return Ended(running.returncode, (out or b"").decode(), err.decode())
