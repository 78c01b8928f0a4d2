import asyncio
import fcntl
import os
import pickle

import pytest
import pytest_asyncio

from tests.observability.environment import Observations, observe

RUN = os.environ.get("PYTEST_XDIST_TESTRUNUID", f"alone-{os.getpid()}")


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def observed(tmp_path_factory: pytest.TempPathFactory) -> Observations:
    """What was seen when it was played once, by the first process of pytest that needs it."""
    kept = tmp_path_factory.getbasetemp().parent / f"observed-{RUN}"
    with kept.with_suffix(".lock").open("w") as lock:
        await asyncio.to_thread(fcntl.flock, lock, fcntl.LOCK_EX)
        if not kept.exists():
            seen = await observe(tmp_path_factory.mktemp("seen"))
            kept.write_bytes(pickle.dumps(seen))
    found: Observations = pickle.loads(kept.read_bytes())
    return found
