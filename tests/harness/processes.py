"""`python -m worker` as a process of its own, or in this one, for tests."""

import asyncio
import io
import json
import os
import shutil
import sys
import sysconfig
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from devstack.tcp_ports import free_ports
from simulator import SimulatorOptions
from tests.harness.waiting import TEST_TIMEOUT
from worker.__main__ import main

ROOT = Path(__file__).parents[2]
SIMULATOR = SimulatorOptions()
SECRET = SIMULATOR.account_secret


def base_environment(**variables: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH", "HOME") if name in os.environ}
    # A developer's own configuration file must not decide where the tests connect.
    return kept | {"TEMPORAL_CONFIG_FILE": os.devnull} | variables


def worker_environment(**variables: str) -> dict[str, str]:
    given = {
        "TELEGENT_ACCOUNT_KEY": SIMULATOR.account_key,
        "TELEGENT_ACCOUNT_SECRET": SECRET,
    }
    return base_environment(**given | variables)


def temporal_binary() -> str:
    # An environment that is not activated has its scripts off the PATH.
    here = Path(sysconfig.get_path("scripts")) / "temporal"
    found = str(here) if here.exists() else shutil.which("temporal")
    assert found, "the temporal binary is not installed"
    return found


def free_port() -> int:
    return free_ports(1)[0]


@dataclass
class ProcessResult:
    status: int | None
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.err.splitlines()


@asynccontextmanager
async def started_process(
    env: dict[str, str], *arguments: str, cwd: Path = ROOT
) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "worker",
        *arguments,
        env=env,
        cwd=cwd,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


async def wait_result(process: asyncio.subprocess.Process) -> ProcessResult:
    out, err = await asyncio.wait_for(process.communicate(), TEST_TIMEOUT)
    return ProcessResult(process.returncode, out.decode(), err.decode())


async def run_worker(env: dict[str, str], *arguments: str) -> ProcessResult:
    async with started_process(env, *arguments) as process:
        return await wait_result(process)


async def run_command(env: dict[str, str], *arguments: str) -> ProcessResult:
    """The same in this process, where the imports cost nothing.

    Not for a command that sets up logging or signal handlers.
    """
    out, err = io.StringIO(), io.StringIO()
    with (
        patch.dict(os.environ, env, clear=True),
        patch.object(sys, "argv", ["worker", *arguments]),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        status = await asyncio.wait_for(asyncio.to_thread(main), TEST_TIMEOUT)
    return ProcessResult(status, out.getvalue(), err.getvalue())


async def read_until(process: asyncio.subprocess.Process, event: str) -> list[dict[str, object]]:
    """Log lines up to and with the one that says `event`."""
    assert process.stdout is not None
    lines: list[dict[str, object]] = []
    async with asyncio.timeout(TEST_TIMEOUT):
        while text := await process.stdout.readline():
            lines.append(json.loads(text))
            if lines[-1]["event"] == event:
                return lines
    raise AssertionError(f"{event!r} was not logged; {lines}")
