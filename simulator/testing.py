"""A simulator for tests, in a thread of its own: no event loop of the test is needed."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass

from simulator.control_client import SimulatorControl
from simulator.options import SimulatorOptions
from simulator.simulator import Simulator


@dataclass(frozen=True)
class RunningSimulator:
    """A simulator that serves.

    Attributes:
        url: Base URL for a client of the Telegent API.
        account_key: The account key that gets tokens.
        account_secret: Its secret.
        control: Scripts carriers, injects faults, and reads the ledger.
    """

    url: str
    account_key: str
    account_secret: str
    control: SimulatorControl


@contextmanager
def running_simulator(options: SimulatorOptions | None = None) -> Iterator[RunningSimulator]:
    """Serve a simulator on a free port of this machine while the block runs.

    Args:
        options: How it behaves; by default with the resources of the examples.
    """
    options = options or SimulatorOptions(examples=True)
    url: Future[str] = Future()
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()

    async def serve() -> None:
        try:
            async with Simulator(options).serve() as served:
                url.set_result(served)
                await stop.wait()
        except Exception as error:
            if url.done():
                raise
            url.set_exception(error)

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),), daemon=True)
    thread.start()
    try:
        served = url.result(timeout=30)
        yield RunningSimulator(
            served, options.account_key, options.account_secret, SimulatorControl(served)
        )
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(timeout=30)
        loop.close()
