"""`python -m worker` as a process: what it says and how it ends."""

import asyncio
import base64
import contextlib
import json
import os
import signal
import socket
import uuid
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from temporalio.client import Client
from temporalio.common import RetryPolicy, SearchAttributeKey
from temporalio.testing import WorkflowEnvironment

import worker.run
from activities.onboarding.accounts import AccountActivities, CreateAccount
from activities.support.write_activity import Lookup
from simulator import Simulator
from telegent_orchestrator.names import API_TASK_QUEUE, SEARCH_ATTRIBUTES
from tests.harness.payloads import single
from tests.harness.processes import (
    SECRET,
    SIMULATOR,
    base_environment,
    free_port,
    read_until,
    run_command,
    run_worker,
    started_process,
    temporal_binary,
    wait_result,
    worker_environment,
)
from tests.harness.waiting import TEST_TIMEOUT
from worker.errors import WorkerError
from worker.settings import WorkerSettings, load_settings, markdown_table

WANTED = CreateAccount.model_validate({"marked_name": "nobody", "account": single().account})


async def test_missing_credentials_are_all_named() -> None:
    done = await run_command(base_environment(TELEGENT_REQUEST_WINDOW_SECONDS="x"))
    assert done.status == 2
    assert [line.split()[0].split("=")[0] for line in done.lines] == [
        "TELEGENT_ACCOUNT_KEY",
        "TELEGENT_ACCOUNT_SECRET",
        "TELEGENT_REQUEST_WINDOW_SECONDS",
    ]
    assert done.out == ""


async def test_insecure_base_url_is_rejected() -> None:
    done = await run_worker(worker_environment(TELEGENT_BASE_URL="http://api.telegent.com"))
    assert done.status == 2
    (line,) = done.lines
    assert line.startswith("TELEGENT_BASE_URL: ")
    assert "https" in line


async def test_unreachable_temporal_is_a_one_line_error() -> None:
    done = await run_worker(worker_environment(TEMPORAL_ADDRESS=f"127.0.0.1:{free_port()}"))
    assert done.status == 1
    (line,) = done.lines
    assert line.startswith("cannot reach Temporal at 127.0.0.1:")
    assert "TEMPORAL_ADDRESS" in line
    assert "Traceback" not in done.out


async def test_unusable_temporal_settings_are_a_one_line_error(tmp_path: Path) -> None:
    (tmp_path / "temporal.toml").write_text("not toml at all")
    done = await run_worker(
        worker_environment(TEMPORAL_CONFIG_FILE=str(tmp_path / "temporal.toml"))
    )
    assert done.status == 1
    assert done.lines[0].startswith("the TEMPORAL_* settings are invalid")


async def test_missing_namespace_is_a_one_line_error(temporal: Client) -> None:
    address = temporal.service_client.config.target_host
    done = await run_worker(
        worker_environment(TEMPORAL_ADDRESS=address, TEMPORAL_NAMESPACE="absent")
    )
    assert done.status == 1
    (line,) = done.lines
    assert "'absent'" in line


async def test_missing_search_attributes_are_an_error_until_registered() -> None:
    async with await WorkflowEnvironment.start_local(
        dev_server_existing_path=temporal_binary()
    ) as fresh:
        env = worker_environment(TEMPORAL_ADDRESS=fresh.client.service_client.config.target_host)
        refused = await run_worker(env)
        assert refused.status == 1
        (line,) = refused.lines
        assert all(key.name in line for key in SEARCH_ATTRIBUTES)
        assert "python -m worker search-attributes" in line

        first = await run_worker(env, "search-attributes")
        again = await run_command(env, "search-attributes")
        assert (first.status, again.status) == (0, 0)
        assert first.out.splitlines() == [f"{key.name}: registered" for key in SEARCH_ATTRIBUTES]
        assert again.out.splitlines() == [
            f"{key.name}: already registered" for key in SEARCH_ATTRIBUTES
        ]
        async with started_process(env) as process:
            await read_until(process, "running")


async def test_search_attribute_of_another_type_is_named() -> None:
    async with await WorkflowEnvironment.start_local(
        dev_server_existing_path=temporal_binary(),
        search_attributes=[SearchAttributeKey.for_int("PortState")],
    ) as fresh:
        address = fresh.client.service_client.config.target_host
        done = await run_command(base_environment(TEMPORAL_ADDRESS=address), "search-attributes")
    assert done.status == 1
    (line,) = done.lines
    assert "PortState" in line
    assert "INT" in line


