"""The Temporal UI in this machine's browser, driven by the scripts in the folder beside this."""

import asyncio
import json
import shutil
import sys
from pathlib import Path
from typing import Any

from localstack.processes import DemoError
from localstack.stack import RUNS

SCRIPTS = Path(__file__).parent / "scripts"
WORK = RUNS / "screenshots"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PATIENCE = 180.0


class Browser:
    """Runs scripts with this machine's browser, and the Node.js that is installed beside Python.

    DemoError if there is no browser.
    """

    def __init__(self) -> None:
        self._browser = next(filter(None, map(shutil.which, BROWSERS)), None)
        if self._browser is None:
            raise DemoError(f"none of {', '.join(BROWSERS)} is on PATH: install Chromium")
        installed = Path(sys.executable).parent
        self._node, self._npm = str(installed / "node"), str(installed / "npm")

    async def set_up(self) -> None:
        """Install what drives the browser. Raises DemoError."""
        shutil.copytree(SCRIPTS, WORK, dirs_exist_ok=True)
        await _run(
            self._npm, "ci", "--engine-strict", "--prefer-offline", "--no-audit", "--no-fund"
        )

    async def run(self, script: str, **job: Any) -> Any:
        """What the script makes of the job: see its head. Raises DemoError with what went wrong."""
        said = await _run(self._node, script, json.dumps({**job, "browser": self._browser}))
        return json.loads(said)


async def _run(*command: str) -> str:
    """What a program run in WORK prints. Raises DemoError with what it said when it fails."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=WORK,
        # Ctrl-C reaches the terminal's whole group, but the order of stopping is ours.
        process_group=0,
    )
    name = Path(command[1] if command[1].endswith(".mjs") else command[0]).name
    try:
        async with asyncio.timeout(PATIENCE):
            out, errors = await process.communicate()
    except TimeoutError:
        raise DemoError(f"{name} took more than {PATIENCE:.0f} s") from None
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()
    if process.returncode:
        said = (out + errors).decode(errors="replace").strip()
        raise DemoError(f"{name} failed:\n{said}")
    return out.decode()
