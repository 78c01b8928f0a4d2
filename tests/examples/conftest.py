from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from devstack.supervised_stack import SupervisedStack, supervised_stack
from devstack.tcp_ports import TcpPorts
from tests.harness.documents import reset_stack


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[SupervisedStack]:
    """What `make up` starts, on ports of its own, once in this process."""
    async with supervised_stack(tmp_path_factory.mktemp("up"), TcpPorts.allocate()) as stack:
        yield stack


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def running(stack: SupervisedStack) -> SupervisedStack:
    """The same as it is at the beginning."""
    await reset_stack(stack)
    return stack
