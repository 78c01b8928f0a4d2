"""docs/how-to/other-services.md: its commands work, and what they send and get fits the schemas."""

import json
from pathlib import Path
from typing import Any

import pytest

from devstack.child_process import ChildProcess, http_ready
from devstack.supervised_stack import SupervisedStack
from devstack.tcp_ports import TcpPorts
from tests.harness.documents import (
    command_blocks,
    localize_commands,
    run_commands,
    run_sections,
    spawn,
)
from tests.harness.schemas import SCHEMAS
from tools.docs.documents import ROOT

DOCUMENT = ROOT / "docs" / "how-to" / "other-services.md"
TYPESCRIPT = ROOT / "examples" / "typescript"


@pytest.mark.resilience
async def test_temporal_command_line_onboards_a_family(running: SupervisedStack) -> None:
    said = await run_sections(DOCUMENT, "Set up", "With the Temporal command line", running=running)

    first, updated, end = jsons(said)
    [onboarding], [port_in], result = first["queryResult"], updated["queryResult"], end["result"]
    SCHEMAS["OnboardingStatus.json"].validate(without_null(onboarding))
    SCHEMAS["PortInStatus.json"].validate(without_null(port_in))
    assert port_in["fields_to_correct"] == ["account_number"]
    SCHEMAS["OnboardingResult.json"].validate(without_null(result))
    assert result["complete"] is True


@pytest.mark.resilience
async def test_typescript_program_corrects_a_port_in(running: SupervisedStack) -> None:
    said = await run_sections(DOCUMENT, "Set up", "In TypeScript", running=running)

    assert "onboarding-switch-3001 is on its way" in said
    assert "own-number: ACCOUNT_NUMBER: The losing carrier does not know" in said
    assert "complete: true" in said
    onboarding = running.orchestrator.onboarding("switch-3001")
    port_in = running.orchestrator.port_in("+18015550188")
    assert [entry.by for entry in (await port_in.status()).timeline].count("support desk") >= 1
    for workflow_id in (onboarding.id, port_in.id):
        assert await stored_encodings(running, workflow_id) == {b"binary/encrypted"}


@pytest.mark.resilience
async def test_http_service_works_as_documented(running: SupervisedStack, tmp_path: Path) -> None:
    port = TcpPorts.allocate().simulator
    [exports] = command_blocks(DOCUMENT, "Set up")
    serve, request, watch = (
        block.replace("service:app", f"service:app --port {port}").replace(":8000", f":{port}")
        for block in command_blocks(DOCUMENT, "An HTTP service in Python")
    )
    service = ChildProcess(
        "service",
        # In place of the shell, so that ending it ends the service.
        [
            "bash",
            "-euc",
            localize_commands(exports + serve.replace("\n.venv", "\nexec .venv"), running),
        ],
        log=tmp_path / "service.log",
        ready=http_ready(f"http://127.0.0.1:{port}/openapi.json"),
    )
    await service.spawn()
    try:
        await service.wait_ready()
        said = await run_commands(request, running)
        assert '"workflow_id":"onboarding-switch-3001"' in said
        assert '"lines":{' in said
        stream = await spawn("exec " + watch, running)
        assert stream.stdout
        assert await stream.stdout.readline() == b"event: progress\n"
        stream.terminate()
        await stream.wait()
    finally:
        await service.stop()


def test_npm_lock_file_names_no_registry() -> None:
    locked = json.loads((TYPESCRIPT / "package-lock.json").read_text("utf-8"))["packages"]
    assert len(locked) > 40
    assert [name for name, package in locked.items() if "resolved" in package] == []
    assert all("integrity" in package for name, package in locked.items() if name)


async def stored_encodings(running: SupervisedStack, workflow_id: str) -> set[bytes]:
    """How Temporal stores what the workflow was started with, and its signals."""
    history = await running.client.get_workflow_handle(workflow_id).fetch_history()
    inputs = [
        *history.events[0].workflow_execution_started_event_attributes.input.payloads,
        *(
            payload
            for event in history.events
            if event.HasField("workflow_execution_signaled_event_attributes")
            for payload in event.workflow_execution_signaled_event_attributes.input.payloads
        ),
    ]
    assert inputs
    return {payload.metadata["encoding"] for payload in inputs}


def without_null(value: Any) -> Any:
    """The same without null: the command line shows empty lists as null."""
    if isinstance(value, dict):
        return {key: without_null(inner) for key, inner in value.items() if inner is not None}
    return [without_null(inner) for inner in value] if isinstance(value, list) else value


def jsons(text: str) -> list[Any]:
    """The JSON objects among other lines."""
    decoder = json.JSONDecoder()
    found: list[Any] = []
    at = text.find("\n{")
    while at != -1:
        value, end = decoder.raw_decode(text, at + 1)
        found.append(value)
        at = text.find("\n{", end)
    return found
