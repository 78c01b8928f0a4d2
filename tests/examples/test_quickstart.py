"""docs/tutorial/quickstart.md: corrections by command line, by program, and as the UI does it."""

import asyncio
import json

import pytest

from devstack.supervised_stack import SupervisedStack
from telegent_orchestrator.names import CORRECT_MESSAGE
from telegent_orchestrator.port_in import PortState
from tests.harness.documents import (
    command_blocks,
    documented_commands,
    localize_commands,
    reset_stack,
    run_commands,
    spawn,
)
from tools.docs.documents import ROOT

DOCUMENT = ROOT / "docs" / "tutorial" / "quickstart.md"
NEEDS_OPERATOR = 3


async def follow(name: str, running: SupervisedStack) -> str:
    """What the commands of this name print in the second terminal."""
    return await run_commands(commands(name), running)


def commands(name: str) -> str:
    return "\n".join(documented_commands(DOCUMENT, each) for each in ("the second terminal", name))


@pytest.mark.resilience
async def test_documented_correction_on_the_command_line_works(running: SupervisedStack) -> None:
    await reset_stack(running)
    shell = await spawn(commands("a family starts"), running)
    out, errors = await running.run(shell.communicate())
    assert shell.returncode == NEEDS_OPERATOR, f"{out.decode()}\n{errors.decode()}"
    assert "tgo port-in correct +18015550142 --secret account_number" in out.decode()
    assert "onboarding family-2041: done" in await follow("a person corrects", running)


def test_documented_program_is_tested() -> None:
    """It is one of the checks in test_other_services.py."""
    [block] = command_blocks(ROOT / "docs" / "how-to" / "other-services.md", "In TypeScript")
    inside = documented_commands(DOCUMENT, "a program corrects").removeprefix("(").removesuffix(")")
    for command in inside.split(" && "):
        assert command in block.splitlines()


@pytest.mark.resilience
async def test_documented_ui_signal_corrects(running: SupervisedStack) -> None:
    """The way through the UI itself is tried in tests/demo/test_operator.py."""
    await reset_stack(running)
    await follow("a port-in starts", running)
    port_in = running.orchestrator.port_in("+18015550177")
    await reached(port_in.id, PortState.ACTION_REQUIRED, running)
    typed = DOCUMENT.read_text("utf-8").partition(f"name `{CORRECT_MESSAGE}`, input `")[2]
    handle = running.client.get_workflow_handle(port_in.id)
    await handle.signal(CORRECT_MESSAGE, json.loads(typed.partition("`")[0]))
    await reached(port_in.id, PortState.COMPLETED, running)
    assert running.ui_url  # stands in the document as `make up` has it
    assert "<http://127.0.0.1:8233>" in DOCUMENT.read_text("utf-8")
    assert localize_commands("http://127.0.0.1:8099", running) == running.simulator_url


async def reached(port_in: str, state: PortState, running: SupervisedStack) -> None:
    query = f'WorkflowId = "{port_in}" AND PortState = "{state}"'
    async with asyncio.timeout(60):
        while not (await running.client.count_workflows(query)).count:
            await asyncio.sleep(0.2)
