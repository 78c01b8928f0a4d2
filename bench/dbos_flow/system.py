"""The DBOS flow as a system of `bench.throughput`."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

import httpx

from bench.dbos_flow.databases import Databases
from bench.throughput.systems import RunningSystem
from devstack.child_process import ChildProcess, http_ready, python_command
from devstack.stack import DevStack
from devstack.tcp_ports import HOST, free_ports
from telegent_orchestrator.onboarding import OnboardingRequest

TIMEOUT = 300.0
"""Seconds of an onboarding."""


@dataclass(frozen=True)
class DbosFlow:
    """The DBOS flow, with one worker.

    Attributes:
        name: Its name in the table.
        databases: Serves the database.
    """

    name: str
    databases: Callable[[], AbstractAsyncContextManager[Databases]]

    @asynccontextmanager
    async def run(self, stack: DevStack) -> AsyncIterator[RunningSystem]:
        """Run the database and a worker."""
        url = f"http://{HOST}:{(port := free_ports(1)[0])}"
        async with self.databases() as databases:
            worker = ChildProcess(
                "DBOS worker",
                python_command("bench.dbos_flow.worker", str(port)),
                log=stack.directory / "worker.log",
                ready=http_ready(f"{url}/healthz"),
                environment={
                    **stack.vendor.settings,
                    "DBOS_SYSTEM_DATABASE_URL": databases.url_template.format(name="onboarding"),
                },
            )
            client = httpx.AsyncClient(
                base_url=url,
                timeout=TIMEOUT,
                limits=httpx.Limits(max_connections=None),
                trust_env=False,
            )
            async with worker, client:

                async def onboard(request: OnboardingRequest) -> None:
                    body = request.model_dump_json()
                    (await client.post("/onboardings", content=body)).raise_for_status()

                yield RunningSystem([worker], databases.servers, onboard)
