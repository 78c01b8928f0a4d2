import pytest
import pytest_asyncio

from tests.observability.environment import Observations, observe


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def observed(tmp_path_factory: pytest.TempPathFactory) -> Observations:
    return await observe(tmp_path_factory.mktemp("seen"))
