"""README's request and the files in examples/, started on a fresh `make up`."""

import json
import re
from pathlib import Path

import pytest

from localstack.supervised_stack import SupervisedStack
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
}
"""How each request is started. The simulated carrier rejects the port-in of the family."""
PARTS = {"bulk-common.json", "carrier.json", "correction.json"}
"""Files that belong to the ones above."""
ELSEWHERE = {"port-in.json": "test_quickstart.py", "switch.json": "test_nexus.py"}
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


async def test_smallest_request_of_the_readme_works(
    running: SupervisedStack, tmp_path: Path
) -> None:
    said = await started(running, f"tgo start {smallest_request(tmp_path)} --watch")
    assert re.search(r"^onboarding \S+: done", said, re.M)


@pytest.mark.parametrize("name", sorted(COMMANDS))
async def test_example_works(running: SupervisedStack, name: str) -> None:
    command, status = COMMANDS[name]
    said = await started(running, command.format(f"examples/{name}"), status)
    assert "needs operator" in said if status else "done" in said
