"""What `tgo port-out bulk-status` says of the port-outs of a file."""

from datetime import timedelta
from pathlib import Path

from telegent_orchestrator.port_out import PortOutState
from tests.harness import Harness
from tests.harness.command_line import command_line
from tests.harness.pauses import paused
from tests.harness.port_outs import NUMBER, PIN, SET_PIN, start, until


async def test_late_and_paused_port_outs_need_an_operator(harness: Harness, tmp_path: Path) -> None:
    file = tmp_path / "leaving.csv"
    file.write_text(f"phone_number,authentication_reference\n{NUMBER},call-4711\n")
    tgo = command_line(harness)
    gate = harness.telegent.gates.close(SET_PIN, "before")
    handle = await start(harness, pin=PIN, pin_issue_timeout=timedelta(seconds=0.3))
    await until(handle, PortOutState.ISSUE_OVERDUE)

    late = await tgo.run("port-out", "bulk-status", str(file))
    gate.release()
    await until(handle, PortOutState.PIN_ISSUED)
    issued = await tgo.run("port-out", "bulk-status", str(file))
    async with paused(harness.temporal, handle.id):
        held = await tgo.run("port-out", "bulk-status", str(file))

    assert (late.status, issued.status, held.status) == (3, 0, 3)
    assert "unpause it in the Temporal UI" in held.out
