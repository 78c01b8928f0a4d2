"""The Temporal UI in a browser, driven by the scripts in the folder `scripts`."""

import asyncio
import json
import shutil
import sys
from pathlib import Path
from typing import Any

from devstack.child_process import StackError
from devstack.stack import RUNS_DIRECTORY

SCRIPTS = Path(__file__).parent / "scripts"
WORK_DIRECTORY = RUNS_DIRECTORY / "screenshots"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
BROWSER_TIMEOUT = 180.0


class Browser:
    """Runs scripts with the browser on PATH and the Node.js installed with this Python.

    Args:
        sign_in: A page to open first, with name and token in its address. What the browser gets
            from that server later is sent with them.

    Raises:
        StackError: No browser was found.
    """

    def __init__(self, sign_in: str | None = None) -> None:
        self._sign_in = sign_in
        self._browser = next(filter(None, map(shutil.which, BROWSERS)), None)
        if self._browser is None:
            raise StackError(f"none of {', '.join(BROWSERS)} is on PATH: install Chromium")
        installed = Path(sys.executable).parent
        self._node, self._npm = str(installed / "node"), str(installed / "npm")

    async def set_up(self) -> None:
        """Install the scripts' dependencies. Raises StackError."""
        shutil.copytree(SCRIPTS, WORK_DIRECTORY, dirs_exist_ok=True)
        await _run(
            self._npm, "ci", "--engine-strict", "--prefer-offline", "--no-audit", "--no-fund"
        )

    async def run(self, script: str, **job: Any) -> Any:
        """Run a script with a job, both described in the script's first lines.

        Returns:
            Its JSON output.

        Raises:
            StackError: The script failed.
        """
        job |= {"browser": self._browser, "sign_in": self._sign_in}
        output = await _run(self._node, script, json.dumps(job))
        return json.loads(output)


async def _run(*command: str) -> str:
    """Run a program in WORK_DIRECTORY. Returns its output; raises StackError if it fails."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=WORK_DIRECTORY,
        # Ctrl-C reaches the terminal's whole process group; a group of its own keeps the order of
        # stopping ours.
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
