"""What a bulk does to everybody else, and to Temporal's limits.

`python -m bench.bulk overtake [1000] [--one-priority]`: a bulk over a limited rate of requests, and
onboardings that somebody waits for, started one after the other in the middle of it. Writes the
bulk's report.
`python -m bench.bulk histories [10000]`: how long the history of a bulk gets, with parts that only
say that their rows are done.
"""

import argparse
import asyncio
import logging
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from temporalio import workflow
from temporalio.client import Client
from temporalio.service import RPCError

import workflows.support.activity_options as activity_options
from activities import build_local_activities
from simulator import Fault, Simulator, SimulatorOptions
from telegent import RequestBudget, Telegent
from telegent_orchestrator.bulk import (
    BULK_PART_WORKFLOW,
    BulkPartRequest,
    BulkRow,
    BulkStatus,
    Counts,
    RowResult,
    bulk_id,
    bulk_part_id,
)
from telegent_orchestrator.cli.bulk.charts import page
from telegent_orchestrator.cli.bulk.report import rows_csv, seconds
from telegent_orchestrator.client import Orchestrator
from telegent_orchestrator.client.bulk import BulkHandle, Bulks
from telegent_orchestrator.onboarding import OnboardingRequest
from tests.harness import SETTINGS, House, dev_server
from tests.payloads import line, person, single
from tests.workflows.bulk.customers import Customers, customers
from worker.run import workers, workflow_worker
from workflows.bulk.signals import ORDER_SIGNAL, PART_CHANGED_SIGNAL, PartOrder, PartReport
from workflows.bulk.workflow import BulkWorkflow

# As deploy/ sets it: over several partitions nothing has an order.
ONE_PARTITION = ("matching.numTaskqueueReadPartitions=1", "matching.numTaskqueueWritePartitions=1")
PER_MINUTE = 120
WINDOW = 20
TIMES = 5
ROWS_IN_REPORT = 10
OUT = Path(".run")


@workflow.defn(name=BULK_PART_WORKFLOW, sandboxed=False)
class DoneAtOnce:
    """A part whose rows end as soon as they may start, ten to a report."""

    def __init__(self) -> None:
        self._granted = 0

    @workflow.run
    async def run(self, part: BulkPartRequest) -> None:
        """Reports until all rows are done."""
        bulk = workflow.get_external_workflow_handle(bulk_id(part.bulk))
        rows, done = len(part.rows), 0
        while True:
            counts = Counts(waiting=rows - done, done=done)
            report = PartReport(
                part=part.part, rows=rows, counts=counts, started=done, over=done == rows
            )
            await bulk.signal(PART_CHANGED_SIGNAL, report)
            if done == rows:
                return
            # `done` does not change while this waits.
            await workflow.wait_condition(lambda: self._granted > done)  # noqa: B023
            done = min(self._granted, done + ROWS_IN_REPORT)

    @workflow.signal(name=ORDER_SIGNAL)
    def order(self, order: PartOrder) -> None:
        """Takes the grants."""
        self._granted = order.granted


