"""Worker Versioning on a real server: open port-ins move to the build that becomes current."""

import asyncio
import contextlib
import re
from pathlib import Path

import pytest
from temporalio.client import Client
from temporalio.common import VersioningBehavior

from devstack.child_process import ChildProcess
from devstack.stack import Vendor, worker_process
from simulator import CarrierSetup, CarrierTimings, ManualClock, Simulator, SimulatorOptions
from telegent_orchestrator.client import Orchestrator, PortInHandle
from telegent_orchestrator.port_in import PortInDetails, PortInRequest, PortState
from tests.harness import dev_server
from tests.harness.documents import CommandError, documented_commands, run_shell
from tests.harness.payloads import port_in
from tests.harness.port_ins import until
from tests.harness.waiting import TEST_TIMEOUT
from tools.docs.documents import ROOT
from worker.versioning import DEFAULT_DEPLOYMENT_NAME, build_deployment_config

DOCUMENT = ROOT / "docs" / "how-to" / "deployment.md"
TIMINGS = CarrierTimings(acknowledge_after=100, decide_after=200, complete_after=300)


def test_versioning_is_off_without_a_deployment_name() -> None:
    off, on = build_deployment_config("1"), build_deployment_config("1", "harness")
    assert (off.use_worker_versioning, on.use_worker_versioning) == (False, True)
    assert off.version.deployment_name == DEFAULT_DEPLOYMENT_NAME
    assert on.default_versioning_behavior is VersioningBehavior.AUTO_UPGRADE


@pytest.mark.resilience
async def test_open_port_ins_continue_on_the_current_build(tmp_path: Path) -> None:
    clock = ManualClock()
    options = SimulatorOptions(carrier=CarrierSetup(timings=TIMINGS))
    telegent = Simulator(options, clock=clock)
    async with dev_server() as client, telegent.serve() as url:
        address = client.service_client.config.target_host
        shell = {"TEMPORAL_ADDRESS": address, "TELEGENT_DEPLOYMENT_NAME": DEFAULT_DEPLOYMENT_NAME}

        def build(name: str, **versioning: str) -> ChildProcess:
            return worker_process(
                name,
                log=tmp_path / name,
                temporal_address=address,
                vendor=Vendor.simulated(url, telegent.options),
                settings={"TELEGENT_BUILD_ID": name, **versioning},
            )

        async def type_in(name: str, **variables: str) -> str:
            return await run_shell(documented_commands(DOCUMENT, name), **shell, **variables)

        async def make_current(name: str) -> None:
            await once_it_polls("make current", name)

        async def once_it_polls(what: str, name: str) -> None:
            # A worker that is ready may still be about to poll for the first time.
            async with asyncio.timeout(TEST_TIMEOUT):
                while True:
                    with contextlib.suppress(CommandError):
                        await type_in(what, TELEGENT_BUILD_ID=name)
                        return
                    await asyncio.sleep(0.1)

        on = {"TELEGENT_DEPLOYMENT_NAME": DEFAULT_DEPLOYMENT_NAME}
        # Versioning is off, until the first build under a name becomes current.
        async with build("0"), build("1", **on) as first:
            early = await submitted(client, "+18015550142")
            assert await build_of(client, early) == ""
            await make_current("1")
            late = await submitted(client, "+18015550143")
            assert await build_of(client, late) == "1"

            async with build("2", **on):
                await once_it_polls("try", "2")
                await make_current("2")
                shown = await type_in("which build", WORKFLOW_ID=late.id)
                assert re.search(r"CurrentVersionBuildID +2\n", shown)
                assert re.search(r"Behavior +AutoUpgrade", shown)
                await first.stop()
                clock.advance(TIMINGS.complete_after)
                for port in (early, late):
                    assert (await port.result()).state is PortState.COMPLETED
                    assert await build_of(client, port) == "2"


async def submitted(client: Client, number: str) -> PortInHandle:
    """A port-in that waits for the carrier."""
    details = PortInDetails.model_validate(port_in(number))
    port = await Orchestrator(client).start_port_in(PortInRequest(details=details))
    await until(port, PortState.SUBMITTED)
    return port


async def build_of(client: Client, port: PortInHandle) -> str:
    """The build that ran the workflow's last task; empty without versioning."""
    found = await client.get_workflow_handle(port.id).describe()
    versioning = found.raw_description.workflow_execution_info.versioning_info
    return versioning.deployment_version.build_id
