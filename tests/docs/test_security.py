"""The commands of docs/explanation/security.md exchange a payload key without a gap."""

from pathlib import Path

from telegent_orchestrator.encryption import parse_key_ring
from tests.harness.documents import documented_commands, run_shell
from tools.docs.documents import ROOT

PAGE = ROOT / "docs" / "explanation" / "security.md"


async def test_documented_commands_rotate_payload_keys(tmp_path: Path) -> None:
    file = tmp_path / "payload_keys"
    file.write_text("k1:" + "A" * 43 + "=")
    old = parse_key_ring(file.read_text())

    async def type_block(name: str) -> list[str]:
        commands = documented_commands(PAGE, name)
        assert "KEYS=deploy/secrets/payload_keys\n" in commands
        await run_shell(commands.replace("deploy/secrets/payload_keys", str(file)))
        assert file.stat().st_mode & 0o777 == 0o444  # containers read it as another user
        return [key.id for key in parse_key_ring(file.read_text())]

    first, new = await type_block("a new key")
    assert first == "k1" != new
    assert await type_block("encrypt with it") == [new, "k1"]
    assert parse_key_ring(file.read_text())[1] == old[0]
    assert await type_block("drop the old key") == [new]
