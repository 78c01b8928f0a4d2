"""The commands of docs/how-to/testing-your-integration.md and add-a-line.md, run on `make up`."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from devstack.supervised_stack import SupervisedStack
from tests.harness.documents import documented_commands, reset_stack, run_commands
from tools.docs.documents import ROOT

TESTING = ROOT / "docs" / "how-to" / "testing-your-integration.md"  # "testing-your-integration.md"
ADD_A_LINE = ROOT / "docs" / "how-to" / "add-a-line.md"  # "add-a-line.md" "add a line"


@pytest.mark.resilience
async def test_control_api_commands_script_carriers_and_inject_faults(
    running: SupervisedStack,
) -> None:
    await reset_stack(running)
    said = await run_commands(documented_commands(TESTING, "script a carrier"), running)
    assert said.count('"script":"reject:8A-ACCOUNT_NUM_REQ_OR_INCORRECT"') == 1
    assert said.count('"script":"silent"') == 1
    said = await run_commands(documented_commands(TESTING, "inject a fault"), running)
    assert '"added"' in said
    assert '"cleared"' in said
    assert "Counter()" in await run_commands(
        documented_commands(TESTING, "check the ledger"), running
    )


@pytest.mark.resilience
async def test_commands_control_a_running_simulator(running: SupervisedStack) -> None:
    await reset_stack(running)
    commands = documented_commands(TESTING, "control the simulator")
    with_url = "\n".join(f"{line} --url {running.simulator_url}" for line in commands.splitlines())
    assert await run_commands(with_url, running)


@pytest.mark.parametrize(
    "name", ["simulator", "options", pytest.param("stack", marks=pytest.mark.resilience)]
)
def test_pytest_fixtures_work_as_printed(name: str, tmp_path: Path) -> None:
    text = TESTING.read_text("utf-8")
    found = re.search(rf"<!-- pytest: {name} -->\n```python\n(.*?)```", text, re.DOTALL)
    assert found
    fixtures = {"options": "telegent_simulator_options", "stack": "stack"}
    use = f"def test_it({fixtures[name]}):\n    assert {fixtures[name]}" if name in fixtures else ""
    (tmp_path / "test_page.py").write_text(f"{found[1]}\n\n{use}\n")
    (tmp_path / "pytest.ini").write_text("[pytest]\nasyncio_mode = auto\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_page.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "1 passed" in done.stdout, done.stdout


@pytest.mark.resilience
async def test_example_adds_a_line_to_an_existing_account(running: SupervisedStack) -> None:
    await reset_stack(running)
    found = re.search(r"```json\n(.*?)```", ADD_A_LINE.read_text("utf-8"), re.DOTALL)
    assert found
    assert json.loads(found[1]) == json.loads((ROOT / "examples" / "add-line.json").read_text())

    set_up = documented_commands(
        ROOT / "docs" / "tutorial" / "quickstart.md", "the second terminal"
    )
    said = await run_commands(f"{set_up}\n{documented_commands(ADD_A_LINE, 'add a line')}", running)

    assert "onboarding family-2041-tablet: done" in said
