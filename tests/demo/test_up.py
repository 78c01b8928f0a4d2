"""What `python -m demo up` offers: taken ports are named, the commands it prints work."""

import asyncio
import json
import os
import re
import socket
import stat
import subprocess
from pathlib import Path

import pytest

from demo.up import how_to_use
from devstack.supervised_stack import supervised_stack
from devstack.tcp_ports import TcpPorts
from telegent_orchestrator.names import STATUS_QUERY
from tests.demo.running import ROOT, run_demo


def test_occupied_port_is_named_with_a_command_for_another() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        occupied = listener.getsockname()[1]
        free = TcpPorts.allocate()
        done = run_demo(
            *("up", "--temporal-port", str(free.temporal), "--ui-port", str(occupied)),
            *("--simulator-port", str(free.simulator), "--codec-port", str(free.codec)),
        )
    assert done.returncode == 1
    named, _, command = done.stderr.splitlines()
    assert f"port {occupied}: " in named
    assert re.fullmatch(r"  make up OPTIONS='--ui-port \d+'", command)


@pytest.mark.resilience
async def test_printed_commands_work(tmp_path: Path) -> None:
    said: list[str] = []
    async with supervised_stack(tmp_path, TcpPorts.allocate(), said.append) as running:
        shown = how_to_use(running)
        exports = re.findall(r"^ *(export .*)$", shown, re.MULTILINE)
        (start,) = re.findall(r"^ *(\S+ workflow start (?:.*\\\n)*.*)$", shown, re.MULTILINE)
        query = f"{running.binary} workflow query --type {STATUS_QUERY}"
        started = await running.run(
            _shell(*exports, start, f"{query} --workflow-id onboarding-family-2041")
        )
        assert started.returncode == 0, started.stderr
        # The worker encrypts what it answers: the codec server made it readable.
        assert '"reference":"family-2041"' in started.stdout.replace(" ", "")
        status = await running.orchestrator.onboarding("family-2041").status()
        assert [line.key for line in status.lines] == ["manager-esim", "child-sim", "partner-port"]
    assert said == []
    for secret in ("payload-keys", "id-key"):
        assert stat.S_IMODE((tmp_path / secret).stat().st_mode) == 0o600
    log = (tmp_path / "worker.log").read_text()
    assert json.loads(log.splitlines()[-1])["event"] == "stopped"


async def _shell(*commands: str) -> subprocess.CompletedProcess[str]:
    process = await asyncio.create_subprocess_exec(
        *("bash", "-ec", "\n".join(commands)),
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode is not None
    return subprocess.CompletedProcess(commands, process.returncode, out.decode(), err.decode())
