"""The Temporal UI as the operator's screen, on the stack of `make up`.

In a real browser where there is one; what must hold everywhere also by the calls that the UI makes.
"""

import base64
import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from temporalio.client import Client

from demo.screenshots.browser import Browser
from demo.screenshots.capture import WAITING_VIEW, correct_in_the_ui
from devstack.child_process import ChildProcess, StackError, http_ready, python_command
from devstack.supervised_stack import SupervisedStack, supervised_stack
from devstack.tcp_ports import HOST, TcpPorts
from telegent_orchestrator.names import (
    CANCEL_MESSAGE,
    CORRECT_MESSAGE,
    PORT_IN_WORKFLOW,
    TASK_QUEUE,
)
from telegent_orchestrator.port_in import PortInDetails, PortInRequest, PortState
from tests.harness.payloads import port_in
from tests.harness.port_ins import until
from tools.docs.documents import ROOT, between_markers, table_rows

REJECTED = "+18015550142"
TRUTH = {"number": REJECTED, "account_number": "100200301"}
TOKEN = "a-token-of-24-characters"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[SupervisedStack]:
    async with supervised_stack(tmp_path_factory.mktemp("stack"), TcpPorts.allocate()) as stack:
        yield stack


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def browser() -> Browser:
    try:
        found = Browser()
    except StackError as missing:
        pytest.skip(f"NOT TESTED in a browser: {missing}")
    await found.set_up()
    return found


@pytest.mark.resilience
async def test_operator_corrects_a_port_in_in_the_browser(
    running: SupervisedStack, browser: Browser
) -> None:
    async with httpx.AsyncClient(base_url=running.simulator_url, trust_env=False) as simulator:
        (await simulator.post("/_sim/carrier", json=TRUTH)).raise_for_status()
    details = PortInDetails.model_validate(port_in(REJECTED))
    handle = await running.orchestrator.start_port_in(PortInRequest(details=details))
    status = await until(handle, PortState.ACTION_REQUIRED)
    typed = {"account_number": TRUTH["account_number"], "by": "first-line support"}

    done = await running.run(correct_in_the_ui(browser, running.ui_url, handle.id, typed))

    # Markdown turns straight quotes into typographic ones.
    assert status.remedy.split("'")[0] in done["said"]
    assert "ACCOUNT_NUMBER, rejection 1 of 3" in done["said"]
    assert done["sample"] == {"account_number": "…", "by": "…"}
    assert re.search(r"next poll \d{4}-\d\d-\d\d", done["next"])
    result = await handle.result()
    assert result.state is PortState.COMPLETED
    assert [entry.event for entry in result.timeline if entry.by == typed["by"]] == [
        "corrected account_number"
    ]
    assert [words for words in typed.values() if stored(running, words)] == []


def test_used_saved_view_is_documented() -> None:
    views = dict(table_rows(between_markers(ROOT / "docs" / "how-to" / "operators.md", "filters")))
    assert views[WAITING_VIEW["name"]] == f"`{WAITING_VIEW['query']}`"


@dataclass
class Typed:
    """What is sent by each dialog; each has words that are nowhere else."""

    number: str
    words: tuple[str, str, str]

    @property
    def start(self) -> dict[str, Any]:
        return {"details": {"phone_number": self.number, "losing_carrier": self.words[0]}}

    @property
    def signal(self) -> dict[str, Any]:
        return {"subscriber_name": self.words[1], "by": "operator"}

    @property
    def update(self) -> dict[str, Any]:
        return {"by": "operator", "reason": self.words[2]}


