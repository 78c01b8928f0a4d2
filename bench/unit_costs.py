"""What a customer, a new line, a port-in and a poll cost: `python -m bench.unit_costs [30]`.

Onboards customers of different sizes with one worker, on a Temporal server with a database file,
and writes the differences to the file that `tgo capacity` reads. Payloads are encrypted. Needs
Linux.

Each customer has a new account, two routes, and an existing package; each line a new subscriber, an
E911 address and data limits. The losing carrier accepts each port-in after three status changes.
"""

import asyncio
import base64
import logging
import secrets
import sqlite3
import sys
import tempfile
from collections.abc import Sequence
from contextlib import closing
from dataclasses import astuple, dataclass, replace
from pathlib import Path

from bench.temporal_cost import Cost, cost_of_all
from bench.throughput.measuring import cpu_seconds
from devstack.child_process import ChildProcess
from devstack.stack import DevStack
from simulator import Simulator, SimulatorOptions
from telegent_orchestrator.cli.capacity import UNIT_COSTS_FILE, UnitCost, UnitCosts
from telegent_orchestrator.onboarding import OnboardingRequest
from tests.harness.payloads import line, new_subscriber, port_in, single

COMMAND = "python -m bench.unit_costs"
ORDER_PATH = "/v1.0/numbers/order"
IN_FLIGHT = 10
WARM_UP = 5
SLOW_POLLS, FAST_POLLS = "0.5", "0.1"
UNLIMITED = "60000"
ADDRESS = port_in()["billing_address"]


@dataclass(frozen=True)
class Totals:
    """What has been used so far. CPU in milliseconds, database in KiB."""

    requests: float
    polls: float
    events: float
    actions: float
    cpu: float
    database: float

    def per(self, before: "Totals", count: int) -> "Totals":
        """What each of `count` onboardings has used since `before`."""
        differences = zip(astuple(self), astuple(before), strict=True)
        return Totals(*((now - then) / count for now, then in differences))


class Bench:
    """A stack with one worker, and the counts of everything that it uses."""

    def __init__(self, stack: DevStack, simulator: Simulator) -> None:
        self._stack, self._simulator = stack, simulator
        self._numbers = 0
        self._package = ""
        self.worker: ChildProcess | None = None

    async def restart_worker(self, poll_seconds: str) -> None:
        """Start a worker that polls orders at this interval, in place of the one that runs."""
        if self.worker:
            await self.worker.stop()
        self.worker = await self._stack.start_worker(
            settings={
                "TELEGENT_REQUESTS_PER_MINUTE": UNLIMITED,
                "TELEGENT_PORT_POLL_SHARE": "1",
                "TELEGENT_PORT_POLL_FIXED_SECONDS": poll_seconds,
            }
        )
        await self.onboard(f"warm-up-{poll_seconds}", 1, 1, WARM_UP)

    async def measure(self, name: str, new: int, ported: int, count: int) -> Totals:
        """What each of `count` customers with so many lines costs."""
        before = await self._totals()
        await self.onboard(name, new, ported, count)
        return (await self._totals()).per(before, count)

    async def onboard(self, name: str, new: int, ported: int, count: int) -> None:
        """Onboard customers, some of them at a time."""
        slots = asyncio.Semaphore(IN_FLIGHT)

        async def onboard(reference: str) -> None:
            async with slots:
                request = self._request(reference, new, ported)
                handle = await self._stack.orchestrator.start_onboarding(request)
                result = await handle.result()
                self._package = result.package_ids["plan"]

        if not self._package:
            await onboard(f"{name}-package")
        async with asyncio.TaskGroup() as group:
            for at in range(count):
                group.create_task(onboard(f"{name}-{at}"))

    def _request(self, reference: str, new: int, ported: int) -> OnboardingRequest:
        numbers: list[object] = [{"kind": "new", "area_code": "801"}] * new
        for _ in range(ported):
            self._numbers += 1
            numbers.append({"kind": "port_in", **port_in(f"+1435{2_000_000 + self._numbers}")})
        keys = [f"s{at}" for at in range(new + ported)]
        lines = [
            line(
                f"line-{key}",
                key,
                number=number,
                e911_address=ADDRESS,
                data_limits={"notify_mb": 800, "limit_mb": 1000},
            )
            for key, number in zip(keys, numbers, strict=True)
        ]
        subscribers = [new_subscriber(key, email=f"{key}.{reference}@example.com") for key in keys]
        shared = {
            "products": [],
            "packages": [{"key": "plan", "package_id": self._package}],
        }
        return single(
            reference, subscribers=subscribers, lines=lines, **(shared if self._package else {})
        )

    async def _totals(self) -> Totals:
        assert self.worker is not None
        cost: Cost = await cost_of_all(self._stack.client)
        requests = [each.path for each in self._simulator.requests if not each.is_token]
        return Totals(
            requests=len(requests),
            polls=requests.count(ORDER_PATH),
            events=cost.events,
            actions=cost.actions,
            cpu=1000 * cpu_seconds([self.worker]),
            database=database_kibibytes(self._stack.directory / "temporal.db"),
        )


