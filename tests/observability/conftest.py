import pytest
import pytest_asyncio

from tests.observability.environment import Seen, play


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def seen(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    return await play(tmp_path_factory.mktemp("seen"))