async def test_call_in_flight_finishes_during_shutdown(temporal: Client) -> None:
    simulator = Simulator(SIMULATOR)
    gate = simulator.gates.close("GET /v1.0/distributor/accounts", "before")
    async with simulator.serve() as url:
        port = free_port()
        env = worker_environment(
            TEMPORAL_ADDRESS=temporal.service_client.config.target_host,
            TELEGENT_BASE_URL=url,
            TELEGENT_HEALTH_PORT=str(port),
            TELEGENT_MISSPELT="1",
            TEMPORAL_NAMESPCE="default",
        )
        async with started_process(env) as process:
            said = await read_until(process, "running")
            warnings = [line["event"] for line in said if line["level"] == "warning"]
            assert warnings == [
                "unknown setting is ignored: check its spelling",
                "unknown Temporal setting is ignored",
                "payloads are stored unencrypted: TELEGENT_PAYLOAD_KEYS is not set",
                "phone numbers can be guessed from workflow ids: TELEGENT_ID_KEY is not set",
            ]
            (hint,) = [line["reason"] for line in said if "Temporal setting" in str(line["event"])]
            assert "did you mean TEMPORAL_NAMESPACE?" in str(hint)
            (connected,) = [line for line in said if line["event"] == "connected to Temporal"]
            assert connected["address"] == env["TEMPORAL_ADDRESS"]
            assert (connected["namespace"], connected["tls"]) == ("default", False)
            assert connected["id_key_fingerprint"] == "not set"
            async with httpx.AsyncClient(trust_env=False) as http:
                assert (await http.get(f"http://127.0.0.1:{port}/readyz")).status_code == 200

            call = await temporal.start_activity(
                AccountActivities.find_account,
                args=[Lookup(wanted=WANTED)],
                id=str(uuid.uuid4()),
                task_queue=API_TASK_QUEUE,
                start_to_close_timeout=timedelta(seconds=30),
                retry_policy=RetryPolicy(maximum_attempts=1),
            )
            await gate.reached()
            # Other tests may have left activities in this server.
            assert [e.status for e in simulator.requests if not e.is_token].count(None) == 1
            process.send_signal(signal.SIGTERM)
            (stopping,) = await read_until(
                process, "stopping: no new tasks; running vendor calls may finish"
            )
            gate.release()
            done = await wait_result(process)
        assert done.status == 0, done.err
        assert done.err == ""
        events = [json.loads(line)["event"] for line in done.out.splitlines()]
        assert events[-1] == "stopped"
        for out in (done.out, str(stopping)):
            assert SECRET not in out
            assert "http://" not in out
        assert simulator.requests[-1].status == 200
        assert await call.result() is None


async def test_failed_worker_ends_with_a_one_line_error(
    temporal: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in worker_environment(
        TEMPORAL_ADDRESS=temporal.service_client.config.target_host,
        TEMPORAL_NAMESPACE="absent",
    ).items():
        monkeypatch.setenv(name, value)

    # Without the checks that would notice the missing namespace.
    async def skip_check(client: Client, *_: object) -> None: ...

    for check in ("require_search_attributes", "require_same_keys"):
        monkeypatch.setattr(worker.run, check, skip_check)
    running = asyncio.create_task(worker.run.run(load_settings(WorkerSettings)))
    try:
        with pytest.raises(WorkerError, match=r"^the Temporal worker failed: .*absent"):
            await asyncio.wait_for(running, TEST_TIMEOUT)
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().remove_signal_handler(number)


async def test_settings_command_prints_the_table() -> None:
    done = await run_command(base_environment(), "settings")
    assert (done.status, done.out) == (0, markdown_table() + "\n")


async def test_codec_server_needs_keys() -> None:
    done = await run_worker(base_environment(), "codec-server")
    assert done.status == 1
    assert "TELEGENT_PAYLOAD_KEYS is not set" in done.lines[0]


async def test_codec_server_serves_and_stops() -> None:
    port = free_port()
    key = base64.b64encode(os.urandom(32)).decode()
    env = base_environment(TELEGENT_PAYLOAD_KEYS=f"k:{key}", TELEGENT_CODEC_PORT=str(port))
    async with started_process(env, "codec-server") as process:
        async with httpx.AsyncClient(trust_env=False) as http:
            status = ready = 0
            async with asyncio.timeout(TEST_TIMEOUT):
                while not ready:
                    with contextlib.suppress(httpx.ConnectError):
                        status = (await http.get(f"http://127.0.0.1:{port}/healthz")).status_code
                        ready = (await http.get(f"http://127.0.0.1:{port}/readyz")).status_code
                    await asyncio.sleep(0.05)
            assert (status, ready) == (200, 200)
        process.send_signal(signal.SIGTERM)
        done = await wait_result(process)
    assert key not in done.out + done.err
    assert "Traceback" not in done.out + done.err


async def test_codec_server_reports_an_occupied_port() -> None:
    key = base64.b64encode(os.urandom(32)).decode()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        env = base_environment(TELEGENT_PAYLOAD_KEYS=f"k:{key}", TELEGENT_CODEC_PORT=str(port))
        done = await run_worker(env, "codec-server")
    assert done.status != 0
    assert "address already in use" in done.out
