"""How often a suspended process sends a request too late: `python -m bench.late_writes 1000`.

A process creates accounts without a pause, each with a deadline for sending it. It is suspended
(SIGSTOP) repeatedly for longer than that. Prints how many creates the simulator has executed after
their deadline.
"""

import asyncio
import os
import random
import signal
import sys
from datetime import UTC, datetime, timedelta

from devstack.child_process import python_command
from simulator import Simulator, SimulatorOptions
from telegent import AccountCreate, RateLimiter, Telegent, TelegentError, Timeouts, send_deadline

SEND_WINDOW = timedelta(seconds=0.1)
"""From the start of a create to its deadline."""
SUSPENSION = timedelta(seconds=0.4)
PROCESSING_ALLOWANCE = timedelta(seconds=0.15)
"""Time after the deadline that the simulator may need on a busy machine to execute what was sent
before."""
WARM_UP = 2.0
SENDERS = 4
TIMEOUTS = Timeouts(connect=0.04, read=0.04, write=0.02, pool=0.02, call=0.16)


async def send(url: str) -> None:
    """Create accounts until killed; each is named by its deadline."""
    rate_limiter = RateLimiter(per_minute=6_000_000)
    options = SimulatorOptions()
    key, secret = options.account_key, options.account_secret
    async with Telegent(
        key, secret, base_url=url, rate_limiter=rate_limiter, timeouts=TIMEOUTS
    ) as api:

        async def create_accounts() -> None:
            while True:
                deadline = datetime.now(UTC) + SEND_WINDOW
                try:
                    with send_deadline(deadline):
                        await api.accounts.create(AccountCreate(account_name=deadline.isoformat()))
                except TelegentError:
                    continue

        await asyncio.gather(*(create_accounts() for _ in range(SENDERS)))


async def suspend_repeatedly(suspensions: int) -> None:
    """Suspend the process repeatedly, and print the count."""
    rng = random.Random(1)  # noqa: S311 - spreads the stops, guards nothing
    simulator = Simulator(SimulatorOptions(token_ttl=3600))
    async with simulator.serve() as url:
        sender = await asyncio.create_subprocess_exec(*python_command("bench.late_writes", url))
        await asyncio.sleep(WARM_UP)
        for _ in range(suspensions):
            await asyncio.sleep(rng.uniform(0.02, 0.06))
            os.kill(sender.pid, signal.SIGSTOP)
            await asyncio.sleep(SUSPENSION.total_seconds())
            os.kill(sender.pid, signal.SIGCONT)
        sender.kill()
        await sender.wait()
    created = simulator.ledger.by_kind("account.created")
    late = sum(
        row.time > datetime.fromisoformat(row.data["name"]) + PROCESSING_ALLOWANCE
        for row in created
    )
    print(
        f"{suspensions} suspensions: {late} of {len(created)} creates were executed after their "
        "deadline"
    )


if __name__ == "__main__":
    (argument,) = sys.argv[1:]
    asyncio.run(
        send(argument) if argument.startswith("http") else suspend_repeatedly(int(argument))
    )