async def by_calls(running: SupervisedStack, typed: Typed) -> None:
    """What the UI's dialogs do: the codec server first, then the API of the UI's server."""
    async with httpx.AsyncClient(base_url=running.ui_url, trust_env=False) as ui:
        settings = (await ui.get("/api/v1/settings")).json()
        ui.headers["X-CSRF-TOKEN"] = ui.cookies["_csrf"]
        ui.headers["Caller-Type"] = "operator"

        async def sealed(value: object) -> dict[str, Any]:
            data = base64.b64encode(json.dumps(value).encode()).decode()
            plain = {
                "metadata": {"encoding": base64.b64encode(b"json/plain").decode()},
                "data": data,
            }
            response = await ui.post(
                f"{settings['Codec']['Endpoint']}/encode?preserveStorageRefs=true",
                json={"payloads": [plain]},
                headers={"Origin": running.ui_url, "X-Namespace": "default"},
            )
            found: dict[str, Any] = response.raise_for_status().json()
            return found

        port = running.orchestrator.port_in(typed.number)
        workflow = f"/api/v1/namespaces/default/workflows/{port.id}"
        start = {
            "workflowId": port.id,
            "taskQueue": {"name": TASK_QUEUE},
            "workflowType": {"name": PORT_IN_WORKFLOW},
            "input": await sealed(typed.start),
        }
        signal = {"signalName": CORRECT_MESSAGE, "input": await sealed(typed.signal)}
        update = {"request": {"meta": {}, "input": {"args": await sealed(typed.update)}}}
        (await ui.post(workflow, json=start)).raise_for_status()
        await until(port, PortState.INFO_REQUIRED)
        for path, body in (
            (f"{workflow}/signal/{CORRECT_MESSAGE}", signal),
            (f"{workflow}/update/{CANCEL_MESSAGE}", update),
        ):
            (await ui.post(path, json=body)).raise_for_status()


@pytest.mark.resilience
async def test_signal_from_the_ui_is_stored_encrypted(running: SupervisedStack) -> None:
    typed = Typed("+18015550149", ("Quokka One", "Wombat Two", "Numbat Three"))

    await by_calls(running, typed)

    result = await running.orchestrator.port_in(typed.number).result()
    assert result.state is PortState.CANCELLED
    assert result.reason == f"operator: {typed.words[2]}"
    assert "corrected subscriber_name" in [entry.event for entry in result.timeline]
    assert [text for text in typed.words if stored(running, text)] == []


@pytest.mark.resilience
async def test_plain_payload_would_be_found(running: SupervisedStack) -> None:
    plain = await Client.connect(running.temporal_address)
    words = "Kowari in the clear"
    handle = await plain.start_workflow(
        PORT_IN_WORKFLOW, {"details": words}, id="not-encrypted", task_queue="nobody"
    )

    assert stored(running, words)
    await handle.terminate()


def stored(running: SupervisedStack, words: str) -> bool:
    """Whether the server's database has these words, as they are or in base64."""
    data = b"".join(file.read_bytes() for file in running.directory.glob("temporal.db*"))
    # In base64 the words look like one of three, by where they begin; the ends depend on others.
    coded = [base64.b64encode(b" " * shift + words.encode())[shift + 2 : -4] for shift in range(3)]
    return any(trace in data for trace in (words.encode(), *coded))


@pytest.mark.resilience
async def test_browser_signs_in_at_a_codec_server_with_operators(
    running: SupervisedStack, browser: Browser, tmp_path: Path
) -> None:
    port = TcpPorts.allocate().codec
    codec = ChildProcess(
        "codec server",
        python_command("worker", "codec-server"),
        log=tmp_path / "codec-server.log",
        ready=http_ready(f"http://{HOST}:{port}/healthz"),
        environment={
            "TELEGENT_PAYLOAD_KEYS_FILE": str(running.directory / "payload-keys"),
            "TELEGENT_CODEC_OPERATORS": f"anna:{TOKEN}",
            "TELEGENT_CODEC_PORT": str(port),
            "TELEGENT_CODEC_ALLOWED_ORIGINS": running.ui_url,
        },
    )
    details = PortInDetails(phone_number="+18015550148", losing_carrier="Potto Wireless")
    handle = await running.orchestrator.start_port_in(PortInRequest(details=details))
    await codec.spawn()
    try:
        await codec.wait_ready()
        done = await browser.run(
            "sign-in.mjs",
            ui=running.ui_url,
            codec=f"http://{HOST}:{port}",
            name="anna",
            token=TOKEN,
            workflow_id=handle.id,
            expected="Potto Wireless",
        )
    finally:
        await codec.stop()

    assert done["before"] == 0
    assert "anna" in done["greeted"]
    log = [json.loads(line) for line in (tmp_path / "codec-server.log").read_text().splitlines()]
    assert any(line["event"] == "decrypted" and line["operator"] == "anna" for line in log)
    assert "Potto" not in str(log)
    assert TOKEN not in str(log)
