"""Temporal, simulator, codec server and worker as processes of this machine, started and stopped
together."""

import asyncio
import base64
import os
import secrets
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from temporalio.client import Client

from localstack.network_ports import HOST, NetworkPorts
from localstack.processes import ChildProcess, StackError, http_ready, python_command
from localstack.temporal_server import (
    extend_retention,
    find_binary,
    is_serving,
    server_command,
    ui_options,
)
from telegent_orchestrator.client import Orchestrator
from telegent_orchestrator.encryption import data_converter, parse_key_ring
from worker.search_attributes import register_search_attributes

T = TypeVar("T")

ROOT = Path(__file__).parents[1]
RUNS_DIRECTORY = ROOT / ".run"
CARRIER_FILE = ROOT / "examples" / "carrier.json"
ACCOUNT_KEY = "DID-demo"
ACCOUNT_SECRET = "demo-secret-not-real"  # noqa: S105 - only our own simulator takes it

# The simulator's carrier takes a second for what takes others a day, so it is looked at as often.
# The rate is the highest that the worker takes: it plays a customer with an enterprise agreement.
FAST_SETTINGS = {
    "TELEGENT_REQUESTS_PER_MINUTE": "6000",
    "TELEGENT_BURST": "100",
    "TELEGENT_READ_LAG_SECONDS": "0.5",
    "TELEGENT_PURCHASE_LAG_SECONDS": "2",
    "TELEGENT_ORDER_POLL_SECONDS": "0.5",
    "TELEGENT_PORT_POLL_FIXED_SECONDS": "0.5",
}


