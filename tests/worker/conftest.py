import shutil
import sysconfig
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from temporalio.testing import WorkflowEnvironment

from localstack.network_ports import free_ports
from telegent_orchestrator.encryption import data_converter


def temporal_binary() -> str:
    # An environment that is not activated has its scripts off the PATH.
    here = Path(sysconfig.get_path("scripts")) / "temporal"
    found = str(here) if here.exists() else shutil.which("temporal")
    assert found, "the temporal binary is not installed"
    return found


def free_port() -> int:
    return free_ports(1)[0]


@pytest_asyncio.fixture(scope="session")
async def temporal() -> AsyncIterator[WorkflowEnvironment]:
    """A real server, without our search attributes."""
    async with await WorkflowEnvironment.start_local(
        dev_server_existing_path=temporal_binary(), data_converter=data_converter(())
    ) as env:
        yield env
