"""What documents contain, and their commands, run as a reader would type them."""

import asyncio
import os
import re
import subprocess
import textwrap
from pathlib import Path

import httpx

from devstack.supervised_stack import SupervisedStack
from tests.harness.processes import temporal_binary
from tests.harness.resets import delete_all
from tools.docs.documents import ROOT

README = ROOT / "README.md"
OURS = ("TEMPORAL_", "TELEGENT_")
OPEN = 'ExecutionStatus = "Running"'


async def run_sections(document: Path, *sections: str, running: SupervisedStack) -> str:
    """What the commands of these sections print, run in one shell from the project's folder."""
    commands = "\n".join(
        block for section in sections for block in command_blocks(document, section)
    )
    return await run_commands(commands, running)


async def run_commands(commands: str, running: SupervisedStack) -> str:
    """What these commands print; they must succeed."""
    shell = await spawn(commands, running)
    out, errors = await running.run(shell.communicate())
    assert shell.returncode == 0, f"{out.decode()}\n{errors.decode()}"
    return out.decode()


async def spawn(commands: str, running: SupervisedStack) -> asyncio.subprocess.Process:
    """A shell that runs these commands."""
    return await asyncio.create_subprocess_exec(
        *("bash", "-euo", "pipefail", "-c", localize_commands(commands, running)),
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if not name.startswith(OURS)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def reset_stack(running: SupervisedStack) -> None:
    """As `make up` is at the beginning: no workflow, and nothing at the vendor."""
    await delete_all(running.client)
    async with httpx.AsyncClient(trust_env=False) as http:
        (await http.post(f"{running.simulator_url}/_sim/reset")).raise_for_status()


def localize_commands(commands: str, running: SupervisedStack) -> str:
    """Commands that are written for `make up`, for these processes."""
    return (
        commands.replace("127.0.0.1:7233", running.temporal_address)
        .replace("http://127.0.0.1:8081", running.codec_url)
        .replace("http://127.0.0.1:8099", running.simulator_url)
        .replace("$PWD/.run/up", str(running.directory))
    )


def command_blocks(document: Path, section: str) -> list[str]:
    """The blocks of commands below this heading, up to the next: those that name no language."""
    parts = re.split(r"^#+ (.+)$", document.read_text("utf-8"), flags=re.MULTILINE)
    text = parts[parts.index(section) + 1]
    found = re.findall(r"^```\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    assert found, section
    return found


def anchors(path: Path) -> set[str]:
    heads = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def json_blocks(path: Path) -> list[tuple[str, str]]:
    text = path.read_text(encoding="utf-8")
    return re.findall(r"(?:<!-- model: (\w+) -->\n)?```json\n(.*?)```", text, re.DOTALL)


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
