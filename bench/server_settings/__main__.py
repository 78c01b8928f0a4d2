"""What settings of the Temporal server change: `python -m bench.server_settings`.

Runs Temporal on PostgreSQL with the dynamic configuration of deploy/, and again with one thing
changed, and prints a Markdown table for each part:

- throughput: onboardings one at a time and many at a time;
- order: the place of the last of ten calls, in a queue in which 200 others wait for one worker;
- searches: how long 200 searches at once take;
- storage: what a retained onboarding takes in the database.
"""

import asyncio
import logging
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from temporalio.client import Client
from temporalio.runtime import LoggingConfig, Runtime, TelemetryConfig, TelemetryFilter

from bench.server_settings.queue_order import last_places
from bench.server_settings.storage import kilobytes_each
from bench.server_settings.variants import ORDER, SEARCHES, THROUGHPUT, Variant
from bench.throughput.rounds import measure_all, throughput_table
from bench.throughput.systems import OnPostgresql
from devstack.program import run
from devstack.tcp_ports import free_ports
from devstack.temporal_on_postgresql import temporal_on_postgresql

SEARCHES_AT_ONCE = 200


class Part(StrEnum):
    """A part of the measurement."""

    THROUGHPUT = "throughput"
    ORDER = "order"
    SEARCHES = "searches"
    STORAGE = "storage"


async def measure_throughput(count: int, rounds: int, directory: Path) -> list[str]:
    """Onboard one at a time, and all at a time. Returns the lines of a table."""
    systems = [OnPostgresql(each.name, each.options(directory)) for each in THROUGHPUT]
    return throughput_table(await measure_all(systems, [1, count], rounds, count))


async def _measure(
    variants: Sequence[Variant], directory: Path, probe: Callable[[Client], Awaitable[str]]
) -> list[str]:
    """Probe each server. Returns the lines of a table."""
    lines = []
    # The client would log each search that the server rejects.
    only_errors = TelemetryFilter(core_level="ERROR", other_level="ERROR")
    runtime = Runtime(telemetry=TelemetryConfig(logging=LoggingConfig(only_errors)))
    for variant in variants:
        options = variant.options(directory)
        async with temporal_on_postgresql(directory, free_ports(1), options) as temporal:
            client = await Client.connect(temporal.addresses[0], runtime=runtime)
            lines.append(f"| {variant.name} | {await probe(client)} |")
    return lines


async def _probe_order(client: Client) -> str:
    priority, fairness = await last_places(client)
    return f"{priority} | {fairness}"


async def _probe_searches(client: Client) -> str:
    began = time.monotonic()
    searches = [client.count_workflows("PortState = 'OPEN'") for _ in range(SEARCHES_AT_ONCE)]
    results = await asyncio.gather(*searches, return_exceptions=True)
    failed = sum(isinstance(result, BaseException) for result in results)
    return f"{time.monotonic() - began:.1f} | {failed}"


def main(
    part: Annotated[list[Part] | None, typer.Option(help="Only this part.")] = None,
    count: Annotated[int, typer.Option(min=1, help="Onboardings in each run.")] = 12,
    rounds: Annotated[int, typer.Option(min=1, help="Runs of each server.")] = 1,
) -> None:
    """Measure the effect of settings of the Temporal server."""
    logging.getLogger("temporalio").setLevel(logging.ERROR)
    parts = part or list(Part)
    with tempfile.TemporaryDirectory(prefix="server-settings-") as folder:
        directory = Path(folder)
        lines: list[str] = []
        if Part.THROUGHPUT in parts:
            lines += run(measure_throughput(count, rounds, directory))
        if Part.ORDER in parts:
            lines += ["", "| server | urgent calls | another customer's calls |", "|---|---|---|"]
            lines += run(_measure(ORDER, directory, _probe_order))
        if Part.SEARCHES in parts:
            lines += ["", "| server | seconds | failed |", "|---|---|---|"]
            lines += run(_measure(SEARCHES, directory, _probe_searches))
        if Part.STORAGE in parts:
            each = run(kilobytes_each(directory / "storage", count))
            lines += ["", f"A retained onboarding of two lines takes {each:.0f} kB."]
    for line in lines:
        typer.echo(line)


if __name__ == "__main__":
    try:
        typer.run(main)
    finally:
        # Threads of the Temporal SDK may still be ending; see demo/__main__.py.
        time.sleep(0.1)
