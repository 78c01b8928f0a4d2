"""docs/how-to/nexus.md: its commands sell a line from another namespace."""

from pathlib import Path

import pytest

from devstack.child_process import ChildProcess
from devstack.supervised_stack import SupervisedStack
from tests.harness.documents import command_blocks, localize_commands, reset_stack, run_commands
from tools.docs.documents import ROOT

DOCUMENT = ROOT / "docs" / "how-to" / "nexus.md"
# A reference and a number that no other document has, for what these processes share.
NUMBER, OWN_NUMBER = "+18015550188", "+18015550189"
OWN_REQUEST = f"<(sed 's/{NUMBER}/{OWN_NUMBER}/; s/-3001/-3002/; s/owner@/buyer@/' {{}})"
RECORD = f"""
curl -sf -d '{{"number": "{OWN_NUMBER}", "account_number": "100200301"}}' http://SIM/_sim/carrier
"""


@pytest.mark.resilience
async def test_nexus_caller_onboards_and_corrects_a_port_in(
    running: SupervisedStack, tmp_path: Path
) -> None:
    await reset_stack(running)
    [set_up] = command_blocks(DOCUMENT, "Setting it up")
    exports = "".join(line for line in set_up.splitlines(keepends=True) if "export" in line)
    serve, call = command_blocks(DOCUMENT, "Calling it")
    file = "examples/switch.json"
    call = call.replace(NUMBER, OWN_NUMBER).replace(file, OWN_REQUEST.format(file))
    await run_commands(set_up + RECORD.replace("http://SIM", running.simulator_url), running)
    shop = ChildProcess(
        "shop",
        ["bash", "-euc", localize_commands(f"{exports}exec {serve}", running)],
        log=tmp_path / "shop.log",
        ready=at_once,
    )
    await shop.spawn()
    try:
        said = await run_commands(exports + call, running)
    finally:
        await shop.stop()

    assert f'["{OWN_NUMBER}"]' in said.replace(" ", "")
    assert '"ACTION_REQUIRED"' in said
    assert (await running.orchestrator.onboarding("switch-3002").result()).complete


async def at_once() -> bool:
    return True
