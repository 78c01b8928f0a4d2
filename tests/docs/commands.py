"""The commands that documents tell people to type, for tests that type them."""

import asyncio
import re
import subprocess
import textwrap
from pathlib import Path

from tests.worker.conftest import temporal_binary
from tools.docs.documents import ROOT


class CommandError(Exception):
    """A command ended with another status than 0; says what it printed."""


def documented_commands(path: Path, name: str) -> str:
    """The block of commands below the comment `<!-- run: name -->`."""
    text = path.read_text(encoding="utf-8")
    found = re.search(rf"<!-- run: {re.escape(name)} -->\n *```\n(.*?)\n *```", text, re.DOTALL)
    assert found, f"{path.name} has no commands named {name}"
    return textwrap.dedent(found[1])


async def run_shell(commands: str, **variables: str) -> str:
    """What the commands print, with these variables exported.

    Raises CommandError when one fails.
    """
    process = await asyncio.create_subprocess_exec(
        *("bash", "-euo", "pipefail", "-c"),
        commands.replace(".venv/bin/temporal", temporal_binary()),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", **variables},
    )
    out, _ = await process.communicate()
    if process.returncode:
        raise CommandError(f"{commands}\n{out.decode()}")
    return out.decode()
