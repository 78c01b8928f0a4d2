from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from localstack.network_ports import NetworkPorts
from localstack.stack import Stack, running_stack


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    """What `make up` starts, on ports of its own."""
    async with running_stack(tmp_path_factory.mktemp("up"), NetworkPorts.allocate()) as there:
        yield there
