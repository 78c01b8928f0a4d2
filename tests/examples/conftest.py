from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from localstack.supervised_stack import SupervisedStack, supervised_stack
from localstack.tcp_ports import TcpPorts


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[SupervisedStack]:
    """What `make up` starts, on ports of its own."""
    async with supervised_stack(tmp_path_factory.mktemp("up"), TcpPorts.allocate()) as stack:
        yield stack
