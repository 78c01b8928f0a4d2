from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from localstack.network_ports import Ports
from localstack.stack import Stack, stack


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    """What `make up` starts, on ports of its own."""
    async with stack(tmp_path_factory.mktemp("up"), Ports.free()) as there:
        yield there
