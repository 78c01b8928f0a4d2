"""How often a stopped process sends what is too late: `python -m bench.late_writes 1000`.

A process creates accounts without a pause, each with a moment from which on it must not be sent.
It is stopped (SIGSTOP) again and again, for longer than that. Prints how many creates the
simulated vendor has carried out too late.
"""

import asyncio
import os
import random
import signal
import sys
from datetime import UTC, datetime, timedelta

from localstack.processes import python
from simulator import Simulator, SimulatorOptions
from telegent import AccountCreate, RequestBudget, Telegent, TelegentError, Timeouts, send_before

PATIENCE = timedelta(seconds=0.1)
"""From the start of a create until it must not be sent any more."""
STOP = timedelta(seconds=0.4)
ON_ITS_WAY = timedelta(seconds=0.15)
"""What was sent in time may still need so long to be carried out, on a busy machine."""
WARM_UP = 2.0
SENDERS = 4
TIMEOUTS = Timeouts(connect=0.04, read=0.04, write=0.02, pool=0.02, call=0.16)


async def send(url: str) -> None:
    """Creates accounts for ever; each is named by its moment, in seconds since 1970."""
    budget = RequestBudget(per_minute=6_000_000, burst=1_000)
    options = SimulatorOptions()
    key, secret = options.account_key, options.account_secret
    async with Telegent(key, secret, base_url=url, budget=budget, timeouts=TIMEOUTS) as api:

        async def one_after_the_other() -> None:
            while True:
                latest = datetime.now(UTC) + PATIENCE
                try:
                    with send_before(latest):
                        await api.accounts.create(AccountCreate(account_name=latest.isoformat()))
                except TelegentError:
                    continue

        await asyncio.gather(*(one_after_the_other() for _ in range(SENDERS)))


async def stop_again_and_again(stops: int) -> None:
    """Prints the count."""
    chance = random.Random(1)  # noqa: S311 - spreads the stops, guards nothing
    simulator = Simulator(SimulatorOptions(token_ttl=3600))
    async with simulator.serve() as url:
        sender = await asyncio.create_subprocess_exec(*python("bench.late_writes", url))
        await asyncio.sleep(WARM_UP)
        for _ in range(stops):
            await asyncio.sleep(chance.uniform(0.02, 0.06))
            os.kill(sender.pid, signal.SIGSTOP)
            await asyncio.sleep(STOP.total_seconds())
            os.kill(sender.pid, signal.SIGCONT)
        sender.kill()
        await sender.wait()
    made = simulator.ledger.of("account.created")
    late = sum(row.time > datetime.fromisoformat(row.data["name"]) + ON_ITS_WAY for row in made)
    print(f"{stops} stops: {late} of {len(made)} creates were carried out too late")


if __name__ == "__main__":
    (given,) = sys.argv[1:]
    asyncio.run(send(given) if given.startswith("http") else stop_again_and_again(int(given)))
