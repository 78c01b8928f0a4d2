"""README's request, the files in examples/ and the templates, started on a fresh `make up`."""

import json
import re
from pathlib import Path

import pytest

from devstack.supervised_stack import SupervisedStack
from telegent_orchestrator.cli.commands.template import TemplateKind
from tests.harness.documents import documented_commands, reset_stack, run_commands
from tools.docs.documents import ROOT

README, EXAMPLES = ROOT / "README.md", ROOT / "examples"
QUICKSTART = ROOT / "docs" / "tutorial" / "quickstart.md"
SET_UP = documented_commands(QUICKSTART, "the second terminal")
NEEDS_OPERATOR = 3
COMMANDS = {
    "add-line.json": ("tgo start {} --watch", 0),
    "bulk.csv": ("tgo bulk start {} --common examples/bulk-common.json --watch", 0),
    "bulk.jsonl": ("tgo bulk start {} --common examples/bulk-common.json --watch", 0),
    "family.json": ("tgo start {} --watch", NEEDS_OPERATOR),
    "line-life.json": ("tgo start {} --watch", 0),
}
"""How each request is started. The simulated carrier rejects the port-in of the family."""
PARTS = {"bulk-common.json", "carrier.json", "correction.json"}
"""Files that belong to the ones above."""
TEMPLATES = {
    "onboarding": ("file.json", "tgo start {} --watch", r"^onboarding customer-1001: done"),
    "port-in": ("file.json", "tgo port-in start {} --watch", r"^port-in of \S+: done, COMPLETED"),
    "bulk": ("file.csv", "tgo bulk start {} --watch", r"^bulk \S+: done"),
    "bulk --format jsonl": ("file.jsonl", "tgo bulk start {} --watch", r"^bulk \S+: done"),
}
"""The file for each template, how it is started, and what is printed at the end.

The values of a template exist in the simulator, so there is nothing to fill in.
"""
ELSEWHERE = {
    "port-in.json": "test_quickstart.py",
    "port-outs.csv": "../telegent_orchestrator/cli/test_document.py",
    "switch.json": "test_nexus.py",
}
"""Files that a document of their own starts."""


def smallest_request(folder: Path) -> str:
    found = re.search(
        r"<!-- model: OnboardingRequest -->\n```json\n(.*?)```", README.read_text(), re.S
    )
    assert found
    file = folder / "smallest.json"
    file.write_text(json.dumps(json.loads(found[1])))
    return str(file)


async def started(running: SupervisedStack, command: str, status: int = 0) -> str:
    """What a command prints on a fresh stack; it must end with this status."""
    await reset_stack(running)
    return await run_commands(f"{SET_UP}\n{command} || [ $? -eq {status} ]", running)


def test_every_example_is_started_here() -> None:
    files = {path.name for path in EXAMPLES.iterdir() if path.suffix in (".json", ".csv", ".jsonl")}
    assert files == {*COMMANDS, *ELSEWHERE} | PARTS


@pytest.mark.resilience
async def test_smallest_request_of_the_readme_works(
    running: SupervisedStack, tmp_path: Path
) -> None:
    said = await started(running, f"tgo start {smallest_request(tmp_path)} --watch")
    assert re.search(r"^onboarding \S+: done", said, re.M)


@pytest.mark.resilience
@pytest.mark.parametrize("name", sorted(COMMANDS))
async def test_example_works(running: SupervisedStack, name: str) -> None:
    command, status = COMMANDS[name]
    said = await started(running, command.format(f"examples/{name}"), status)
    assert "needs operator" in said if status else "done" in said


def test_every_template_is_started_here() -> None:
    assert {name.split()[0] for name in TEMPLATES} == {kind.value for kind in TemplateKind}


@pytest.mark.resilience
@pytest.mark.parametrize("name", TEMPLATES)
async def test_template_works(running: SupervisedStack, tmp_path: Path, name: str) -> None:
    file_name, command, done = TEMPLATES[name]
    file = tmp_path / file_name
    said = await started(running, f"tgo template {name} > {file}\n{command.format(file)}")
    assert re.search(done, said, re.M), said
