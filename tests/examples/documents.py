"""Runs the commands of a document as a reader would, one section after the other."""

import asyncio
import os
import re
from pathlib import Path

from demo.stack import Stack
from tests.docs import ROOT

OURS = ("TEMPORAL_", "TELEGENT_")


async def follow(document: Path, *sections: str, running: Stack) -> str:
    """What the commands of these sections print, run in one shell from the project's folder."""
    commands = "\n".join(block for section in sections for block in blocks(document, section))
    return await printed(commands, running)


async def printed(commands: str, running: Stack) -> str:
    """What these commands print; they must succeed."""
    shell = await spawn(commands, running)
    out, errors = await running.run(shell.communicate())
    assert shell.returncode == 0, f"{out.decode()}\n{errors.decode()}"
    return out.decode()


async def spawn(commands: str, running: Stack) -> asyncio.subprocess.Process:
    """A shell that runs these commands."""
    return await asyncio.create_subprocess_exec(
        *("bash", "-euo", "pipefail", "-c", here(commands, running)),
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if not name.startswith(OURS)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


def here(commands: str, running: Stack) -> str:
    """Commands that are written for `make up`, for these processes."""
    return (
        commands.replace("127.0.0.1:7233", running.temporal_address)
        .replace("http://127.0.0.1:8081", running.codec_url)
        .replace("$PWD/.run/up", str(running.directory))
    )


def blocks(document: Path, section: str) -> list[str]:
    """The blocks of commands under this heading: those that name no language."""
    text = document.read_text("utf-8").partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    found = re.findall(r"^```\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    assert found, section
    return found
