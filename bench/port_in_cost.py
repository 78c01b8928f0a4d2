"""Cost of an open port-in by days: `python -m bench.port_in_cost`.

Runs port-ins of 5 and 30 days on a Temporal server with time skipping, with and without order
updates, and prints a Markdown table of history events, Temporal Actions and vendor calls.
"""

import asyncio
import logging
from dataclasses import dataclass, replace
from datetime import timedelta

from temporalio.client import Client

from activities import ActivitySettings
from activities.port_in.policy import PortInPolicy
from bench.temporal_cost import Cost, cost_of
from simulator import CarrierSetup, CarrierTimings, ManualClock, Simulator, SimulatorOptions
from telegent_orchestrator.client import Orchestrator
from telegent_orchestrator.port_in import PortInDetails, PortInRequest
from tests.harness import Harness, dev_server
from tests.harness.payloads import port_in
from tests.harness.time_skipping import DAY, ClockSync, time_skipper

NUMBER = "+18015550142"


@dataclass(frozen=True)
class PortInCost:
    """What one port-in has cost.

    Attributes:
        temporal: Events and Actions.
        polls: Requests that read its order.
        calls: All requests to the vendor, without those for tokens.
    """

    temporal: Cost
    polls: int
    calls: int


async def measure(temporal: Client, days: int, *, hints: bool) -> PortInCost:
    """Run one port-in that takes so many days, with or without order updates."""
    clock_sync = ClockSync(ManualClock())
    timings = CarrierTimings(
        acknowledge_after=DAY, decide_after=(days - 1) * DAY, complete_after=days * DAY
    )
    options = SimulatorOptions(carrier=CarrierSetup(timings=timings), token_ttl=90 * DAY)
    simulator = Simulator(options, clock=clock_sync.clock)
    policy = PortInPolicy(max_duration=timedelta(days=60))
    settings = replace(ActivitySettings(), port_in_policy=policy)
    skipping = await time_skipper(temporal, clock_sync)
    async with simulator.serve() as url:
        orchestrator = Orchestrator(skipping.client)
        harness = Harness(skipping.client, simulator, orchestrator, settings, url)
        handle = orchestrator.port_in(NUMBER)
        rows_seen = 0

        async def hint() -> None:
            nonlocal rows_seen
            previously_seen, rows_seen = rows_seen, len(simulator.ledger.rows)
            if previously_seen < rows_seen:
                await handle.poll_now()

        if hints:
            clock_sync.operator_action = hint
        async with harness.running_workers():
            details = PortInDetails.model_validate(port_in(NUMBER))
            await orchestrator.start_port_in(PortInRequest(details=details))
            await handle.result()
            workflow = skipping.client.get_workflow_handle(handle.id)
            history = await workflow.fetch_history()
    polls = sum(entry.path == "/v1.0/numbers/order" for entry in simulator.requests)
    return PortInCost(cost_of(history.events), polls, simulator.api_calls)


async def main() -> None:
    """Print the table."""
    logging.getLogger("temporalio").setLevel(logging.ERROR)
    print(
        "| port-in | hints | history events | Actions | order polls | all calls, tokens excluded |"
    )
    print("|---|---|---|---|---|---|")
    async with dev_server() as temporal:
        for days in (5, 30):
            for hints in (False, True):
                found = await measure(temporal, days, hints=hints)
                row = (found.temporal.events, found.temporal.actions, found.polls, found.calls)
                cells = " | ".join(map(str, row))
                print(f"| {days} days | {'yes' if hints else 'no'} | {cells} |", flush=True)
    # The SDK's threads may still hold the interpreter lock: leaving at once can abort (SDK #300).
    await asyncio.sleep(0.1)


if __name__ == "__main__":
    asyncio.run(main())
