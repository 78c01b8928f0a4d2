"""What supervisors are told: alive while the process can act, ready while work can reach it."""

import asyncio
import contextlib
import os
import signal
import socket
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from temporalio.client import Client
from temporalio.common import RetryPolicy

from activities.onboarding.accounts import AccountActivities, CreateAccount
from activities.support.write_activity import Lookup
from devstack.stack import Vendor, worker_process
from simulator import Simulator, SimulatorOptions
from telegent_orchestrator.names import API_TASK_QUEUE
from tests.harness.payloads import single
from tests.harness.processes import free_port
from tests.harness.scraping import scrape
from tests.harness.waiting import TEST_TIMEOUT
from worker.errors import WorkerError
from worker.http.health import serve_health

WANTED = CreateAccount.model_validate({"marked_name": "nobody", "account": single().account})

SLOTS = 100
"""Of the worker for calls to Telegent: the SDK's default."""


async def answers(port: int) -> tuple[int, int]:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http:
        alive, ready = (await http.get("/healthz")), (await http.get("/readyz", timeout=15))
    return alive.status_code, ready.status_code


async def until(port: int, wanted: tuple[int, int]) -> None:
    async with asyncio.timeout(TEST_TIMEOUT):
        while (given := await answers(port)) != wanted:
            assert given[0] == 200
            await asyncio.sleep(0.2)


class Wire:
    """Between a worker and Temporal: can be cut, or carry nothing any more."""

    def __init__(self, target: str) -> None:
        self._host, _, port = target.rpartition(":")
        self._port = int(port)
        self._ends: list[asyncio.StreamWriter] = []
        self.cut = False
        self.silent = asyncio.Event()

    @asynccontextmanager
    async def laid(self) -> AsyncIterator[str]:
        server = await asyncio.start_server(self._connect, "127.0.0.1", 0)
        async with server:
            yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
            self.cut_now()

    def cut_now(self) -> None:
        self.cut = True
        for end in self._ends:
            end.transport.abort()
        self._ends.clear()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.cut:
            writer.transport.abort()
            return
        far_reader, far_writer = await asyncio.open_connection(self._host, self._port)
        self._ends += [writer, far_writer]
        await asyncio.gather(self._carry(reader, far_writer), self._carry(far_reader, writer))

    async def _carry(self, source: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(65536):
                if not self.silent.is_set():
                    to.write(data)
        to.close()


async def test_disconnected_worker_is_alive_and_not_ready(temporal: Client, tmp_path: Path) -> None:
    wire = Wire(temporal.service_client.config.target_host)
    telegent, port = Simulator(SimulatorOptions()), free_port()
    health = {"TELEGENT_HEALTH_PORT": str(port), "TELEGENT_HEALTH_HOST": "0.0.0.0"}
    async with wire.laid() as address, telegent.serve() as url:
        vendor = Vendor.simulated(url, telegent.options)
        async with worker_process(
            "worker",
            log=tmp_path / "log",
            temporal_address=address,
            vendor=vendor,
            settings=health,
        ) as worker:
            assert await answers(port) == (200, 200)
            wire.cut_now()
            await until(port, (200, 503))
            wire.cut = False
            await until(port, (200, 200))
            wire.silent.set()
            await until(port, (200, 503))
            wire.silent.clear()
            wire.cut_now()
            wire.cut = False
            await until(port, (200, 200))
            assert not worker.killed


class SilentVendor:
    """Takes every call and answers none."""

    def __init__(self) -> None:
        self.release = asyncio.Event()

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[str]:
        async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await self.release.wait()
            writer.close()

        server = await asyncio.start_server(take, "127.0.0.1", 0)
        async with server:
            yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            self.release.set()


async def no_slot_is_free(port: int) -> bool:
    slots = {"worker_type": "ActivityWorker", "task_queue": API_TASK_QUEUE}
    shown = await scrape(port)
    used = shown.sum("temporal_worker_task_slots_used", **slots)
    return used == SLOTS and shown.sum("temporal_worker_task_slots_available", **slots) == 0


async def test_busy_worker_is_alive_and_ready_until_stopped(
    temporal: Client, tmp_path: Path
) -> None:
    vendor, port, metrics = (
        SilentVendor(),
        free_port(),
        free_port(),
    )
    settings = {
        "TELEGENT_HEALTH_PORT": str(port),
        "TELEGENT_METRICS_PORT": str(metrics),
        # As long as can be: the first call must wait until the last one has its slot.
        "TELEGENT_CONNECT_TIMEOUT_SECONDS": "2",
        "TELEGENT_READ_TIMEOUT_SECONDS": "30",
        "TELEGENT_WRITE_TIMEOUT_SECONDS": "2",
        "TELEGENT_POOL_TIMEOUT_SECONDS": "2",
        "TELEGENT_CALL_TIMEOUT_SECONDS": "74",
    }
    address = temporal.service_client.config.target_host
    async with (
        vendor.serve() as url,
        worker_process(
            "worker",
            log=tmp_path / "log",
            temporal_address=address,
            vendor=Vendor.simulated(url, SimulatorOptions()),
            settings=settings,
        ) as worker,
    ):
        for _ in range(SLOTS + 5):
            await temporal.start_activity(
                AccountActivities.find_account,
                args=[Lookup(wanted=WANTED)],
                id=str(uuid.uuid4()),
                task_queue=API_TASK_QUEUE,
                start_to_close_timeout=timedelta(seconds=60),
                retry_policy=RetryPolicy(maximum_attempts=1),
            )
        async with asyncio.timeout(TEST_TIMEOUT):
            while not await no_slot_is_free(metrics):
                await asyncio.sleep(0.2)
        assert await answers(port) == (200, 200)

        # A supervisor that took it for dead would cut off the calls that it lets finish.
        os.kill(worker.pid, signal.SIGTERM)
        await until(port, (200, 503))
        vendor.release.set()
        assert await asyncio.wait_for(worker.wait_ended(), TEST_TIMEOUT) == "exit status 0"


@pytest.fixture
def port() -> int:
    return free_port()


async def test_readyz_reports_the_check_and_other_paths_are_404(port: int) -> None:
    reported = False

    async def ready() -> bool:
        return reported

    async with serve_health("127.0.0.1", port, ready):
        assert await answers(port) == (200, 503)
        reported = True
        assert await answers(port) == (200, 200)
        async with httpx.AsyncClient(trust_env=False) as http:
            assert (await http.get(f"http://127.0.0.1:{port}/x")).status_code == 404
            assert (await http.post(f"http://127.0.0.1:{port}/healthz")).status_code == 404


async def never() -> bool:
    return False


async def test_health_server_survives_malformed_requests(port: int) -> None:
    async with serve_health("127.0.0.1", port, never):
        for sent in (b"", b"\r\n", b"\xff\xff\n", b"x" * 200_000):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(sent)
            writer.close()
        assert await answers(port) == (200, 503)


async def test_occupied_port_is_a_one_line_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(WorkerError, match="TELEGENT_HEALTH_PORT"):
            async with serve_health("127.0.0.1", port, never):
                pass