def database_kibibytes(path: Path) -> float:
    """The used pages of an SQLite database, those in its write-ahead log included."""
    with closing(sqlite3.connect(path, timeout=30)) as database:
        names = ("page_count", "freelist_count", "page_size")
        count, free, size = (database.execute(f"PRAGMA {name}").fetchone()[0] for name in names)
    return float((count - free) * size / 1024)


def unit_costs(one: Totals, three: Totals, ported: Totals, polled: Totals) -> UnitCosts:
    """The cost of each unit.

    Args:
        one: Each customer with one new line.
        three: Each customer with three.
        ported: Each customer with one new line and two port-ins.
        polled: The same with more polls.
    """
    new_line, port_in_line = three.per(one, 2), ported.per(one, 2)
    poll_cpu = max(0.0, (polled.cpu - ported.cpu) / (polled.polls - ported.polls))
    polls = port_in_line.polls
    return UnitCosts(
        customer=_unit_cost(one.per(new_line, 1)),
        new_line=_unit_cost(new_line),
        port_in=_unit_cost(
            replace(
                port_in_line,
                actions=port_in_line.actions - polls,
                cpu=port_in_line.cpu - polls * poll_cpu,
            )
        ),
        poll=UnitCost(actions=1, events=0, database_kib=0, worker_cpu_ms=round(poll_cpu, 1)),
        measured_by=COMMAND,
    )


def _unit_cost(totals: Totals) -> UnitCost:
    return UnitCost(
        actions=round(totals.actions, 1),
        events=round(totals.events, 1),
        database_kib=round(totals.database, 1),
        worker_cpu_ms=round(totals.cpu, 1),
    )


async def measure_all(count: int) -> UnitCosts:
    """Measure with `count` customers of each size."""
    keys = f"bench:{base64.b64encode(secrets.token_bytes(32)).decode()}"
    simulator = Simulator(SimulatorOptions())
    with tempfile.TemporaryDirectory() as folder:
        async with DevStack(Path(folder), payload_keys=keys, id_key="bench", kill=True) as stack:
            await stack.serve_simulator(simulator)
            await stack.start_temporal("--headless")
            bench = Bench(stack, simulator)
            await bench.restart_worker(SLOW_POLLS)
            one = await bench.measure("one", 1, 0, count)
            three = await bench.measure("three", 3, 0, count)
            ported = await bench.measure("ported", 1, 2, count)
            await bench.restart_worker(FAST_POLLS)
            polled = await bench.measure("polled", 1, 2, count)
    return unit_costs(one, three, ported, polled)


async def main(arguments: Sequence[str]) -> None:
    """Measure, and write the file."""
    logging.getLogger("temporalio").setLevel(logging.ERROR)
    costs = await measure_all(int(arguments[0]) if arguments else 30)
    text = costs.model_dump_json(indent=2)
    UNIT_COSTS_FILE.write_text(f"{text}\n", encoding="utf-8")
    print(text)
    # The SDK's threads may still hold the interpreter lock: leaving at once can abort (SDK #300).
    await asyncio.sleep(0.1)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