@dataclass
class Stack:
    """What runs: where it answers, and the worker, which is started again whenever it ends.

    `client` has the worker's payload keys. `restarts` counts how often the worker was started
    again. Logs and the database are in `directory`.
    """

    directory: Path
    binary: str
    temporal_address: str
    ui_url: str
    simulator_url: str
    codec_url: str
    id_key: str = field(repr=False)
    client: Client
    worker: ChildProcess
    restarts: int = 0
    _watch_tasks: list[asyncio.Task[None]] = field(default_factory=list, repr=False)

    @property
    def orchestrator(self) -> Orchestrator:
        """The typed client for these workflows."""
        return Orchestrator(self.client, id_key=self.id_key)

    def workflow_url(self, workflow_id: str) -> str:
        """Address of a workflow in the Temporal UI."""
        return f"{self.ui_url}/namespaces/{self.client.namespace}/workflows/{workflow_id}"

    async def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Does the work. Raises StackError as soon as a process ends that it cannot do without."""
        task = asyncio.create_task(work)
        try:
            await asyncio.wait({task, *self._watch_tasks}, return_when=asyncio.FIRST_COMPLETED)
            for watch in self._watch_tasks:
                if watch.done():
                    watch.result()
            return await task
        finally:
            await _cancel([task])


@asynccontextmanager
async def running_stack(
    directory: Path, ports: NetworkPorts, notify: Callable[[str], object] = print
) -> AsyncIterator[Stack]:
    """Run everything while the block runs; `notify` gets a line for whatever people should know.

    `directory` is made if needed; a database and keys that are there are used again. Raises
    StackError if a process cannot start.
    """
    binary = find_binary()
    payload_keys = _read_or_create_secret(
        directory / "payload-keys", lambda: f"demo:{_random_key()}"
    )
    id_key = _read_or_create_secret(directory / "id-key", _random_key)
    key_files = {"TELEGENT_PAYLOAD_KEYS_FILE": str(directory / "payload-keys")}
    temporal_address, ui_url = f"{HOST}:{ports.temporal}", f"http://{HOST}:{ports.ui}"
    simulator_url, codec_url = f"http://{HOST}:{ports.simulator}", f"http://{HOST}:{ports.codec}"

    temporal = ChildProcess(
        "Temporal",
        server_command(
            binary,
            port=ports.temporal,
            database=directory / "temporal.db",
            ui=ui_options(ports.ui, codec_url),
        ),
        log=directory / "temporal.log",
        ready=partial(is_serving, temporal_address),
    )
    simulator = ChildProcess(
        "simulator",
        [
            *python_command(
                "simulator", "--port", str(ports.simulator), "--carrier", str(CARRIER_FILE)
            ),
            *("--account-key", ACCOUNT_KEY, "--account-secret", ACCOUNT_SECRET),
        ],
        log=directory / "simulator.log",
        ready=http_ready(f"{simulator_url}/_sim/health"),
    )
    codec = ChildProcess(
        "codec server",
        python_command("worker", "codec-server"),
        log=directory / "codec-server.log",
        ready=http_ready(f"{codec_url}/healthz"),
        environment={
            **key_files,
            "TELEGENT_CODEC_PORT": str(ports.codec),
            "TELEGENT_CODEC_ALLOWED_ORIGINS": f"{ui_url},http://localhost:{ports.ui}",
        },
    )
    worker = ChildProcess(
        "worker",
        python_command("worker"),
        log=directory / "worker.log",
        ready=http_ready(f"http://{HOST}:{ports.worker}/readyz"),
        environment={
            **key_files,
            **FAST_SETTINGS,
            "TELEGENT_ID_KEY_FILE": str(directory / "id-key"),
            "TELEGENT_ACCOUNT_KEY": ACCOUNT_KEY,
            "TELEGENT_ACCOUNT_SECRET": ACCOUNT_SECRET,
            "TELEGENT_BASE_URL": simulator_url,
            "TELEGENT_HEALTH_PORT": str(ports.worker),
            "TELEGENT_BUILD_ID": "demo",
            "TEMPORAL_ADDRESS": temporal_address,
        },
    )

    async with AsyncExitStack() as exit_stack:
        others = (temporal, simulator, codec)
        for child in others:
            exit_stack.push_async_callback(child.stop)
            await child.spawn()
        for child in others:
            await child.wait_ready()
        client = await Client.connect(
            temporal_address, data_converter=data_converter(parse_key_ring(payload_keys))
        )
        await extend_retention(client)
        # A database of an earlier version has those of that version.
        await register_search_attributes(client)
        # The last to start and the first to stop: its calls in flight need the others.
        exit_stack.push_async_callback(worker.stop)
        await worker.spawn()
        await worker.wait_ready()
        running = Stack(
            directory=directory,
            binary=binary,
            temporal_address=temporal_address,
            ui_url=ui_url,
            simulator_url=simulator_url,
            codec_url=codec_url,
            id_key=id_key,
            client=client,
            worker=worker,
        )
        running._watch_tasks += [asyncio.create_task(_fail_when_ended(child)) for child in others]
        running._watch_tasks.append(asyncio.create_task(_restart_worker(running, notify)))
        exit_stack.push_async_callback(_cancel, running._watch_tasks)
        yield running


async def _fail_when_ended(child: ChildProcess) -> None:
    await child.wait_ended()
    raise child.build_error("ended")


async def _restart_worker(running: Stack, notify: Callable[[str], object]) -> None:
    """Keeps a worker running. Raises StackError when a new one does not come up."""
    worker = running.worker
    while True:
        ending = await worker.wait_ended()
        await worker.spawn()
        running.restarts += 1
        notify(f"worker ended ({ending}), started again as process {worker.pid}")
        try:
            await worker.wait_ready()
        except StackError:
            # Killed once more by somebody: not its own fault, so again.
            if not worker.killed:
                raise


async def _cancel(tasks: list[asyncio.Task[T]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _random_key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


def _read_or_create_secret(path: Path, create: Callable[[], str]) -> str:
    """The secret in this file, which is made, for its owner alone, when it is not there yet."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text(encoding="ascii")
    secret = create()
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secret)
    return secret