async def overtake(count: int) -> None:
    """Measures, and prints what was found."""
    simulator = Simulator(SimulatorOptions())
    async with dev_server(*ONE_PARTITION) as client, simulator.serve() as url:
        settings = replace(SETTINGS, id_key="bench")
        house = House(client, simulator, Orchestrator(client, id_key="bench"), settings, url)
        options = simulator.options
        budget = RequestBudget(per_minute=PER_MINUTE, burst=50)
        async with (
            Telegent(
                options.account_key, options.account_secret, base_url=url, budget=budget
            ) as api,
            workers(client, api, settings, requests_per_minute=PER_MINUTE),
        ):
            some = await customers(house)
            alone = [await _taken(house, f"alone-{at}") for at in range(TIMES)]
            refused = Fault(
                match="POST /v1.0/subscribers/create",
                kind="error_before",
                status=400,
                nth=5,
                times=3,
            )
            simulator.faults.add(refused)
            began = time.monotonic()
            bulk = await Bulks(client).start("bench", _rows(some, count), by="bench", window=WINDOW)
            beside = []
            for at in range(TIMES):
                await _until_ended(bulk, max(WINDOW, at * count // (TIMES + 1)))
                beside.append(await _taken(house, f"beside-{at}"))
            print(f"an onboarding that somebody waits for, alone: {_spread(alone)}")
            print(f"… beside the bulk: {_spread(beside)}", flush=True)
            if activity_options.BULK is activity_options.INTERACTIVE:
                return
            await _until_ended(bulk, count)
            lasted = time.monotonic() - began
            print(f"{count} rows in {lasted:.0f} s at {PER_MINUTE} requests a minute")
            status, rows = await bulk.status(), [row async for row in bulk.rows()]
            taken = sorted(filter(None, map(seconds, rows)))
            print(f"a row took {taken[len(taken) // 2]:.1f} s at the median; {status.counts}")
            await _histories(client, bulk, status)
        _report(status, rows)


async def histories(count: int) -> None:
    """Measures, and prints what was found."""
    async with dev_server() as client:
        mine = [BulkWorkflow, DoneAtOnce]
        raw = single(lines=[]).model_dump(mode="json")
        rows = [
            BulkRow(
                number=at,
                onboarding=OnboardingRequest.model_validate(raw | {"reference": f"r-{at}"}),
            )
            for at in range(1, count + 1)
        ]
        async with workflow_worker(client, mine, build_local_activities(SETTINGS, client)):
            began = time.monotonic()
            bulk = await Bulks(client).start("bench", rows, by="bench", window=WINDOW)
            print(f"sent after {time.monotonic() - began:.1f} s", flush=True)
            result = await bulk.result()
            print(f"{count} rows in {time.monotonic() - began:.0f} s; {result.counts}")
            await _histories(client, bulk, await bulk.status())


def _report(status: BulkStatus, rows: list[RowResult]) -> None:
    OUT.mkdir(exist_ok=True)
    (OUT / "bulk.csv").write_text(rows_csv(rows), encoding="utf-8")
    (OUT / "bulk.html").write_text(page(status, rows), encoding="utf-8")
    print(f"report: {OUT}/bulk.csv, {OUT}/bulk.html")


async def _taken(house: House, reference: str) -> float:
    """Seconds of a whole onboarding with one new number."""
    began = time.monotonic()
    request = single(reference, subscribers=[person("one", email=f"{reference}@example.com")])
    await (await house.orchestrator.start_onboarding(request)).result()
    return time.monotonic() - began


def _spread(taken: Sequence[float]) -> str:
    ranked = sorted(taken)
    return f"{ranked[len(ranked) // 2]:.1f} s ({ranked[0]:.1f} to {ranked[-1]:.1f})"


def _rows(some: Customers, count: int) -> list[BulkRow]:
    """Every tenth with a new number."""
    return [
        BulkRow(
            number=at,
            onboarding=some.one(f"row-{at}", lines=[] if at % 10 else [line("first", "one")]),
        )
        for at in range(1, count + 1)
    ]


async def _until_ended(bulk: BulkHandle, rows: int) -> None:
    while True:
        # A worker under load may leave a question unanswered.
        with suppress(RPCError):
            if (await bulk.status()).counts.ended >= rows:
                return
        await asyncio.sleep(1)


async def _histories(client: Client, bulk: BulkHandle, status: BulkStatus) -> None:
    runs = [run async for run in client.list_workflows(f"WorkflowId = '{bulk.id}'")]
    longest = await _longest(client, [(run.id, run.run_id) for run in runs])
    print(f"the bulk: {len(runs)} runs, {longest}")
    parts = [(bulk_part_id(bulk.reference, part.part), None) for part in status.parts]
    print(f"its parts: {len(parts)}, {await _longest(client, parts)}")


async def _longest(client: Client, runs: Sequence[tuple[str, str | None]]) -> str:
    infos = [
        (await client.get_workflow_handle(id, run_id=run).describe()).raw_description
        for id, run in runs
    ]
    events = max(info.workflow_execution_info.history_length for info in infos)
    size = max(info.workflow_execution_info.history_size_bytes for info in infos) / 1024
    return f"the longest history has {events} events, the largest {size:.0f} KiB"


async def main() -> None:
    """Measures what was asked for."""
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["overtake", "histories"])
    parser.add_argument("rows", type=int, nargs="?")
    parser.add_argument("--one-priority", action="store_true", help="as if bulks did not give way")
    asked = parser.parse_args()
    logging.getLogger("temporalio").setLevel(logging.ERROR)
    if asked.one_priority:
        activity_options.BULK = activity_options.INTERACTIVE
    if asked.what == "overtake":
        await overtake(asked.rows or 1_000)
    else:
        await histories(asked.rows or 10_000)
    # The SDK's threads may still hold the interpreter lock: leaving at once can abort (SDK #300).
    await asyncio.sleep(0.1)


if __name__ == "__main__":
    asyncio.run(main())
