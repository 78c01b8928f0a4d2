"""The Temporal UI in this machine's browser, driven by the scripts in the folder beside this."""

import asyncio
import json
import shutil
import sys
from pathlib import Path
from typing import Any

from localstack.child_process import StackError
from localstack.stack import RUNS_DIRECTORY

SCRIPTS = Path(__file__).parent / "scripts"
WORK_DIRECTORY = RUNS_DIRECTORY / "screenshots"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
BROWSER_TIMEOUT = 180.0


class Browser:
    """Runs scripts with this machine's browser, and the Node.js that is installed beside Python.

    StackError if there is no browser.
    """

    def __init__(self) -> None:
        self._browser = next(filter(None, map(shutil.which, BROWSERS)), None)
        if self._browser is None:
            raise StackError(f"none of {', '.join(BROWSERS)} is on PATH: install Chromium")
        installed = Path(sys.executable).parent
        self._node, self._npm = str(installed / "node"), str(installed / "npm")

    async def set_up(self) -> None:
        """Install what drives the browser. Raises StackError."""
        shutil.copytree(SCRIPTS, WORK_DIRECTORY, dirs_exist_ok=True)
        await _run(
            self._npm, "ci", "--engine-strict", "--prefer-offline", "--no-audit", "--no-fund"
        )

    async def run(self, script: str, **job: Any) -> Any:
        """What the script makes of the job: see its head.

        Raises StackError with what went wrong.
        """
        output = await _run(self._node, script, json.dumps({**job, "browser": self._browser}))
        return json.loads(output)


async def _run(*command: str) -> str:
    """What a program run in WORK_DIRECTORY prints.

    Raises StackError with what it printed when it fails.
    """
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=WORK_DIRECTORY,
        # Ctrl-C reaches the terminal's whole group, but the order of stopping is ours.
        process_group=0,
    )
    name = Path(command[1] if command[1].endswith(".mjs") else command[0]).name
    try:
        async with asyncio.timeout(BROWSER_TIMEOUT):
            out, errors = await process.communicate()
    except TimeoutError:
        raise StackError(f"{name} took more than {BROWSER_TIMEOUT:.0f} s") from None
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()
    if process.returncode:
        output = (out + errors).decode(errors="replace").strip()
        raise StackError(f"{name} failed:\n{output}")
    return out.decode()
