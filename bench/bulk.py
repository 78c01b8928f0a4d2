"""How a bulk affects other onboardings, and how close it comes to Temporal's limits.

`python -m bench.bulk priority [1000] [--one-priority]`: runs a bulk at a limited request rate, and
starts interactive onboardings one after the other meanwhile. Writes the bulk's report.
`python -m bench.bulk histories [10000]`: measures the history of a bulk whose batches do nothing
but report their rows as done.
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

from activities import build_orchestrator_activities
from simulator import Fault, Simulator, SimulatorOptions
from telegent import RateLimiter, Telegent
from telegent_orchestrator.bulk import (
    BULK_BATCH_WORKFLOW,
    BulkBatchRequest,
    BulkRow,
    BulkStatus,
    Counts,
    RowResult,
    bulk_batch_id,
    bulk_id,
)
from telegent_orchestrator.cli.bulk.html_report import render_page, row_seconds
from telegent_orchestrator.cli.bulk.report import rows_csv
from telegent_orchestrator.client import Orchestrator
from telegent_orchestrator.client.bulk import BulkClient, BulkHandle
from telegent_orchestrator.onboarding import OnboardingRequest
from tests.harness import SETTINGS, Harness, dev_server
from tests.harness.bulk_customers import Customers, create_customers
from tests.harness.payloads import line, new_subscriber, single
from worker.run import workers, workflow_worker
from workflows.bulk.signals import (
    BATCH_COMMAND_SIGNAL,
    BATCH_REPORT_SIGNAL,
    BatchCommand,
    BatchReport,
)
from workflows.bulk.workflow import BulkWorkflow
from workflows.support import activity_calls

# As in deploy/: priorities have no effect across several partitions.
ONE_PARTITION = ("matching.numTaskqueueReadPartitions=1", "matching.numTaskqueueWritePartitions=1")
REQUESTS_PER_MINUTE = 120
WINDOW = 20
REPEATS = 5
ROWS_PER_REPORT = 10
OUTPUT_DIRECTORY = Path(".run")


@workflow.defn(name=BULK_BATCH_WORKFLOW, sandboxed=False)
class ImmediateBatch:
    """A batch whose rows end as soon as they may start, ten per report."""

    def __init__(self) -> None:
        self._capacity = 0

    @workflow.run
    async def run(self, batch: BulkBatchRequest) -> None:
        """Report until all rows are done."""
        bulk = workflow.get_external_workflow_handle(bulk_id(batch.bulk))
        rows, done = len(batch.rows), 0
        while True:
            counts = Counts(waiting=rows - done, done=done)
            report = BatchReport(
                batch=batch.batch, rows=rows, counts=counts, started=done, ended=done == rows
            )
            await bulk.signal(BATCH_REPORT_SIGNAL, report)
            if done == rows:
                return
            # `done` does not change while this waits.
            await workflow.wait_condition(lambda: self._capacity > done)  # noqa: B023
            done = min(self._capacity, done + ROWS_PER_REPORT)

    @workflow.signal(name=BATCH_COMMAND_SIGNAL)
    def apply_command(self, command: BatchCommand) -> None:
        """Raise the number of rows that may start."""
        self._capacity = command.granted


async def measure_priority(count: int) -> None:
    """Measure how long onboardings take during a bulk, and print it."""
    simulator = Simulator(SimulatorOptions())
    async with dev_server(*ONE_PARTITION) as client, simulator.serve() as url:
        settings = replace(SETTINGS, id_key="bench")
        harness = Harness(client, simulator, Orchestrator(client, id_key="bench"), settings, url)
        options = simulator.options
        rate_limiter = RateLimiter(REQUESTS_PER_MINUTE)
        async with (
            Telegent(
                options.account_key, options.account_secret, base_url=url, rate_limiter=rate_limiter
            ) as api,
            workers(client, api, settings),
        ):
            existing = await create_customers(harness)
            baseline = [await _time_onboarding(harness, f"baseline-{at}") for at in range(REPEATS)]
            rejection = Fault(
                match="POST /v1.0/subscribers/create",
                kind="error_before",
                status=400,
                nth=5,
                times=3,
            )
            simulator.faults.add(rejection)
            started = time.monotonic()
            bulk = await BulkClient(client).start(
                "bench", _rows(existing, count), by="bench", window=WINDOW
            )
            during_bulk = []
            for at in range(REPEATS):
                await _wait_until_ended(bulk, max(WINDOW, at * count // (REPEATS + 1)))
                during_bulk.append(await _time_onboarding(harness, f"during-{at}"))
            print(f"an interactive onboarding, alone: {_format_spread(baseline)}")
            print(
                f"an interactive onboarding, during the bulk: {_format_spread(during_bulk)}",
                flush=True,
            )
            if activity_calls.BULK_PRIORITY is activity_calls.INTERACTIVE_PRIORITY:
                return
            await _wait_until_ended(bulk, count)
            elapsed = time.monotonic() - started
            print(f"{count} rows in {elapsed:.0f} s at {REQUESTS_PER_MINUTE} requests a minute")
            status, rows = await bulk.status(), [row async for row in bulk.rows()]
            durations = sorted(filter(None, map(row_seconds, rows)))
            print(
                f"a row took {durations[len(durations) // 2]:.1f} s at the median; {status.counts}"
            )
            await _histories(client, bulk, status)
        _report(status, rows)


async def measure_histories(count: int) -> None:
    """Measure the histories of a bulk, and print them."""
    async with dev_server() as client:
        workflow_types = [BulkWorkflow, ImmediateBatch]
        raw = single(lines=[]).model_dump(mode="json")
        rows = [
            BulkRow(
                number=at,
                onboarding=OnboardingRequest.model_validate(raw | {"reference": f"r-{at}"}),
            )
            for at in range(1, count + 1)
        ]
        async with workflow_worker(
            client, workflow_types, build_orchestrator_activities(SETTINGS, client)
        ):
            started = time.monotonic()
            bulk = await BulkClient(client).start("bench", rows, by="bench", window=WINDOW)
            print(f"started after {time.monotonic() - started:.1f} s", flush=True)
            result = await bulk.result()
            print(f"{count} rows in {time.monotonic() - started:.0f} s; {result.counts}")
            await _histories(client, bulk, await bulk.status())


def _report(status: BulkStatus, rows: list[RowResult]) -> None:
    OUTPUT_DIRECTORY.mkdir(exist_ok=True)
    (OUTPUT_DIRECTORY / "bulk.csv").write_text(rows_csv(rows), encoding="utf-8")
    (OUTPUT_DIRECTORY / "bulk.html").write_text(render_page(status, rows), encoding="utf-8")
    print(f"report: {OUTPUT_DIRECTORY}/bulk.csv, {OUTPUT_DIRECTORY}/bulk.html")


async def _time_onboarding(harness: Harness, reference: str) -> float:
    """Seconds of a whole onboarding with one new number."""
    started = time.monotonic()
    request = single(
        reference, subscribers=[new_subscriber("one", email=f"{reference}@example.com")]
    )
    await (await harness.orchestrator.start_onboarding(request)).result()
    return time.monotonic() - started


def _format_spread(durations: Sequence[float]) -> str:
    ranked = sorted(durations)
    return f"{ranked[len(ranked) // 2]:.1f} s ({ranked[0]:.1f} to {ranked[-1]:.1f})"


def _rows(existing: Customers, count: int) -> list[BulkRow]:
    """Rows for an existing customer; every tenth has a new number."""
    return [
        BulkRow(
            number=at,
            onboarding=existing.request(
                f"row-{at}", lines=[] if at % 10 else [line("first", "one")]
            ),
        )
        for at in range(1, count + 1)
    ]


async def _wait_until_ended(bulk: BulkHandle, rows: int) -> None:
    while True:
        # A worker under load may not answer a query in time.
        with suppress(RPCError):
            if (await bulk.status()).counts.ended >= rows:
                return
        await asyncio.sleep(1)


async def _histories(client: Client, bulk: BulkHandle, status: BulkStatus) -> None:
    runs = [run async for run in client.list_workflows(f"WorkflowId = '{bulk.id}'")]
    max_history = await _max_history(client, [(run.id, run.run_id) for run in runs])
    print(f"the bulk: {len(runs)} runs, {max_history}")
    batches = [(bulk_batch_id(bulk.reference, batch.batch), None) for batch in status.batches]
    print(f"its batches: {len(batches)}, {await _max_history(client, batches)}")


async def _max_history(client: Client, runs: Sequence[tuple[str, str | None]]) -> str:
    infos = [
        (await client.get_workflow_handle(id, run_id=run).describe()).raw_description
        for id, run in runs
    ]
    events = max(info.workflow_execution_info.history_length for info in infos)
    size = max(info.workflow_execution_info.history_size_bytes for info in infos) / 1024
    return f"the longest history has {events} events, the largest {size:.0f} KiB"


async def main() -> None:
    """Run the benchmark that the command line names."""
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["priority", "histories"])
    parser.add_argument("rows", type=int, nargs="?")
    parser.add_argument(
        "--one-priority", action="store_true", help="give bulks the priority of interactive work"
    )
    arguments = parser.parse_args()
    logging.getLogger("temporalio").setLevel(logging.ERROR)
    if arguments.one_priority:
        activity_calls.BULK_PRIORITY = activity_calls.INTERACTIVE_PRIORITY
    if arguments.what == "priority":
        await measure_priority(arguments.rows or 1_000)
    else:
        await measure_histories(arguments.rows or 10_000)
    # The SDK's threads may still hold the interpreter lock: leaving at once can abort (SDK #300).
    await asyncio.sleep(0.1)


if __name__ == "__main__":
    asyncio.run(main())
