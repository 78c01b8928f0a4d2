"""docs/nexus.md: its commands sell a line from another namespace."""

from pathlib import Path

from demo.processes import Child
from demo.stack import Stack
from tests.docs import ROOT
from tests.examples.documents import blocks, here, printed

DOCUMENT = ROOT / "docs" / "nexus.md"


async def test_another_team_sells_a_line_and_mends_its_port_in(
    running: Stack, tmp_path: Path
) -> None:
    [set_up] = blocks(DOCUMENT, "Setting it up")
    exports = "".join(line for line in set_up.splitlines(keepends=True) if "export" in line)
    serve, call = blocks(DOCUMENT, "Calling it")
    await printed(set_up, running)
    shop = Child(
        "shop",
        ["bash", "-euc", here(f"{exports}exec {serve}", running)],
        log=tmp_path / "shop.log",
        ready=at_once,
    )
    await shop.spawn()
    try:
        said = await printed(exports + call, running)
    finally:
        await shop.stop()

    assert '["+18015550188"]' in said.replace(" ", "")
    assert '"ACTION_REQUIRED"' in said
    sale = running.orchestrator.onboarding("switch-3001")
    assert (await sale.result()).complete


async def at_once() -> bool:
    return True
